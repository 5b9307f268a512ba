/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shim's inside: what its few files offer each other. Everything here
 * runs in ring 0, with interrupts off and never nested, except that a touch of
 * ring-3 memory may fault once (space_fault). With several CPUs, page.c,
 * space.c, range.c and fault.c run under one lock (percpu.h); memory of ring 3
 * is not touched under it.
 */
#ifndef EINKORN_VM_SHIM_H
#define EINKORN_VM_SHIM_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/monitor.h"
#include "abi/platform.h"
#include "kernel/platform/vm/hcall.h"

#pragma GCC visibility push(hidden)

#define PAGE_SIZE UINT64_C(4096)
#define DIRECT_MAP                                                             \
    UINT64_C(0xffff800000000000) /* all memory, not executable                 \
                                  */

enum { ENOENT = 2, ENOMEM = 12, EACCES = 13, EINVAL = 22, ENOSYS = 38 };

typedef uint64_t phys_t;

static inline void *phys_to_virt(phys_t phys)
{
    return (void *)(DIRECT_MAP + phys);
}

/* Of an address that phys_to_virt() gave. */
static inline phys_t virt_to_phys(const void *virt)
{
    return (phys_t)virt - DIRECT_MAP;
}

/* MONITOR_NATIVE_RING3 (native.c); set before all else. */
extern bool native_ring3_flag;

static inline bool native_ring3(void)
{
    return native_ring3_flag;
}

/* ---- page.c: physical memory ------------------------------------------ */

/* Gives [base, base + len) to the allocator, whole pages of it. */
void page_add_range(phys_t base, uint64_t len_bytes);
/* A page with any content; 0: none left. */
phys_t page_alloc(void);
phys_t page_alloc_zeroed(void);
/* nr pages in a row, zeroed, as long as there is plenty; 0: not now. */
phys_t page_alloc_row(uint32_t nr);
/* Contiguous, with any content or zeroed; never given back. */
phys_t page_alloc_span(uint64_t nr_pages);
phys_t page_alloc_contiguous(uint64_t nr_pages);
/* With several CPUs it is given out again after page_release_held() only, when
 * none of them remembers it. */
void page_free(phys_t page);
void page_release_held(void);
void page_zero(phys_t page);
/* Pages in a row. */
void page_copy(phys_t to, phys_t from, uint32_t nr_pages);
/* Words of a page in the direct map, each `step` more than the one before. */
void page_series_long(uint64_t *words, uint32_t nr, uint64_t first,
                      uint64_t step);
static inline void page_series(uint64_t *words, uint32_t nr, uint64_t first,
                               uint64_t step)
{
    enum { FEW = 24 };

    if (nr > FEW && native_ring3()) {
        page_series_long(words, nr, first, step);
        return;
    }
    for (; nr; nr--, first += step)
        *words++ = first;
}
uint64_t page_nr_free(void);
/* Behind the last page that was ever given to the allocator. */
phys_t page_top(void);

/* ---- space.c, range.c, fault.c: the address space
 * ------------------------------ */

/* prepared: the own monitor has made tables (abi/monitor.h). */
void space_init(phys_t bundle, uint64_t bundle_bytes, bool prepared);
/* Ranges are page-aligned and valid; -ENOMEM when tables find no memory. */
int64_t space_set(uint64_t addr, uint64_t len_bytes, uint64_t origin);
int64_t space_protect(uint64_t addr, uint64_t len_bytes, uint32_t prot);
void space_discard(uint64_t addr, uint64_t len_bytes);
/* new_len is at least old_len; the ranges do not overlap, or start alike. */
int64_t space_move(uint64_t old, uint64_t old_len, uint64_t new_addr,
                   uint64_t new_len);
void space_punch(uint64_t offset, uint64_t len_bytes);
/* Pages at a physical address, for good. */
int64_t space_map_fixed(uint64_t addr, phys_t phys, uint64_t len_bytes,
                        uint32_t prot);
/* The same for a device's page. */
int64_t space_map_device(uint64_t addr, phys_t phys);
/* A page fault at addr: true if it is dealt with. error: as the processor's.
 * Ends the instance when memory has run out. */
bool space_fault(uint64_t addr, uint32_t error);

/* ---- cpu.c: descriptor tables, control registers ---------------------- */

void cpu_init(void);
struct shim_cpu;
/* The same for a further processor, on itself; what is shared is made. */
void cpu_init_further(struct shim_cpu *cpu);
/* Page faults come to `entry` from now on. */
void cpu_set_page_fault(const char *entry);

/* ---- irq.c: interrupt controllers, timer ------------------------------ */

enum {
    VECTOR_TIMER = 32,
    VECTOR_LINE0 = MONITOR_LINE0_VECTOR, /* line n: VECTOR_LINE0 + n */
    NR_LINES = 24,
    VECTOR_KICK = 60,
    VECTOR_FLUSH = 61,
    VECTOR_SPURIOUS = 63,
    NR_VECTORS = 64,
};

void irq_init(void);
/* A further CPU's own: its local APIC. */
void irq_init_further(void);
/* To the local APIC with that number: VECTOR_KICK or VECTOR_FLUSH; INIT and,
 * to begin at that page, SIPI. */
void irq_send(uint32_t apic, uint32_t vector);
void irq_send_init(uint32_t apic);
void irq_send_sipi(uint32_t apic, phys_t page);
/* Enables a line. ack: device register that takes `value` each time; or 0. */
void irq_route(uint32_t line, phys_t ack, uint32_t value);
/* The same for a line whose kind the firmware knows. */
void irq_route_as(uint32_t line, bool level, bool active_low);
void irq_ack(uint32_t vector);
/* Processor time stamps for so many ns; once the clock is known. */
uint64_t irq_tsc_of(uint64_t ns);
/* The processor's clock is known: measure the timer by it. */
void timer_calibrate(uint64_t tsc_hz);
/* Next timer interrupt; ns 0: none. */
void timer_set(uint64_t ns, bool periodic);

/* ---- acpi.c, acpi_cpus.c ---------------------------------------------- */

/* rsdp: the root pointer, 0: there is no ACPI. Needs the loader's memory as it
 * was, and interrupts set up. */
void acpi_init(phys_t rsdp);
/* Was it the power button's interrupt? Before it is acknowledged. */
bool acpi_interrupt(uint32_t vector);
/* Returns where that is not possible. */
void acpi_power_off(void);
/* How many processors it names, 0: it says nothing; and the APIC of the nth,
 * n itself where it says nothing. The one that we run on is the first. */
uint32_t acpi_nr_cpus(void);
uint32_t acpi_apic_of(uint32_t n);

/* ---- kvmclock.c ------------------------------------------------------- */

/* Until sealed. -ENOSYS: no such hypervisor. */
int64_t kvmclock_start(void);

/* ---- pci.c ------------------------------------------------------------ */

/* address: bus << 16 | device << 11 | function << 8 | register */
uint32_t pci_read(uint32_t address);
void pci_write(uint32_t address, uint32_t value);

/* ---- upcall.c --------------------------------------------------------- */

int64_t vcpu_set(uint64_t addr);
void vcpu_set_kernel(uint64_t base, uint64_t len_bytes);
/* Make `reasons` pending, and deliver if the frame's context allows it. */
void upcall_event(struct abi_frame *frame, uint8_t reasons);
/* Deliver now; for a frame from ring 3. */
void upcall_deliver(struct abi_frame *frame, enum abi_upcall kind);
void upcall_stop(uint32_t signal);
int64_t vcpu_wait(uint64_t ns);
int64_t vcpu_tick(uint64_t period_ns);
void vcpu_timer(struct abi_frame *frame);
/* Another CPU has made something pending here. */
void vcpu_kicked(struct abi_frame *frame);
bool in_kernel_memory(uint64_t addr, uint64_t len_bytes);

/* ---- hcall.c ---------------------------------------------------------- */

/* Call `nr` (enum vm_hcall) with its arguments. */
int64_t hcall(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t nr);
/* Is executable memory that can be written, or could once, refused? */
bool sealed_exec(void);

/* ---- control.c: the tool's line, the end ------------------------------ */

void control_init(void);
void control_interrupt(void);
/* The console is ready for input. */
void control_say_up(void);
_Noreturn void machine_exit(uint32_t status);
/* One line on the error stream, then exit status 125. */
_Noreturn void panic(const char *what, uint64_t a, uint64_t b);
_Noreturn void out_of_memory(void);

/* ---- main.c, boot.S, entry.S ------------------------------------------ */

/* Tells the ring-3 part that standard input has ended. */
void input_end(void);

/* The own monitor's page; NULL under any other. */
extern volatile struct monitor_page *monitor;

/* ---- native.c: ring 3 on the real processor, ring 0 emulated ----------- */

/* Puts right what such a hypervisor leaves different in a frame. True: it is
 * a `syscall`. */
bool native_fixup(struct abi_frame *frame);

/* loader: enum loader. */
void ring0_main(uint32_t start_info, uint32_t monitor_page, uint32_t loader);
void trap(struct abi_frame *frame);
/* `syscall` that is not the gate's. */
void syscall_trap(struct abi_frame *frame);
_Noreturn void ring3_enter(uint64_t rip, uint64_t rsp, uint64_t arg);

enum { SYSCALL_ENTRY_BYTES = 64 };
extern const char trap_stubs[], syscall_entry[], syscall_entries[];
extern const char page_fault_several[];

struct ring3_layout {
    uint64_t entry, landing, cpu_entry;
};
extern const struct ring3_layout ring3_layout;
extern const struct monitor_map boot_maps[];

struct shim_layout {
    uint64_t begin, rodata, data, end, phys_end;
};
extern const struct shim_layout shim_layout;

#pragma GCC visibility pop

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ring 0 from the first C instruction to the jump into ring 3, and the two
 * functions that every later entry reaches: trap() and syscall_trap().
 */
#include "kernel/platform/vm/ring0/asm.h"
#include "kernel/platform/vm/ring0/loader.h"
#include "kernel/platform/vm/ring0/percpu.h"
#include "kernel/platform/vm/ring0/space.h"
#include "lib/string.h"

#define LOW_MEMORY UINT64_C(0x100000)     /* firmware's; left alone */
#define BOOT_MAPPED UINT64_C(0x100000000) /* by boot.S */

enum {
    VEC_PAGE_FAULT = 14,
    COM2_VECTOR = VECTOR_LINE0 + 3,
    VEC_NMI = 2,
    VEC_GP = 13
};

/* ---- entries ---------------------------------------------------------- */

static void exception(struct abi_frame *frame)
{
    if (frame->vector == VEC_PAGE_FAULT) /* not space_fault()'s to mend */
        frame->addr = read_cr2();
    if (frame->cs != VM_CS)
        panic("exception in ring 0: rip, address", frame->rip, frame->addr);
    upcall_deliver(frame, ABI_UPCALL_EXCEPTION);
}

static void interrupt(struct abi_frame *frame)
{
    bool acpi = acpi_interrupt(frame->vector);

    if (smp_several)
        smp_awake(this_shim_cpu());
    irq_ack(frame->vector);
    if (frame->vector == VECTOR_TIMER) {
        vcpu_timer(frame);
        return;
    }
    if (frame->vector == VECTOR_KICK || frame->vector == VECTOR_FLUSH) {
        vcpu_kicked(frame);
        return;
    }
    if (frame->vector == COM2_VECTOR)
        control_interrupt();
    upcall_event(frame, acpi ? 0 : ABI_PENDING_DEVICE);
}

/* QEMU 7.2 reports `int n` without a gate as descriptor offset n * 16, where
 * the processor has n * 8 + 2: seen by an index that no gate has. */
static uint32_t gp_error(uint32_t error)
{
    enum { IDT = 2, INDEX_MAX = 255 };

    return error & IDT && error >> 3 > INDEX_MAX ? (error & ~7u) / 2 | IDT
                                                 : error;
}

/* The stub left the error code in `kind`, and the vector above it. */
void trap(struct abi_frame *frame)
{
    frame->error = (uint32_t)frame->kind;
    if (native_ring3() && native_fixup(frame)) {
        syscall_trap(frame);
        return;
    }
    if (frame->vector == VEC_GP)
        frame->error = gp_error(frame->error);
    if (frame->vector < VECTOR_TIMER && frame->vector != VEC_NMI)
        exception(frame);
    else if (frame->vector < VECTOR_SPURIOUS && frame->vector != VEC_NMI)
        interrupt(frame);
}

void syscall_trap(struct abi_frame *frame)
{
    upcall_deliver(frame, ABI_UPCALL_SYSCALL);
}

/* ---- boot ------------------------------------------------------------- */

static phys_t bundle;
volatile struct monitor_page *monitor;
/* Known to boot.S. */
struct vm_handover handover_page __attribute__((aligned(4096)));
static struct vm_handover *const handover = &handover_page;

void input_end(void)
{
    handover->input_ended = 1;
}

/* Gives [base, end) away except for what already has an owner. */
static void add_memory(phys_t base, phys_t end)
{
    struct {
        phys_t base, end;
    } taken[] = {
        {0, LOW_MEMORY},
        {shim_layout.begin - UINT64_C(0xffffffff80000000),
         shim_layout.phys_end},
        {bundle, bundle + handover->bundle_bytes},
    };

    for (uint32_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
        if (taken[i].end <= base || taken[i].base >= end)
            continue;
        if (taken[i].base > base)
            add_memory(base, taken[i].base);
        base = taken[i].end;
        if (base >= end)
            return;
    }
    page_add_range(base, end - base);
}

/* Extends the direct map beyond what boot.S mapped, GiB by GiB. */
static void map_high(phys_t base, phys_t end)
{
    for (phys_t gib = base & -span(2); gib < end; gib += span(2)) {
        uint64_t *entry = &boot_pdpt[table_index(gib, 2)];
        phys_t page = *entry ? 0 : page_alloc();
        uint64_t *pd;

        if (*entry)
            continue;
        if (!page)
            return;
        pd = phys_to_virt(page);
        for (uint32_t i = 0; i < NR_ENTRIES; i++)
            pd[i] = (gib + i * span(1)) | PTE_P | PTE_W | 0x80;
        *entry = page | PTE_P | PTE_W;
    }
}

static void init_memory(const struct boot_info *info)
{
    for (uint32_t i = 0; i < info->nr_ram; i++)
        if (info->ram[i].base < BOOT_MAPPED)
            add_memory(info->ram[i].base,
                       info->ram[i].base + info->ram[i].len_bytes);
    for (uint32_t i = 0; i < info->nr_ram; i++) {
        phys_t base = info->ram[i].base, end = base + info->ram[i].len_bytes;

        if (base < BOOT_MAPPED)
            continue;
        map_high(base, end);
        add_memory(base, end);
    }
}

/* The shim's own pages: each section with its rights, the direct map never
 * executable, nothing left at low addresses, APICs uncached. */
static void protect_shim(void)
{
    const uint64_t offset = UINT64_C(0xffffffff80000000);

    for (uint64_t va = shim_layout.begin; va < shim_layout.end; va += PAGE_SIZE)
        shim_pt[table_index(va, 0)] = (va - offset) | PTE_P |
                                      (va >= shim_layout.rodata ? PTE_NX : 0) |
                                      (va >= shim_layout.data ? PTE_W : 0);
    shim_pd[table_index(shim_layout.begin, 1)] =
        ((uint64_t)shim_pt - offset) | PTE_P | PTE_W;
    shim_pdpt[table_index(shim_layout.begin, 2)] =
        ((uint64_t)shim_pd - offset) | PTE_P | PTE_W;
    boot_pd[UINT64_C(0xfec00000) >> 21] |= PTE_PCD;
    boot_pd[UINT64_C(0xfee00000) >> 21] |= PTE_PCD;
    space_pml4[256] |= PTE_NX;
    space_pml4[0] = 0;
    write_cr3(read_cr3());
}

static int64_t map_one(const struct monitor_map *map)
{
    if (map->phys)
        return space_map_fixed(map->addr, map->phys, map->len_bytes,
                               (uint32_t)map->prot);
    return space_set(map->addr, map->len_bytes,
                     VM_ORIGIN(VM_ANON, map->prot, 0));
}

/* The ring-3 part and what it begins with. The bundle in whole entries of
 * large tables: what lies behind its end is refused when it is touched. */
static void map_ring3(void)
{
    uint64_t bundle_span = (handover->bundle_bytes + span(1) - 1) & -span(1);

    for (const struct monitor_map *map = boot_maps; map->len_bytes; map++)
        if (map_one(map))
            out_of_memory();
    if (space_set(VM_BUNDLE, bundle_span, VM_ORIGIN(VM_FILE, ABI_PROT_READ, 0)))
        out_of_memory();
}

static void keep_boot_info(const struct boot_info *info)
{
    handover->bundle_bytes = info->module_bytes & -PAGE_SIZE;
    bundle = info->module;
    strlcpy(handover->cmdline, info->cmdline, sizeof(handover->cmdline));
}

void ring0_main(uint32_t start_info, uint32_t monitor_page, uint32_t loader)
{
    static struct boot_info info;

    if (monitor_page) {
        monitor = phys_to_virt(monitor_page);
        native_ring3_flag = monitor->flags & MONITOR_NATIVE_RING3;
    }
    cpu_init();
    loader_read(&info, loader, start_info);
    keep_boot_info(&info);
    handover->monitor_page = monitor_page;
    if (!monitor)
        protect_shim();
    irq_init();
    control_init();
    acpi_init(info.rsdp);
    handover->nr_cpus = monitor ? monitor->nr_vcpus : acpi_nr_cpus();
    init_memory(&info);
    space_init(bundle, handover->bundle_bytes, monitor);
    handover->ram_bytes = page_nr_free() * PAGE_SIZE;
    if (!monitor)
        map_ring3();
    ring3_enter(ring3_layout.entry, VM_BOOT_STACK + VM_BOOT_STACK_SIZE - 8,
                VM_HANDOVER);
}

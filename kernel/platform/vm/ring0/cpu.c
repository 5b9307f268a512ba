/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The processor's own state: segments, interrupt table, task state, control
 * registers. Follows the AMD64 Architecture Programmer's Manual, volume 2.
 */
#include "kernel/platform/vm/ring0/asm.h"
#include "kernel/platform/vm/ring0/percpu.h"
#include "kernel/platform/vm/ring0/shim.h"
#include "lib/string.h"

#define MSR_STAR 0xc0000081
#define MSR_LSTAR 0xc0000082
#define MSR_FMASK 0xc0000084

#define CR4_OSFXSR (1u << 9)
#define CR4_OSXMMEXCPT (1u << 10)
#define CR4_FSGSBASE (1u << 16)
#define CR4_OSXSAVE (1u << 18)
#define CR4_SMEP (1u << 20)

enum { KERNEL_CS = 0x10, TSS_SEL = 0x40, IST_FATAL = 1 }; /* entry.S, too */
enum { VEC_PAGE_FAULT = 14 };

/* Ports up to here may be opened to ring 3. */
enum { IO_PORTS = 0x520 };

struct tss {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3, iomap_off;
    uint8_t iomap[IO_PORTS / 8 + 1]; /* last byte: all ones */
} __attribute__((packed));

struct gate {
    uint16_t off0, selector;
    uint8_t ist, type;
    uint16_t off1;
    uint32_t off2, reserved;
};

struct table_reg {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

/* entry.S */
extern struct gate idt[NR_VECTORS];

/* A processor's own. */
struct tables {
    uint64_t gdt[10];
    struct tss tss;
};

/* Of the map of ports: eight of them, and all in [from, to). */
#define OPEN(first, mask) [(first) / 8] = (uint8_t) ~(mask)
#define CLOSED(from, to) [(from) / 8 ...(to) / 8 - 1] = 0xff

static struct tables boot_tables = {
    .gdt =
        {
            [2] = 0x00af9b000000ffff, /* 0x10 ring 0 code */
            [3] = 0x00cf93000000ffff, /* 0x18 ring 0 data */
            [4] = 0x00cffb000000ffff, /* 0x23 ring 3 code, 32-bit */
            [5] = 0x00cff3000000ffff, /* 0x2b ring 3 data */
            [6] = 0x00affb000000ffff, /* 0x33 ring 3 code */
        },
    /* Ring 3 drives the serial console, the clocks and nothing else. */
    .tss.iomap_off = offsetof(struct tss, iomap),
    .tss.iomap = {
        CLOSED(0x00, 0x40),
        OPEN(0x40, 0x0f), /* PIT */
        CLOSED(0x48, 0x60),
        OPEN(0x60, 0x02), /* its gate, 0x61 */
        CLOSED(0x68, 0x70),
        OPEN(0x70, 0x03), /* RTC */
        CLOSED(0x78, 0x3f8),
        OPEN(0x3f8, 0xff), /* COM1 */
        OPEN(0x400, 0x3c), /* error stream, from 0x402 */
        OPEN(MONITOR_PORT_DO, 0x0f),
        CLOSED(0x410, 0x510),
        OPEN(0x510, 0xff), /* QEMU's fw_cfg */
        OPEN(0x518, 0x0f),
        CLOSED(0x520, 0x528),
    }};

static void load_tables(struct tables *t)
{
    uint64_t base = (uint64_t)&t->tss, limit = sizeof(t->tss) - 1;
    struct table_reg gdtr = {sizeof(t->gdt) - 1, (uint64_t)t->gdt};
    struct table_reg idtr = {NR_VECTORS * sizeof(*idt) - 1, (uint64_t)idt};

    t->gdt[TSS_SEL / 8] = (limit & 0xffff) | (base & 0xffffff) << 16 |
                          UINT64_C(0x89) << 40 | (base >> 24 & 0xff) << 56;
    t->gdt[TSS_SEL / 8 + 1] = base >> 32;
    __asm__ volatile("lgdt %0" ::"m"(gdtr));
    __asm__ volatile("lidt %0" ::"m"(idtr));
    __asm__ volatile("ltr %w0" ::"r"(TSS_SEL));
}

static void init_syscall(const struct shim_cpu *cpu)
{
    uint64_t entry = cpu->index ? (uint64_t)syscall_entries +
                                      cpu->index * SYSCALL_ENTRY_BYTES
                                : (uint64_t)syscall_entry;

    wrmsr(MSR_STAR, UINT64_C(0x23) << 48 | (uint64_t)KERNEL_CS << 32);
    wrmsr(MSR_LSTAR, native_ring3() ? ring3_layout.landing : entry);
    wrmsr(MSR_FMASK, 0x47700); /* TF, IF, DF, IOPL, NT, AC */
}

/* All vector state that the processor offers, except what needs a kernel's
 * own care (PKRU, AMX). */
static void init_xsave(void)
{
    uint32_t r[4];
    uint64_t mask = 7;

    cpuid(0xd, 0, r);
    if ((r[0] & 0xe0) == 0xe0)
        mask |= 0xe0;
    mask &= r[0];
    if (xgetbv(0) != mask) /* our monitor has set it */
        xsetbv(0, mask);
}

static void init_control(void)
{
    uint32_t leaf1[4], leaf7[4];
    uint64_t cr4 = read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT;

    cpuid(1, 0, leaf1);
    cpuid(7, 0, leaf7);
    if (native_ring3()) {
        write_cr4(cr4);
        return;
    }
    if (!(leaf7[1] & 1))
        panic("the processor lacks FSGSBASE (QEMU: -cpu max)", 0, 0);
    if (!(leaf1[2] & 1u << 26))
        panic("the processor lacks XSAVE (QEMU: -cpu max)", 0, 0);
    cr4 |= CR4_FSGSBASE | CR4_OSXSAVE;
    if (leaf7[1] & 1u << 7)
        cr4 |= CR4_SMEP;
    write_cr4(cr4);
    init_xsave();
}

/* What each processor has for itself. */
static void init_own(struct shim_cpu *cpu, struct tables *t)
{
    t->tss.rsp[0] = shim_cpu_stack(cpu);
    t->tss.ist[IST_FATAL - 1] = shim_cpu_ist(cpu);
    load_tables(t);
    init_syscall(cpu);
    init_control();
}

void cpu_init(void)
{
    init_own(&shim_cpu0, &boot_tables);
}

void cpu_init_further(struct shim_cpu *cpu)
{
    struct tables *t = (struct tables *)(cpu + 1);

    _Static_assert(sizeof(*cpu) + sizeof(*t) < SHIM_IST_BYTES / 2, "IST");
    *t = boot_tables;
    init_own(cpu, t);
}

void cpu_set_page_fault(const char *entry)
{
    struct gate *gate = &idt[VEC_PAGE_FAULT];

    gate->off0 = (uint16_t)(uint64_t)entry;
    gate->off1 = (uint16_t)((uint64_t)entry >> 16);
    gate->off2 = (uint32_t)((uint64_t)entry >> 32);
}

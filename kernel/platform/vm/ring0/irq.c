/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupt controllers and the timer: local APIC (xAPIC mode), I/O APIC.
 * Devices' lines are edge-triggered. Where a device wants to be told that its
 * interrupt was seen, that is done here: if the driver in ring 3 did it later,
 * a line raised in between would never show another edge.
 */
#include "kernel/platform/vm/muldiv.h"
#include "kernel/platform/vm/ring0/asm.h"
#include "kernel/platform/vm/ring0/shim.h"

#define LAPIC UINT64_C(0xfee00000)
#define IOAPIC UINT64_C(0xfec00000)
#define MSR_APIC_BASE 0x1b

enum lapic_reg {
    LAPIC_EOI = 0xb0,
    LAPIC_SPURIOUS = 0xf0,
    LAPIC_ICR = 0x300, /* the lower half: sends */
    LAPIC_ICR_TO = 0x310,
    LAPIC_LVT_TIMER = 0x320,
    LAPIC_LVT_LINT0 = 0x350,
    LAPIC_TIMER_INITIAL = 0x380,
    LAPIC_TIMER_CURRENT = 0x390,
    LAPIC_TIMER_DIVIDE = 0x3e0,
};

enum { APIC_ENABLE = 0x100, LVT_MASKED = 1 << 16, LVT_PERIODIC = 1 << 17 };
enum { DIVIDE_BY_1 = 11, PIC1_DATA = 0x21, PIC2_DATA = 0xa1 };

/* What to write where when a line was raised; phys 0: nothing. */
static struct {
    phys_t phys;
    uint32_t value;
} line_acks[NR_LINES];

static uint64_t timer_hz;
static uint64_t start_tsc;
static uint64_t tsc_hz;

static volatile uint32_t *mmio(uint64_t addr)
{
    return phys_to_virt(addr);
}

static void lapic_write(enum lapic_reg reg, uint32_t value)
{
    *mmio(LAPIC + reg) = value;
}

static uint32_t lapic_read(enum lapic_reg reg)
{
    return *mmio(LAPIC + reg);
}

static void ioapic_write(uint32_t reg, uint32_t value)
{
    *mmio(IOAPIC) = reg;
    *mmio(IOAPIC + 0x10) = value;
}

void irq_init_further(void)
{
    wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | 1u << 11);
    lapic_write(LAPIC_SPURIOUS, APIC_ENABLE | VECTOR_SPURIOUS);
    lapic_write(LAPIC_LVT_LINT0, LVT_MASKED);
    lapic_write(LAPIC_TIMER_DIVIDE, DIVIDE_BY_1);
    lapic_write(LAPIC_LVT_TIMER, LVT_MASKED | VECTOR_TIMER);
}

void irq_init(void)
{
    if (!monitor) { /* which has no such things */
        outb(PIC1_DATA, 0xff);
        outb(PIC2_DATA, 0xff);
    }
    irq_init_further();
    /* Counts from here until timer_calibrate() looks. */
    start_tsc = rdtsc();
    lapic_write(LAPIC_TIMER_INITIAL, UINT32_MAX);
}

/* AMD64 manual, volume 2, 16.5. */
static void send(uint32_t apic, uint32_t command)
{
    lapic_write(LAPIC_ICR_TO, apic << 24);
    lapic_write(LAPIC_ICR, command);
}

void irq_send(uint32_t apic, uint32_t vector)
{
    send(apic, vector);
}

void irq_send_init(uint32_t apic)
{
    enum { INIT = 5 << 8, ASSERT = 1 << 14 };

    send(apic, INIT | ASSERT);
}

void irq_send_sipi(uint32_t apic, phys_t page)
{
    enum { SIPI = 6 << 8, ASSERT = 1 << 14 };

    send(apic, SIPI | ASSERT | (uint32_t)(page / PAGE_SIZE));
}

void irq_route(uint32_t line, phys_t ack, uint32_t value)
{
    line_acks[line].phys = ack;
    line_acks[line].value = value;
    if (monitor)
        return;
    ioapic_write(0x11 + 2 * line, 0); /* to APIC 0 */
    ioapic_write(0x10 + 2 * line, VECTOR_LINE0 + line);
}

void irq_route_as(uint32_t line, bool level, bool active_low)
{
    enum { ACTIVE_LOW = 1 << 13, LEVEL = 1 << 15 };

    ioapic_write(0x11 + 2 * line, 0);
    ioapic_write(0x10 + 2 * line, (VECTOR_LINE0 + line) | (level ? LEVEL : 0u) |
                                      (active_low ? ACTIVE_LOW : 0u));
}

void irq_ack(uint32_t vector)
{
    uint32_t line = vector - VECTOR_LINE0;

    if (line < NR_LINES && line_acks[line].phys)
        *mmio(line_acks[line].phys) = line_acks[line].value;
    lapic_write(LAPIC_EOI, 0);
}

uint64_t irq_tsc_of(uint64_t ns)
{
    return mul_div(ns, tsc_hz, 1000000000);
}

void timer_calibrate(uint64_t hz)
{
    uint64_t ticks = UINT32_MAX - lapic_read(LAPIC_TIMER_CURRENT);
    uint64_t cycles = rdtsc() - start_tsc;

    tsc_hz = hz;
    timer_hz = mul_div(ticks, hz, cycles);
    if (!timer_hz)
        panic("the APIC timer stands still", ticks, cycles);
    timer_set(0, false);
}

void timer_set(uint64_t ns, bool periodic)
{
    uint64_t count = mul_div(ns, timer_hz, 1000000000);

    if (!ns) {
        lapic_write(LAPIC_TIMER_INITIAL, 0);
        return;
    }
    if (count > UINT32_MAX)
        count = UINT32_MAX;
    lapic_write(LAPIC_LVT_TIMER, VECTOR_TIMER | (periodic ? LVT_PERIODIC : 0));
    lapic_write(LAPIC_TIMER_INITIAL, count ? (uint32_t)count : 1);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What this host's KVM really does, found by running a few instructions in
 * the machine before its guest: does `syscall` reach ring 0?
 *
 * Ring 3 executes `syscall`; at LSTAR stands an instruction that only ring 0
 * may execute, then a port access. If the port is reached, ring 0 was.
 * Otherwise, with no interrupt table, the processor shuts down.
 */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "tender/kvm/monitor.h"

/* In the pages that the boot information takes later. */
enum { CODE = 0x8000, PML4 = 0x9000, PDPT = 0xa000, PD = 0xb000, END = 0xc000 };
enum { LANDING = CODE + 0x100, LOOP = CODE + 0x200, PROBE_PORT = 0x500 };
enum { NR_LOOPS = 1000, FAST_NS = 50000 };

#define MSR_STAR 0xc0000081
#define MSR_LSTAR 0xc0000082
#define MSR_FMASK 0xc0000084

static const uint8_t syscall_code[] = {0x0f, 0x05};
static const uint8_t landing_code[] = {
    0x0f, 0x20, 0xc0,            /* mov %cr0, %rax */
    0x66, 0xba, 0x00, 0x05, 0xee /* mov $0x500, %dx; out %al, %dx */
};
static const uint8_t loop_code[] = {
    0xff, 0xc9, 0x75, 0xfc,      /* 1: dec %ecx; jnz 1b */
    0x66, 0xba, 0x00, 0x05, 0xee /* mov $0x500, %dx; out %al, %dx */
};

static struct kvm_segment segment(uint16_t selector, uint8_t type, uint8_t dpl)
{
    return (struct kvm_segment){
        .limit = 0xffffffff,
        .selector = selector,
        .type = type,
        .present = 1,
        .s = 1,
        .g = 1,
        .dpl = dpl,
        .l = type == 0xb,
        .db = type != 0xb,
    };
}

static void write_code(const struct machine *m)
{
    uint64_t *at = (void *)m->low;

    at[PML4 / 8] = PDPT | 7;
    at[PDPT / 8] = PD | 7;
    at[PD / 8] = 0x80 | 7; /* the first 2 MiB, for ring 3 too */
    memcpy(m->low + CODE, syscall_code, sizeof(syscall_code));
    memcpy(m->low + LANDING, landing_code, sizeof(landing_code));
    memcpy(m->low + LOOP, loop_code, sizeof(loop_code));
}

/* Runs from rip in that ring to the port (true) or anything else. */
static bool reaches_port(const struct machine *m, uint64_t rip, uint8_t ring)
{
    static const struct kvm_msr_entry entries[3] = {
        {.index = MSR_STAR, .data = UINT64_C(0x23) << 48 | UINT64_C(8) << 32},
        {.index = MSR_LSTAR, .data = LANDING},
        {.index = MSR_FMASK, .data = 0x200},
    };
    union {
        struct kvm_msrs head;
        uint8_t room[sizeof(struct kvm_msrs) + sizeof(entries)];
    } msrs = {.head = {.nmsrs = 3}};
    struct kvm_regs regs = {
        .rip = rip, .rcx = NR_LOOPS, .rsp = END, .rflags = 2};
    const struct kvm_run *run = m->vcpus[0].run;
    struct kvm_sregs sregs;

    memcpy(msrs.head.entries, entries, sizeof(entries));
    ioctl(m->vcpus[0].fd, KVM_GET_SREGS, &sregs);
    sregs.cr0 = 0x80010033;
    sregs.cr3 = PML4;
    sregs.cr4 = 0x20;
    sregs.efer = 0xd01;
    sregs.idt.limit = 0;
    sregs.cs = segment(ring ? 0x33 : 0x10, 0xb, ring);
    sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss =
        segment(ring ? 0x2b : 0x18, 3, ring);
    if (ioctl(m->vcpus[0].fd, KVM_SET_SREGS, &sregs) < 0 ||
        ioctl(m->vcpus[0].fd, KVM_SET_REGS, &regs) < 0 ||
        ioctl(m->vcpus[0].fd, KVM_SET_MSRS, &msrs) < 0)
        return false;
    return ioctl(m->vcpus[0].fd, KVM_RUN, 0) == 0 &&
           run->exit_reason == KVM_EXIT_IO && run->io.port == PROBE_PORT;
}

/* As if it had never run: events that are under way are forgotten. */
static void clean(const struct machine *m, const struct kvm_vcpu_events *events,
                  const struct kvm_sregs *sregs)
{
    struct kvm_mp_state runnable = {.mp_state = KVM_MP_STATE_RUNNABLE};

    m->vcpus[0].run->immediate_exit = 1; /* finishes the port access */
    ioctl(m->vcpus[0].fd, KVM_RUN, 0);
    m->vcpus[0].run->immediate_exit = 0;
    ioctl(m->vcpus[0].fd, KVM_SET_MP_STATE, &runnable);
    ioctl(m->vcpus[0].fd, KVM_SET_VCPU_EVENTS, events);
    ioctl(m->vcpus[0].fd, KVM_SET_SREGS, sregs);
    memset(m->low + CODE, 0, END - CODE);
}

void probe_run(struct machine *m)
{
    struct kvm_vcpu_events events;
    struct kvm_sregs sregs;

    if (ioctl(m->vcpus[0].fd, KVM_GET_VCPU_EVENTS, &events) < 0 ||
        ioctl(m->vcpus[0].fd, KVM_GET_SREGS, &sregs) < 0)
        die("read the virtual CPU's state: %m");
    write_code(m);
    m->native_ring3 = !reaches_port(m, CODE, 3);
    clean(m, &events, &sregs);
}

/* The fastest of a few runs of NR_LOOPS instructions in ring 0. */
static uint64_t ring0_ns(const struct machine *m)
{
    uint64_t best = UINT64_MAX;

    for (int i = 0; i < 5; i++) {
        struct timespec a, b;
        uint64_t ns;

        clock_gettime(CLOCK_MONOTONIC, &a);
        if (!reaches_port(m, LOOP, 0))
            return UINT64_MAX;
        clock_gettime(CLOCK_MONOTONIC, &b);
        ns = (uint64_t)(b.tv_sec - a.tv_sec) * 1000000000 +
             (uint64_t)(b.tv_nsec - a.tv_nsec);
        best = ns < best ? ns : best;
    }
    return best;
}

int probe_report(void)
{
    static struct machine m;
    uint64_t ns;

    machine_create(&m);
    machine_add_ram(&m, UINT64_C(1) << 20);
    machine_create_vcpus(&m, 1);
    probe_run(&m);
    write_code(&m);
    ns = ring0_ns(&m);
    if (ns == UINT64_MAX)
        die("/dev/kvm runs no 64-bit ring 0");
    printf("%s: %llu ns for %d instructions in ring 0%s\n",
           ns < FAST_NS && !m.native_ring3 ? "fast" : "slow",
           (unsigned long long)ns, NR_LOOPS * 2,
           m.native_ring3 ? "; `syscall` stays in ring 3" : "");
    fflush(stdout);
    return 0;
}

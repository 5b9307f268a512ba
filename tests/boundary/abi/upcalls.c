/* SPDX-License-Identifier: BSD-2-Clause */
/* System calls, exceptions and events as the application causes them. */
#include "tests/boundary/abi/kernel.h"

enum { PAGE = 4096, R = 1, W = 2, X = 4, MS = 1000000, NR_CALLS = 10000 };

static void map_app(void)
{
    CHECK(ops->mem_map(USER_CODE, PAGE, R | X, ABI_SOURCE_IMAGE, 0) == 0);
    CHECK(ops->mem_commit(USER_STACK, 0x10000, R | W) == 0);
    CHECK(ops->mem_commit(USER_DATA, PAGE, R | W) == 0);
    CHECK(!probe_write(USER_DATA)); /* present: error codes tell */
}

static void expect(const char *entry, uint32_t vector, uint32_t error,
                   uint64_t addr)
{
    uint32_t before = seen.nr_exceptions;

    run_app(entry, USER_DATA);
    CHECK(seen.nr_exceptions == before + 1);
    CHECK(seen.frame == vcpu.kstack_top - ABI_FRAME_SIZE);
    if (seen.vector != vector || seen.error != error || seen.addr != addr)
        say("FAIL vector %u error %x addr %llx, not %u %x %llx\n", seen.vector,
            seen.error, (unsigned long long)seen.addr, vector, error,
            (unsigned long long)addr);
    CHECK(seen.vector == vector && seen.error == error && seen.addr == addr);
}

void test_upcalls(void)
{
    uint64_t begin, ns;

    map_app();
    CHECK(run_app(app_registers, 0) == 0);
    if (seen.end_arg)
        say("registers: step %u\n", (uint32_t)seen.end_arg);
    expect(app_null_read, 14, 4, 0x14);
    expect(app_write_text, 14, 7, USER_CODE);
    expect(app_divide, 0, 0, 0);
    expect(app_undefined, 6, 0, 0);
    expect(app_breakpoint, 3, 0, 0);
    expect(app_privileged, 13, 0, 0);
    expect(app_int80, 13, 0x402, 0);
    expect(app_noncanonical, 13, 0, 0);
    expect(app_jump_data, 14, 0x15, USER_DATA);
    expect(app_single_step, 1, 0, 0);
    begin = now_ns();
    CHECK(run_app(app_many, NR_CALLS) == 0);
    ns = now_ns() - begin;
    say("# slow system call: %llu ns\n", (unsigned long long)(ns / NR_CALLS));
}

/* The word that ends the application's spinning is the kernel's own. */
static void spin_until(uint32_t nr_events)
{
    spin_stop = 0;
    stop_after = seen.nr_events + nr_events;
    CHECK(run_app(app_spin, (uint64_t)&spin_stop) == 0);
}

static void busy(uint64_t ns)
{
    uint64_t end = now_ns() + ns;

    while (now_ns() < end)
        ;
}

static void test_tick(void)
{
    uint64_t begin = now_ns();
    uint32_t before;

    CHECK(ops->tick(4 * MS) == 0);
    seen.pending = 0;
    spin_until(3);
    CHECK(seen.pending & ABI_PENDING_TICK);
    CHECK(now_ns() - begin > 6 * MS);
    before = seen.nr_events; /* masked: pending, no upcall */
    busy(60 * MS);
    CHECK(seen.nr_events == before && (vcpu.pending & ABI_PENDING_TICK));
    vcpu.pending = 0;
}

static void test_window(void)
{
    uint32_t before = seen.nr_events;

    vcpu.exit_begin = (uint64_t)window_begin;
    vcpu.exit_end = (uint64_t)window_end;
    CHECK(window_spin() == 2);
    CHECK(seen.nr_events == before && vcpu.pending == ABI_PENDING_TICK);
    vcpu.exit_begin = (uint64_t)exit_begin;
    vcpu.exit_end = (uint64_t)exit_end;
    CHECK(ops->tick(0) == 0);
    vcpu.pending = 0;
}

static void test_wait(void)
{
    uint64_t begin = now_ns(), end = begin + 5 * MS;
    uint32_t rounds = 0;

    while (now_ns() < end && rounds++ < 1000)
        CHECK(ops->wait(end, ABI_WAIT_DEVICES) == 0);
    CHECK(now_ns() >= end && now_ns() < end + 500 * MS && rounds < 100);
    CHECK(ops->wait(0, ABI_WAIT_DEVICES) == 0);
    vcpu.pending = ABI_PENDING_TICK;
    CHECK(ops->wait(ABI_NO_DEADLINE, ABI_WAIT_DEVICES) == 0);
    CHECK(vcpu.pending == ABI_PENDING_TICK);
    vcpu.pending = 0;
    CHECK(ops->vcpu_kick(0) == 0 && vcpu.pending == ABI_PENDING_KICK);
    CHECK(ops->wait(ABI_NO_DEADLINE, ABI_WAIT_DEVICES) == 0);
    vcpu.pending = 0;
    CHECK(ops->vcpu_kick(boot->nr_vcpus) < 0);
}

void test_events(void)
{
    test_tick();
    test_window();
    test_wait();
}

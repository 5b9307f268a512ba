/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading clocks and sleeping: clock_gettime(2), clock_nanosleep(2),
 * gettimeofday(2), times(2). Clocks cannot be set: the host keeps them.
 */
#include <asm/errno.h>

#include "kernel/core/clock.h"
#include "kernel/core/uaccess.h"
#include "kernel/linux/calls.h"
#include "kernel/linux/timespec.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/thread.h"

int64_t sys_clock_gettime(struct abi_frame *r)
{
    int64_t ns;
    int err = clock_read((int32_t)r->rdi, &ns);

    return err ? err : timespec_to_user(r->rsi, (uint64_t)ns);
}

int64_t sys_clock_getres(struct abi_frame *r)
{
    int64_t ns;
    int err = clock_read((int32_t)r->rdi, &ns);

    if (err || !r->rsi)
        return err;
    return timespec_to_user(r->rsi, 1);
}

int64_t sys_clock_settime(struct abi_frame *r)
{
    uint64_t ns;
    int err;

    if ((int32_t)r->rdi != CLOCK_ID_REALTIME)
        return -EINVAL;
    err = timespec_from_user(r->rsi, &ns);
    return err ? err : -EPERM;
}

int64_t sys_settimeofday(struct abi_frame *r)
{
    (void)r;
    return -EPERM;
}

/* Reading the state of the clock's discipline is answered; it is the host's
 * to change. */
struct ktimex {
    uint32_t modes, pad0;
    int64_t offset, freq, maxerror, esterror;
    int32_t status, pad1;
    int64_t constant, precision, tolerance;
    struct ktimeval time;
    int64_t tick, rest[14];
};
_Static_assert(sizeof(struct ktimex) == 208, "timex");

static int64_t adjust(uint64_t addr)
{
    enum { STA_UNSYNC = 0x40, TIME_ERROR = 5 };
    struct ktimex tx;
    uint64_t now = (uint64_t)clock_real_ns();

    if (copy_in(&tx, addr) < 0)
        return -EFAULT;
    if (tx.modes)
        return -EPERM;
    tx =
        (struct ktimex){.status = STA_UNSYNC,
                        .precision = 1,
                        .tick = 10000,
                        .time = {.sec = (int64_t)(now / NSEC_PER_SEC),
                                 .usec = (int64_t)(now % NSEC_PER_SEC / 1000)}};
    return copy_out(addr, &tx) < 0 ? -EFAULT : TIME_ERROR;
}

int64_t sys_adjtimex(struct abi_frame *r)
{
    return adjust(r->rdi);
}

int64_t sys_clock_adjtime(struct abi_frame *r)
{
    return r->rdi == CLOCK_ID_REALTIME ? adjust(r->rsi) : -EINVAL;
}

int64_t sys_gettimeofday(struct abi_frame *r)
{
    uint64_t zone = 0; /* UTC, no daylight saving */

    if (r->rdi && timeval_to_user(r->rdi, (uint64_t)clock_real_ns()) < 0)
        return -EFAULT;
    return r->rsi ? copy_out(r->rsi, &zone) : 0;
}

int64_t sys_time(struct abi_frame *r)
{
    int64_t sec = clock_real_ns() / (int64_t)NSEC_PER_SEC;

    if (r->rdi && copy_out(r->rdi, &sec) < 0)
        return -EFAULT;
    return sec;
}

/* In ticks of 1/100 s. The kernel's time is not told apart. */
int64_t sys_times(struct abi_frame *r)
{
    const uint64_t tick_ns = NSEC_PER_SEC / 100;
    int64_t t[4] = {(int64_t)(process_cpu_ns() / tick_ns), 0, 0, 0};

    if (r->rdi && copy_out(r->rdi, &t) < 0)
        return -EFAULT;
    return (int64_t)(clock_mono_ns() / tick_ns);
}

static int sleep_until(uint64_t deadline)
{
    int err = 0;

    while (err == 0 && clock_mono_ns() < deadline)
        err = thread_sleep(deadline);
    return err == -ETIMEDOUT ? 0 : err;
}

/* An interrupted relative sleep tells what is left, and goes on to the same
 * deadline if no handler ran. */
static int64_t sleep_relative(uint64_t addr, uint64_t rem_addr)
{
    struct thread *t = current_thread();
    uint64_t deadline = t->restart_deadline_ns, now;
    int err;

    t->restart_deadline_ns = 0;
    if (!deadline) {
        err = deadline_from_user(addr, CLOCK_ID_MONOTONIC, false, &deadline);
        if (err)
            return err;
    }
    err = sleep_until(deadline);
    if (err == 0)
        return 0;
    now = clock_mono_ns();
    if (rem_addr &&
        timespec_to_user(rem_addr, now < deadline ? deadline - now : 0) < 0)
        return -EFAULT;
    t->restart_deadline_ns = deadline;
    return -ERESTART_RESTARTBLOCK;
}

int64_t sys_nanosleep(struct abi_frame *r)
{
    return sleep_relative(r->rdi, r->rsi);
}

int64_t sys_clock_nanosleep(struct abi_frame *r)
{
    enum { TIMER_ABSTIME = 1 };
    int32_t clock = (int32_t)r->rdi;
    uint64_t deadline;
    int64_t ns;
    int err;

    if (clock < 0 || clock == CLOCK_ID_THREAD_CPU || clock_read(clock, &ns) < 0)
        return -EINVAL;
    if (clock == CLOCK_ID_PROCESS_CPU || clock == CLOCK_ID_MONOTONIC_RAW ||
        clock == CLOCK_ID_REALTIME_COARSE || clock == CLOCK_ID_MONOTONIC_COARSE)
        return -EOPNOTSUPP;
    if (!(r->rsi & TIMER_ABSTIME))
        return sleep_relative(r->rdx, r->r10);
    err = deadline_from_user(r->rdx, clock, true, &deadline);
    if (err)
        return err;
    err = sleep_until(deadline);
    return err == -ERESTARTSYS ? -ERESTARTNOHAND : err;
}

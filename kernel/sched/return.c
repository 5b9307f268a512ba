/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is to be done before the program goes on: events that came, another
 * thread's turn, signals, ticks.
 */
#include "kernel/arch/x86_64/arch.h"
#include "kernel/core/event.h"
#include "kernel/core/lock.h"
#include "kernel/sched/rseq.h"
#include "kernel/sched/run.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/smp.h"

void run_take_events(void)
{
    struct cpu *cpu = this_cpu();
    uint8_t pending =
        __atomic_exchange_n(&cpu->vcpu.pending, 0, __ATOMIC_SEQ_CST);

    if (pending & ABI_PENDING_RESTORED)
        clock_resync();
    if (pending & ABI_PENDING_STOP)
        signal_take_stop(
            __atomic_exchange_n(&cpu->vcpu.stop_signals, 0, __ATOMIC_SEQ_CST));
    if (pending & ABI_PENDING_TICK)
        event_tick();
    if (pending & (ABI_PENDING_TICK | ABI_PENDING_DEVICE))
        event_poll();
    if (pending & ABI_PENDING_TICK)
        cpu->need_resched = true;
    if (pending & ABI_PENDING_KICK)
        smp_passed();
}

static bool tick_wanted(void)
{
    if (!list_empty(&runnable))
        return true;
    if (smp_several() && smp_watched())
        return false;
    return event_has_sources() || timer_next() != NO_DEADLINE;
}

/* A tick nobody wants is stopped when it comes, not before: turning it on and
 * off costs host calls. */
static void set_tick(struct cpu *cpu, bool on)
{
    if (cpu->ticking == on)
        return;
    cpu->ticking = on;
    platform.ops.tick(on ? SLICE_NS : 0);
}

void sched_return_to_user(struct abi_frame *frame)
{
    struct cpu *cpu = this_cpu();
    bool tick_came;

    do {
        cpu->work = false;
        run_take_events();
        tick_came = cpu->need_resched;
        if (cpu->need_resched) {
            cpu->need_resched = false;
            if (!list_empty(&runnable))
                sched_yield();
        }
        if (!smp_may_run(current_thread(), this_cpu()))
            run_to_the_end();
        if (__builtin_expect(current_thread()->rseq_area != 0, 0) &&
            current_thread()->rseq_switched) {
            current_thread()->rseq_switched = false;
            rseq_interrupted(frame);
        }
        signal_deliver(frame);
        fpu_make_live();
        cpu = this_cpu(); /* another one after a switch */
        if (smp_several())
            smp_settle(cpu, tick_came);
        if (tick_wanted())
            set_tick(cpu, true);
        else if (tick_came)
            set_tick(cpu, false);
    } while (cpu->need_resched || cpu->vcpu.pending);
    cpu->work = false;
}

void sched_return_to_user_locked(struct abi_frame *frame)
{
    kernel_lock();
    sched_return_to_user(frame);
    kernel_unlock();
}

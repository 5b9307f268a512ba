/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who runs: a round-robin queue of runnable threads. There is no idle thread:
 * whoever finds nothing to run waits for events on its own stack, so that
 * waking the thread that slept last costs no switch.
 */
#include "kernel/sched/run.h"

#include <asm/errno.h>

#include "kernel/arch/x86_64/arch.h"
#include "kernel/core/alloc.h"
#include "kernel/core/event.h"
#include "kernel/core/log.h"
#include "kernel/sched/observe.h"
#include "kernel/sched/rseq.h"
#include "kernel/sched/signal.h"

struct cpu cpu0;

static struct list runnable = LIST_INIT(runnable);
static struct thread *dead;

enum { STACK_RESERVE = 1024 };

/* Whoever comes this close to the end of its stack has gone too deep. */
static void check_stack(const struct thread *t)
{
    uint64_t sp = (uint64_t)__builtin_frame_address(0);

    assert(sp - (uint64_t)t->kstack > STACK_RESERVE);
}

static void charge(struct cpu *cpu)
{
    uint64_t now = clock_mono_ns();

    cpu->current->cpu_ns += now - cpu->switched_ns;
    cpu->switched_ns = now;
}

uint64_t thread_cpu_ns(const struct thread *t)
{
    struct cpu *cpu = this_cpu();

    if (t == cpu->current)
        charge(cpu);
    return t->cpu_ns;
}

void run_reap_later(struct thread *t)
{
    dead = t;
}

static void reap(void)
{
    struct thread *t = dead;

    if (!t)
        return;
    dead = NULL;
    page_free(t->kstack, KSTACK_PAGES);
    kfree(t->fpu);
    kfree(t);
}

/* What the platform and the way out need to know of the current thread. */
static void set_current(struct cpu *cpu, struct thread *t)
{
    cpu->current = t;
    cpu->vcpu.frame = (uint64_t)t->frame;
    cpu->vcpu.kstack_top = (uint64_t)t->frame + ABI_FRAME_SIZE;
    if (cpu->fpu_owner != t || (t->pending & ~t->blocked) || signal_pending())
        cpu_set_work(cpu);
}

static void switch_to(struct cpu *cpu, struct thread *next)
{
    struct thread *prev = cpu->current;

    check_stack(prev);
    prev->rseq_switched = true;
    prev->fs_base = arch_fs_base();
    charge(cpu);
    set_current(cpu, next);
    arch_set_fs_base(next->fs_base);
    arch_switch(&prev->ksp, next->ksp);
    reap();
}

void sched_thread_begun(void)
{
    reap();
}

/* A program that spins needs ticks for its timers. */
static void timer_came_earlier(void)
{
    if (!this_cpu()->ticking)
        cpu_set_work(this_cpu());
}

_Noreturn void run_first(struct thread *t)
{
    uint64_t boot_sp;
    struct cpu *cpu = this_cpu();

    timer_notify(timer_came_earlier);
    cpu->switched_ns = clock_mono_ns();
    cpu->fpu_owner = t; /* the platform starts us with clean registers */
    set_current(cpu, t);
    arch_switch(&boot_sp, t->ksp);
    panic("the boot stack ran again");
}

void run_prepare(struct thread *t, void (*fn)(void *), void *arg)
{
    t->ksp = arch_prepare_stack((uint64_t)t->frame, fn, arg);
}

void thread_wake(struct thread *t)
{
    t->woken = true;
    if (t->state != THREAD_SLEEPING)
        return;
    t->state = THREAD_RUNNABLE;
    list_push_back(&runnable, &t->run);
    if (!this_cpu()->ticking)
        cpu_set_work(this_cpu());
}

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
    if (pending & (ABI_PENDING_TICK | ABI_PENDING_DEVICE))
        event_poll();
    if (pending & ABI_PENDING_TICK)
        cpu->need_resched = true;
}

static void idle(struct cpu *cpu)
{
    run_take_events();
    if (!list_empty(&runnable) || event_poll() || !list_empty(&runnable))
        return;
    charge(cpu);
    platform.ops.wait(timer_next());
    cpu->switched_ns = clock_mono_ns();
}

void run_others(void)
{
    struct cpu *cpu = this_cpu();
    struct list *node;

    while (!(node = list_pop_front(&runnable)))
        idle(cpu);
    cpu->need_resched = false;
    if (node != &cpu->current->run)
        switch_to(cpu, container_of(node, struct thread, run));
}

void sched_yield(void)
{
    struct cpu *cpu = this_cpu();

    event_poll();
    if (list_empty(&runnable))
        return;
    list_push_back(&runnable, &cpu->current->run);
    run_others();
}

static bool tick_wanted(void)
{
    return !list_empty(&runnable) || event_has_sources() ||
           timer_next() != NO_DEADLINE;
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
        if (__builtin_expect(current_thread()->rseq_area != 0, 0) &&
            current_thread()->rseq_switched) {
            current_thread()->rseq_switched = false;
            rseq_interrupted(frame);
        }
        signal_deliver(frame);
        fpu_make_live();
        if (tick_wanted())
            set_tick(cpu, true);
        else if (tick_came)
            set_tick(cpu, false);
    } while (cpu->need_resched || cpu->vcpu.pending);
    cpu->work = false;
}

static void sleep_over(struct timer *timer)
{
    thread_wake(container_of(timer, struct thread, sleep_timer));
}

static int sleep(uint64_t deadline_ns, bool interruptible)
{
    struct thread *t = current_thread();
    int err = 0;

    if (interruptible && signal_pending())
        return -ERESTARTSYS;
    if (!t->woken) {
        if (deadline_ns != NO_DEADLINE) {
            t->sleep_timer.fn = sleep_over;
            timer_set(&t->sleep_timer, deadline_ns);
        }
        t->interruptible = interruptible;
        t->state = THREAD_SLEEPING;
        if (__builtin_expect(observer.sleep != NULL, 0))
            observer.sleep();
        run_others();
        if (deadline_ns != NO_DEADLINE && !timer_armed(&t->sleep_timer))
            err = -ETIMEDOUT;
        timer_cancel(&t->sleep_timer);
    }
    t->woken = false;
    if (interruptible && signal_pending())
        err = -ERESTARTSYS;
    return err;
}

int thread_sleep(uint64_t deadline_mono_ns)
{
    return sleep(deadline_mono_ns, true);
}

int thread_sleep_uninterruptible(uint64_t deadline_mono_ns)
{
    return sleep(deadline_mono_ns, false);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who runs: a round-robin queue of runnable threads, one for all CPUs. With
 * one CPU there is no idle thread: whoever finds nothing to run waits for
 * events on its own stack, so that waking the thread that slept last costs no
 * switch. With several, a thread's stack must be free for whoever wakes first,
 * and each CPU has a thread to wait on.
 */
#include "kernel/sched/run.h"

#include <asm/errno.h>

#include "kernel/arch/x86_64/arch.h"
#include "kernel/core/alloc.h"
#include "kernel/core/event.h"
#include "kernel/core/log.h"
#include "kernel/sched/linger.h"
#include "kernel/sched/observe.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/smp.h"

struct list runnable = LIST_INIT(runnable);

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
    uint64_t now;

    if (t == cpu->current) {
        charge(cpu);
    } else if (run_is_current(t)) {
        now = clock_mono_ns();
        if (now > t->cpu->switched_ns)
            return t->cpu_ns + now - t->cpu->switched_ns;
    }
    return t->cpu_ns;
}

void run_reap_later(struct thread *t)
{
    this_cpu()->dead = t;
}

static void reap(void)
{
    struct cpu *cpu = this_cpu();
    struct thread *t = cpu->dead;

    if (!t)
        return;
    cpu->dead = NULL;
    page_free(t->kstack, KSTACK_PAGES);
    kfree(t->fpu);
    kfree(t);
}

/* Vector registers that another CPU still has are saved, and stale there. */
static void come_here(struct cpu *cpu, struct thread *t)
{
    if (t->cpu && t->cpu->fpu_owner == t)
        t->cpu->fpu_owner = NULL;
    t->cpu = cpu;
}

/* What the platform and the way out need to know of the current thread. */
static void set_current(struct cpu *cpu, struct thread *t)
{
    if (t->cpu != cpu)
        come_here(cpu, t);
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
    if (smp_several())
        fpu_leave(prev);
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
static void need_tick(void)
{
    if (!this_cpu()->ticking)
        cpu_set_work(this_cpu());
}

/* ... and for what waits to be sent. With several CPUs another one may be the
 * one that ticks, or sleeps and watches devices. */
static bool tick_will_come(void)
{
    need_tick();
    return !smp_several() || this_cpu()->ticking;
}

_Noreturn void run_first(struct thread *t)
{
    uint64_t boot_sp;
    struct cpu *cpu = this_cpu();

    timer_notify(need_tick);
    event_notify(tick_will_come);
    smp_start();
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
    if (!this_cpu()->ticking || smp_several())
        cpu_set_work(this_cpu());
}

struct thread *run_find(const struct cpu *cpu)
{
    list_for_each(node, &runnable)
    {
        struct thread *t = container_of(node, struct thread, run);

        if (smp_may_run(t, cpu))
            return t;
    }
    return NULL;
}

/* True if there may be something to run after a look at what came in. */
static bool look_round(struct cpu *cpu)
{
    run_take_events();
    return run_find(cpu) || event_poll() || run_find(cpu);
}

static void idle(struct cpu *cpu)
{
    charge(cpu);
    if (smp_several())
        smp_wait(cpu);
    else if (!linger(&cpu->vcpu.pending))
        platform.ops.wait(timer_next(), ABI_WAIT_DEVICES);
    cpu->switched_ns = clock_mono_ns();
}

static struct thread *await_next(struct cpu *cpu)
{
    struct thread *t;

    while (!(t = run_find(cpu))) {
        if (look_round(cpu))
            continue;
        if (cpu->idler && cpu->current != cpu->idler)
            return cpu->idler;
        idle(cpu);
    }
    list_remove(&t->run);
    return t;
}

void run_others(void)
{
    struct cpu *cpu = this_cpu();
    struct thread *next = await_next(cpu);

    cpu->need_resched = false;
    if (next != cpu->current)
        switch_to(cpu, next);
}

void run_to_the_end(void)
{
    current_thread()->nr_passed++;
    process.nr_passed++;
    list_push_back(&runnable, &current_thread()->run);
    run_others();
}

void sched_yield(void)
{
    event_poll();
    if (run_find(this_cpu()))
        run_to_the_end();
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
        t->nr_slept++;
        process.nr_slept++;
        if (__builtin_expect(observer.sleep != NULL, 0))
            observer.sleep();
        if (!event_may_wait() || !run_find(this_cpu()))
            event_flush();
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

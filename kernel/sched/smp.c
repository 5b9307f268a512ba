/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Several CPUs. A CPU with nothing to run sleeps in the platform's wait() on
 * the stack of its idler. The first to do so watches devices and timers for
 * all; one that leaves it for a thread is relieved at its next tick. Runnable
 * threads are offered to sleeping CPUs when the one that woke them goes back
 * to the program, not before: if it goes to sleep instead it takes them over
 * itself, which costs no kick.
 */
#include "kernel/sched/smp.h"

#include "kernel/core/lock.h"
#include "kernel/core/log.h"
#include "kernel/sched/run.h"

struct smp smp = {.nr_cpus = 1};

static struct waitq passed = {LIST_INIT(passed.waiters)};

static struct cpu *next_cpu(struct cpu *cpu)
{
    struct cpu *next = cpu ? cpu + 1 : cpus;

    return next < cpus + smp.nr_cpus ? next : NULL;
}

#define for_each_cpu(c) for (struct cpu *c = NULL; (c = next_cpu(c));)

static void kick(struct cpu *cpu)
{
    cpu->idle = false;
    platform.ops.vcpu_kick(cpu->vcpu.index);
}

static struct cpu *watcher(void)
{
    for_each_cpu(c) if (c->idle && c->watching) return c;
    return NULL;
}

bool smp_watched(void)
{
    return watcher() != NULL;
}

static struct cpu *sleeper_for(const struct thread *t)
{
    for_each_cpu(c) if (c->idle && smp_may_run(t, c)) return c;
    return NULL;
}

/* One kick: who is kicked kicks the next. */
static bool offer_threads(void)
{
    list_for_each(node, &runnable)
    {
        struct cpu *c = sleeper_for(container_of(node, struct thread, run));

        if (c) {
            kick(c);
            return true;
        }
    }
    return false;
}

/* They begin to tick too, so that all share with those who wait. */
static void call_busy(const struct cpu *self)
{
    for_each_cpu(c) if (c != self && !c->idle && !c->ticking) kick(c);
}

void smp_wait(struct cpu *cpu)
{
    struct cpu *other;
    uint64_t deadline_ns = timer_next();

    smp_passed();
    if (run_find(cpu))
        return;
    if (!list_empty(&runnable) && !offer_threads())
        call_busy(cpu); /* not for this CPU: their affinity says so */
    other = watcher();
    if (other && other->deadline_ns <= deadline_ns)
        deadline_ns = NO_DEADLINE;
    cpu->watching = !other;
    cpu->deadline_ns = deadline_ns;
    cpu->idle = true;
    kernel_unlock();
    platform.ops.wait(deadline_ns, cpu->watching ? ABI_WAIT_DEVICES : 0);
    kernel_lock();
    cpu->idle = false;
}

static void call_sleeper(void)
{
    for_each_cpu(c)
    {
        if (c->idle) {
            kick(c);
            return;
        }
    }
}

void smp_settle(struct cpu *cpu, bool tick_came)
{
    struct cpu *w = watcher();

    if (!list_empty(&runnable) && !offer_threads() &&
        (tick_came || !cpu->ticking))
        call_busy(cpu);
    if (w && w->idle && timer_next() < w->deadline_ns)
        kick(w);
    else if (!w && tick_came)
        call_sleeper();
}

void smp_passed(void)
{
    struct cpu *cpu = this_cpu();

    if (!cpu->awaited)
        return;
    cpu->awaited = false;
    waitq_wake(&passed, 0);
}

void smp_poke(struct thread *t)
{
    if (!run_is_current(t))
        return;
    cpu_set_work(t->cpu);
    if (t->cpu != this_cpu())
        kick(t->cpu);
}

/* ---- waiting for the others ------------------------------------------- */

/* Is it still where it was, in the program or on its way into the kernel? */
static bool still_out(const struct cpu *c, uint64_t entries)
{
    return c != this_cpu() && c->current != c->idler && c->entries == entries;
}

static void await_entry(struct cpu *c)
{
    uint64_t entries = c->entries;
    struct waiter w;

    if (!still_out(c, entries))
        return;
    cpu_set_work(c);
    kick(c);
    waiter_init_thread(&w);
    waitq_add(&passed, &w);
    while (still_out(c, entries)) {
        c->awaited = true;
        thread_sleep_uninterruptible(NO_DEADLINE);
    }
    waitq_del(&w);
}

void smp_barrier(void)
{
    for_each_cpu(c) await_entry(c);
}

void smp_stop_others(void)
{
    if (!smp_several() || smp.only)
        return;
    smp.only = current_thread();
    smp_barrier();
}

/* ---- start ------------------------------------------------------------ */

static void idle_for_ever(void *arg)
{
    (void)arg;
    for (;;)
        run_others();
}

/* First on its CPU, on its own stack, as if it had been switched to. */
static void begin(void)
{
    kernel_lock();
    idle_for_ever(NULL);
}

static void make_idler(struct cpu *cpu)
{
    struct thread *t = thread_alloc(idle_for_ever, NULL);

    if (!t)
        panic("no memory for virtual CPU %u", cpu->vcpu.index);
    t->state = THREAD_RUNNABLE;
    t->blocked = ~UINT64_C(0); /* no signal is meant for it */
    t->cpu = cpu;
    cpu->idler = t;
}

static void start(struct cpu *cpu, uint32_t index)
{
    struct abi_vcpu *v = &cpu->vcpu;
    int64_t err;

    cpu_init(cpu, true);
    make_idler(cpu);
    cpu->clock = clock_page();
    cpu->current = cpu->idler;
    v->cpuid = cpus[0].vcpu.cpuid;
    v->frame = (uint64_t)cpu->idler->frame;
    v->kstack_top = v->frame + ABI_FRAME_SIZE;
    err = platform.ops.vcpu_start(index, v, (uint64_t)begin, 0, v->frame);
    if (err < 0)
        panic("virtual CPU %u does not start: error %d", index, (int)-err);
}

void smp_start(void)
{
    uint32_t nr = platform.boot->nr_vcpus;

    if (nr < 2)
        return;
    kernel_lock();
    make_idler(&cpus[0]);
    for (uint32_t i = 1; i < nr; i++)
        start(&cpus[i], i);
    smp.nr_cpus = nr;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads' lives, and the process that they make up.
 */
#include "kernel/sched/thread.h"

#include "abi/layout.h"
#include "kernel/arch/x86_64/arch.h"
#include "kernel/core/alloc.h"
#include "kernel/core/event.h"
#include "kernel/core/lock.h"
#include "kernel/core/log.h"
#include "kernel/sched/futex.h"
#include "kernel/sched/observe.h"
#include "kernel/sched/run.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/smp.h"
#include "lib/string.h"

enum { TID_MAX = 4194304, NR_EXIT_HOOKS = 4 };

struct process process;

static struct waitq exited = {LIST_INIT(exited.waiters)};
static int32_t last_tid;
static uint64_t dead_cpu_ns;
static void (*exit_hooks[NR_EXIT_HOOKS])(void);

void sched_init(void)
{
    list_init(&process.threads);
    process.start_mono_ns = clock_mono_ns();
    process.umask = 022;
    process.dumpable = true;
}

struct thread *thread_find(int32_t tid)
{
    list_for_each(node, &process.threads)
    {
        struct thread *t = container_of(node, struct thread, all);

        if (t->tid == tid)
            return t;
    }
    return NULL;
}

static int32_t new_tid(void)
{
    do {
        last_tid = last_tid < TID_MAX ? last_tid + 1 : 2;
    } while (last_tid != 1 && process.nr_threads && thread_find(last_tid));
    return last_tid;
}

/* The selectors never change; fast entries rely on finding them here. */
static void init_frame(struct thread *t)
{
    uint64_t top = (uint64_t)t->kstack + KSTACK_PAGES * ABI_PAGE_SIZE;

    t->frame = (struct abi_frame *)(top - 8 - ABI_FRAME_SIZE);
    *t->frame = (struct abi_frame){.cs = platform.boot->user_cs,
                                   .ss = platform.boot->user_ss,
                                   .rflags = 0x202};
}

struct thread *thread_alloc(void (*fn)(void *arg), void *arg)
{
    struct thread *t = kzalloc(sizeof(*t));

    if (!t)
        return NULL;
    t->kstack = page_alloc(KSTACK_PAGES);
    if (!t->kstack) {
        kfree(t);
        return NULL;
    }
    init_frame(t);
    list_init(&t->run);
    list_init(&t->sigqueue);
    t->state = THREAD_SLEEPING;
    t->affinity = ~UINT64_C(0);
    run_prepare(t, fn, arg);
    return t;
}

struct thread *thread_create(void (*fn)(void *arg), void *arg)
{
    struct thread *t = thread_alloc(fn, arg);

    if (!t)
        return NULL;
    t->tid = new_tid();
    t->altstack_flags = 2; /* SS_DISABLE */
    t->started_ns = clock_mono_ns();
    list_push_back(&process.threads, &t->all);
    process.nr_threads++;
    return t;
}

void thread_discard(struct thread *t)
{
    list_remove(&t->all);
    process.nr_threads--;
    page_free(t->kstack, KSTACK_PAGES);
    kfree(t->fpu);
    kfree(t);
}

uint32_t sched_nr_cpus(void)
{
    return smp.nr_cpus;
}

_Noreturn void sched_start(struct thread *t)
{
    t->state = THREAD_RUNNABLE;
    run_first(t);
}

_Noreturn void thread_enter_user(void)
{
    struct thread *t = current_thread();

    t->frame->kind = ABI_UPCALL_EVENT;
    t->frame->cs = platform.boot->user_cs;
    t->frame->ss = platform.boot->user_ss;
    sched_return_to_user(t->frame);
    if (smp_several())
        kernel_unlock();
    arch_exit_to_user();
}

_Noreturn void thread_exit(int status)
{
    struct cpu *cpu = this_cpu();
    struct thread *t = cpu->current;

    futex_thread_exit(t);
    if (process.nr_threads == 1)
        process_exit(status);
    timer_cancel(&t->sleep_timer);
    signal_thread_exit(t);
    dead_cpu_ns += thread_cpu_ns(t);
    list_remove(&t->all);
    process.nr_threads--;
    if (cpu->fpu_owner == t)
        cpu->fpu_owner = NULL;
    t->state = THREAD_DEAD;
    waitq_wake(&exited, 0);
    run_reap_later(t);
    run_others();
    panic("a dead thread ran");
}

uint64_t process_cpu_ns(void)
{
    uint64_t sum = dead_cpu_ns;

    list_for_each(node, &process.threads) sum +=
        thread_cpu_ns(container_of(node, struct thread, all));
    return sum;
}

void process_at_exit(void (*fn)(void))
{
    for (int i = 0; i < NR_EXIT_HOOKS; i++) {
        if (!exit_hooks[i]) {
            exit_hooks[i] = fn;
            return;
        }
    }
    panic("too many exit hooks");
}

_Noreturn void process_exit(int status)
{
    if (observer.end)
        observer.end(status);
    for (int i = 0; i < NR_EXIT_HOOKS && exit_hooks[i]; i++)
        exit_hooks[i]();
    event_flush();
    for (;;)
        platform.ops.exit((uint32_t)status & 0xff);
}

void thread_kill_others(void)
{
    struct thread *self = current_thread();
    int err;

    list_for_each(node, &process.threads)
    {
        struct thread *t = container_of(node, struct thread, all);

        if (t == self)
            continue;
        t->killed = true;
        smp_poke(t);
        if (t->state == THREAD_SLEEPING && t->interruptible)
            thread_wake(t);
    }
    do {
        struct waiter w;

        waiter_init_thread(&w);
        waitq_add(&exited, &w);
        err = process.nr_threads == 1
                  ? 1
                  : thread_sleep_uninterruptible(NO_DEADLINE);
        waitq_del(&w);
    } while (err == 0);
    self->tid = 1; /* execve(2): the caller takes the leader's place */
}

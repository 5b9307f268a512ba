/* SPDX-License-Identifier: BSD-2-Clause */
/* See hold.h. A signal gets a virtual CPU out of KVM_RUN; its handler sets
 * immediate_exit, so that one that comes just before KVM_RUN is not lost. */
#include "tender/kvm/hold.h"

#include <signal.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool asked; /* atomic: read before each run; until they are let go */
    bool held;  /* all are parked */
    int only;   /* who may go on; HOLD_NOBODY: all, unless asked */
    struct hold_why why;
    uint32_t nr_parked, nr_threads;
    pid_t threads[ABI_MAX_VCPU]; /* those that have begun */
    int event_fd;
    pid_t process;
} hold = {.lock = PTHREAD_MUTEX_INITIALIZER,
          .changed = PTHREAD_COND_INITIALIZER,
          .only = HOLD_NOBODY,
          .event_fd = -1};

static __thread struct kvm_run *own_run;

static void interrupted(int signal)
{
    (void)signal;
    if (own_run)
        own_run->immediate_exit = 1;
}

void hold_init(void)
{
    const struct sigaction action = {.sa_handler = interrupted};

    hold.process = getpid();
    if (sigaction(SIGUSR1, &action, NULL) < 0)
        die("prepare for a debugger: %m");
    hold.event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (hold.event_fd < 0)
        die("prepare for a debugger: eventfd: %m");
}

static bool is_asked(void)
{
    return __atomic_load_n(&hold.asked, __ATOMIC_SEQ_CST);
}

static void tell_if_all_are_parked(void)
{
    const uint64_t one = 1;

    if (!is_asked() || !hold.nr_threads || hold.nr_parked != hold.nr_threads)
        return;
    hold.held = true;
    (void)!write(hold.event_fd, &one, sizeof(one));
}

/* Under the lock. Whoever does not run now sees it before it does; it may be
 * that none has left yet since it was let go. */
static void ask(struct hold_why why)
{
    if (is_asked())
        return;
    hold.why = why;
    __atomic_store_n(&hold.asked, true, __ATOMIC_SEQ_CST);
    tell_if_all_are_parked();
    for (uint32_t i = 0; i < hold.nr_threads; i++)
        syscall(SYS_tgkill, hold.process, hold.threads[i], SIGUSR1);
}

static bool may_go(const struct vcpu *v)
{
    return !is_asked() &&
           (hold.only == HOLD_NOBODY || hold.only == (int)v->index);
}

/* Under the lock. */
static void park(const struct vcpu *v)
{
    hold.nr_parked++;
    tell_if_all_are_parked();
    while (!may_go(v))
        pthread_cond_wait(&hold.changed, &hold.lock);
    hold.nr_parked--;
}

/* ---- a virtual CPU's thread -------------------------------------------- */

void hold_begin(struct vcpu *v)
{
    if (hold.event_fd < 0)
        return;
    own_run = v->run;
    pthread_mutex_lock(&hold.lock);
    hold.threads[hold.nr_threads++] = (pid_t)syscall(SYS_gettid);
    __atomic_store_n(&v->started, true, __ATOMIC_SEQ_CST);
    if (!may_go(v))
        park(v);
    pthread_mutex_unlock(&hold.lock);
}

void hold_before_run(struct vcpu *v)
{
    v->run->immediate_exit = 0;
    if (is_asked())
        v->run->immediate_exit = 1;
}

void hold_if_asked(struct vcpu *v)
{
    if (!is_asked())
        return;
    pthread_mutex_lock(&hold.lock);
    if (is_asked())
        park(v);
    pthread_mutex_unlock(&hold.lock);
}

void hold_here(struct vcpu *v, struct hold_why why)
{
    why.vcpu = v->index;
    pthread_mutex_lock(&hold.lock);
    ask(why);
    park(v);
    pthread_mutex_unlock(&hold.lock);
}

/* ---- the debugger's thread --------------------------------------------- */

void hold_ask(void)
{
    pthread_mutex_lock(&hold.lock);
    ask((struct hold_why){.signal = SIGINT});
    pthread_mutex_unlock(&hold.lock);
}

int hold_event_fd(void)
{
    return hold.event_fd;
}

bool hold_reason(struct hold_why *why)
{
    uint64_t count;
    bool held;

    pthread_mutex_lock(&hold.lock);
    (void)!read(hold.event_fd, &count, sizeof(count));
    held = hold.held;
    *why = hold.why;
    pthread_mutex_unlock(&hold.lock);
    return held;
}

void hold_release(int only)
{
    pthread_mutex_lock(&hold.lock);
    hold.held = false;
    hold.only = only;
    __atomic_store_n(&hold.asked, false, __ATOMIC_SEQ_CST);
    pthread_cond_broadcast(&hold.changed);
    pthread_mutex_unlock(&hold.lock);
}

void hold_release_others(void)
{
    pthread_mutex_lock(&hold.lock);
    hold.only = HOLD_NOBODY;
    pthread_cond_broadcast(&hold.changed);
    pthread_mutex_unlock(&hold.lock);
}

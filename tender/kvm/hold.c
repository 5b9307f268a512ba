/* SPDX-License-Identifier: BSD-2-Clause */
/* See hold.h. A signal gets the virtual CPU out of KVM_RUN; its handler sets
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
    bool asked; /* atomic: read before each run */
    bool held;
    struct hold_why why;
    int event_fd;
    pid_t process, thread;
    struct kvm_run *run;
} hold = {.lock = PTHREAD_MUTEX_INITIALIZER,
          .changed = PTHREAD_COND_INITIALIZER,
          .event_fd = -1};

static void interrupted(int signal)
{
    (void)signal;
    hold.run->immediate_exit = 1;
}

void hold_init(struct machine *m)
{
    const struct sigaction action = {.sa_handler = interrupted};

    hold.run = m->run;
    hold.process = getpid();
    hold.thread = (pid_t)syscall(SYS_gettid);
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

void hold_ask_self(void)
{
    __atomic_store_n(&hold.asked, true, __ATOMIC_SEQ_CST);
}

void hold_before_run(struct machine *m)
{
    m->run->immediate_exit = 0;
    if (is_asked())
        m->run->immediate_exit = 1;
}

void hold_if_asked(void)
{
    if (is_asked())
        hold_here((struct hold_why){.signal = SIGINT});
}

void hold_here(struct hold_why why)
{
    const uint64_t one = 1;

    pthread_mutex_lock(&hold.lock);
    __atomic_store_n(&hold.asked, false, __ATOMIC_SEQ_CST);
    hold.why = why;
    hold.held = true;
    (void)!write(hold.event_fd, &one, sizeof(one));
    while (hold.held)
        pthread_cond_wait(&hold.changed, &hold.lock);
    pthread_mutex_unlock(&hold.lock);
}

/* ---- the debugger's thread --------------------------------------------- */

void hold_ask(void)
{
    pthread_mutex_lock(&hold.lock);
    if (!hold.held)
        hold_ask_self();
    pthread_mutex_unlock(&hold.lock);
    syscall(SYS_tgkill, hold.process, hold.thread, SIGUSR1);
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

void hold_release(void)
{
    pthread_mutex_lock(&hold.lock);
    hold.held = false;
    pthread_cond_broadcast(&hold.changed);
    pthread_mutex_unlock(&hold.lock);
}

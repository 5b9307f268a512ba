/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals: signal(7), rt_sigaction(2), sigreturn(2). Frames on the program's
 * stack have Linux's layout (struct rt_sigframe, x86-64).
 *
 * A handler of a system call that was interrupted returns one of the ERESTART
 * codes; on the way out it becomes EINTR or the call is made again.
 */
#ifndef EINKORN_KERNEL_SCHED_SIGNAL_H
#define EINKORN_KERNEL_SCHED_SIGNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/sched/thread.h"

enum {
    ERESTARTSYS = 512,           /* again if SA_RESTART, else EINTR */
    ERESTARTNOHAND = 514,        /* again only if no handler ran */
    ERESTART_RESTARTBLOCK = 516, /* as NOHAND here; see nanosleep */
};

struct siginfo_k { /* what siginfo_t carries, kernel form */
    int32_t signo, errno_, code;
    int32_t pid, uid;
    uint64_t value; /* si_value, or the address of a fault */
    int32_t timer_id, overrun;
};

/* To the process (any thread that does not block it) or to one thread. 0 or
 * -EAGAIN (queue full). */
int signal_send_process(const struct siginfo_k *info);
int signal_send_thread(struct thread *t, const struct siginfo_k *info);
/* A fault of the current thread: cannot be blocked or ignored. */
void signal_fault(const struct siginfo_k *info);
/* True if an unblocked signal waits for the current thread. */
bool signal_pending(void);
/* Temporary mask as ppoll, pselect6, epoll_pwait, sigsuspend want it: restored
 * when the system call returns or after the handler's frame is built. */
void signal_set_temp_mask(sigset64_t mask);
/* Takes one pending signal out of `set` (rt_sigtimedwait, signalfd). True and
 * *out filled if there was one. */
bool signal_dequeue(sigset64_t set, struct siginfo_k *out);
/* Woken whenever a signal is sent (signalfd, rt_sigtimedwait). */
extern struct waitq signal_waitq;
/* siginfo_t as programs see it. */
union siginfo_image {
    struct {
        int32_t signo, errno_, code, pad;
        union {
            struct {
                int32_t pid, uid;
                uint64_t value;
            } sent;
            struct {
                int32_t timer_id, overrun;
                uint64_t value;
            } timer;
            struct {
                uint64_t addr;
            } fault;
        };
    };
    uint8_t bytes[128];
};
union siginfo_image signal_image(const struct siginfo_k *info);
/* Writes the 128 bytes of siginfo_t. 0 or -EFAULT. */
int signal_copy_info(uint64_t uptr, const struct siginfo_k *info);
/* The current thread ends: frees what only it would have got. */
void signal_thread_exit(struct thread *t);

/* What sigaction(2) sets; handler may be SIG_DFL (0) or SIG_IGN (1). */
struct signal_action {
    uint64_t handler, flags, restorer;
    sigset64_t mask;
};
struct signal_action *signal_action(int signo);
/* An action changed: drop what is now ignored. */
void signal_action_changed(int signo);
/* sigprocmask(2) of the current thread; KILL and STOP stay open. */
void signal_set_mask(sigset64_t mask);

/* Stop requests of the platform: bit n-1 for signal n. */
void signal_take_stop(uint64_t signals);
/* On the way out to the program: restarts or ends an interrupted call, builds
 * the frames of handlers, acts on defaults. May not return. */
void signal_deliver(struct abi_frame *frame);
/* execve: handlers back to default, ignored ones stay. */
void signal_reset_handlers(void);
/* For /proc/self/status. */
void signal_sets(sigset64_t *pending, sigset64_t *ignored, sigset64_t *caught);

#endif

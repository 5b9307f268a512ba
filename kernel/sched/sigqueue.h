/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside of the signal code: what signal.c, deliver.c and sigframe.c share.
 */
#ifndef EINKORN_KERNEL_SCHED_SIGQUEUE_H
#define EINKORN_KERNEL_SCHED_SIGQUEUE_H

#include "kernel/sched/signal.h"

#define SIGBIT(signo) (UINT64_C(1) << ((signo)-1))

enum { LIMIT_SIGPENDING = 11, LIMIT_CORE = 4 }; /* RLIMIT_* */

struct sigqueue {
    struct list node;
    struct siginfo_k info;
};

/* Would be dropped by its action alone. */
bool signal_ignored(int signo);
/* Pending and not blocked. */
sigset64_t signal_waiting(const struct thread *t);
/* Pushes a struct rt_sigframe and points f at the handler; 0 or -EFAULT. */
int sigframe_push(struct abi_frame *f, const struct siginfo_k *info,
                  const struct signal_action *a, sigset64_t mask);
/* Takes the frame above f->rsp back: rt_sigreturn(2). 0 or -EFAULT. */
int sigframe_pop(struct abi_frame *f);

struct sig_stack;
/* sigaltstack(2). */
int sigstack_set(struct thread *t, const struct sig_stack *s, uint64_t rsp);
int32_t sigstack_flags(const struct thread *t, uint64_t sp);
bool sigstack_on(const struct thread *t, uint64_t sp);

#endif

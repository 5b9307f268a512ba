/* SPDX-License-Identifier: BSD-2-Clause */
/* placeholder */
#include "kernel/sched/sigqueue.h"
#include <asm/errno.h>
int sigframe_push(struct abi_frame *f, const struct siginfo_k *info,
                  const struct signal_action *a, sigset64_t mask)
{
    (void)f, (void)info, (void)a, (void)mask;
    return -EFAULT;
}

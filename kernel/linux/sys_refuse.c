/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls that an instance has nothing for, with the errors that their manual
 * pages name for who lacks the privilege or the means.
 */
#include <asm/errno.h>
#include <linux/sched.h>

#include "kernel/arch/x86_64/frame.h"
#include "kernel/core/log.h"
#include "kernel/linux/calls.h"
#include "kernel/sched/thread.h"

enum { NR_MAX = 512 };

static int64_t refuse(const struct abi_frame *r, int error, const char *text)
{
    static uint64_t told[NR_MAX / 64];
    uint32_t nr = (uint32_t)r->rax;
    uint64_t bit = UINT64_C(1) << nr % 64;

    if (nr < NR_MAX && !(told[nr / 64] & bit)) {
        told[nr / 64] |= bit;
        klog(LOG_INFO, "system call %u (%s) is refused: %s", nr,
             syscall_table[nr].name, text);
    }
    return -error;
}

int64_t sys_refuse(struct abi_frame *r)
{
    return refuse(r, EPERM, "EPERM");
}

int64_t sys_no_handles(struct abi_frame *r)
{
    return refuse(r, EOPNOTSUPP, "EOPNOTSUPP");
}

/* unshare(2): who is alone shares nothing of a process with anybody. */
int64_t sys_unshare(struct abi_frame *r)
{
    const uint64_t namespaces = CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWNET |
                                CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWTIME |
                                CLONE_NEWUSER | CLONE_NEWUTS;
    const uint64_t parts = CLONE_FILES | CLONE_FS | CLONE_SIGHAND |
                           CLONE_SYSVSEM | CLONE_THREAD | CLONE_VM;

    if (r->rdi & ~(namespaces | parts))
        return -EINVAL;
    if (r->rdi & namespaces)
        return refuse(r, EPERM, "EPERM (there is one of each namespace)");
    return !r->rdi || process.nr_threads == 1 ? 0 : -EINVAL;
}

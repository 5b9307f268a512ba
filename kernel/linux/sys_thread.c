/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads and what is left of processes: clone(2) of threads, exit, ids.
 * There is one process. What would make a second one is refused with ENOSYS
 * and one line that says who asked and what to do instead.
 */
#include <asm/errno.h>
#include <asm/prctl.h>
#include <linux/sched.h>
#include <linux/wait.h>

#include "kernel/arch/x86_64/arch.h"
#include "kernel/core/log.h"
#include "kernel/core/uaccess.h"
#include "kernel/linux/calls.h"
#include "kernel/sched/thread.h"
#include "lib/string.h"

static int64_t refuse_fork(const char *call)
{
    static bool said;

    if (!said)
        klog(LOG_ERROR,
             "%s (thread \"%s\") called %s: an instance has one process, so "
             "there is no fork; run it in the foreground (often -f, -F, -d, "
             "-n or --foreground) and in single-process or threaded mode "
             "(nginx: daemon off; master_process off; redis: save \"\")",
             process.exe, current_thread()->comm, call);
    said = true;
    return -ENOSYS;
}

static void child_main(void *arg)
{
    (void)arg;
    thread_enter_user();
}

/* The child's registers: the parent's, but for result and stack. */
static void fill_frame(struct thread *child, const struct abi_frame *r,
                       uint64_t stack)
{
    *child->frame = *r;
    child->frame->rax = 0;
    if (stack)
        child->frame->rsp = stack;
}

static void store_tids(const struct clone_args *a, struct thread *child)
{
    if (a->flags & CLONE_PARENT_SETTID)
        copy_out(a->parent_tid, &child->tid);
    if (a->flags & CLONE_CHILD_SETTID)
        copy_out(a->child_tid, &child->tid);
    if (a->flags & CLONE_CHILD_CLEARTID)
        child->clear_child_tid = a->child_tid;
}

enum {
    THREAD_FLAGS = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD,
    IGNORED_FLAGS = CLONE_FS | CLONE_FILES | CLONE_SYSVSEM | CLONE_DETACHED |
                    CLONE_PTRACE | CLONE_UNTRACED | CLONE_IO,
};

static int64_t check_flags(uint64_t flags)
{
    const uint64_t known = THREAD_FLAGS | IGNORED_FLAGS | CLONE_SETTLS |
                           CLONE_PARENT_SETTID | CLONE_CHILD_SETTID |
                           CLONE_CHILD_CLEARTID;

    if (!(flags & CLONE_THREAD))
        return refuse_fork(flags & CLONE_VFORK ? "clone with CLONE_VFORK "
                                                 "(posix_spawn, vfork)"
                                               : "clone without CLONE_THREAD");
    if ((flags & THREAD_FLAGS) != THREAD_FLAGS)
        return -EINVAL;
    /* A thread with its own files or directory, or CLONE_PIDFD. */
    if ((flags & ~known) || !(flags & CLONE_FILES) || !(flags & CLONE_FS))
        return -EINVAL;
    return 0;
}

static int64_t clone_thread(const struct abi_frame *r,
                            const struct clone_args *a)
{
    int64_t err = check_flags(a->flags);
    struct thread *child;
    int32_t tid;

    if (err)
        return err;
    if ((a->flags & CLONE_SETTLS) && a->tls >= ABI_USER_TOP)
        return -EPERM;
    child = thread_create(child_main, NULL);
    if (!child)
        return -ENOMEM;
    if (thread_inherit(child) < 0) {
        thread_discard(child);
        return -ENOMEM;
    }
    fill_frame(child, r, a->stack ? a->stack + a->stack_size : 0);
    child->fs_base = a->flags & CLONE_SETTLS ? a->tls : arch_fs_base();
    store_tids(a, child);
    tid = child->tid;
    thread_wake(child);
    return tid;
}

int64_t sys_clone(struct abi_frame *r)
{
    struct clone_args a = {.flags = r->rdi & 0xffffffff & ~UINT64_C(CSIGNAL),
                           .stack = r->rsi,
                           .parent_tid = r->rdx,
                           .child_tid = r->r10,
                           .tls = r->r8};

    return clone_thread(r, &a);
}

int64_t sys_clone3(struct abi_frame *r)
{
    struct clone_args a = {0};
    uint64_t size = r->rsi;
    uint8_t beyond = 0;

    if (size < CLONE_ARGS_SIZE_VER0)
        return -EINVAL;
    if (size > ABI_PAGE_SIZE)
        return -E2BIG;
    for (uint64_t i = sizeof(a); i < size; i++) {
        if (copy_in(&beyond, r->rdi + i) < 0)
            return -EFAULT;
        if (beyond)
            return -E2BIG;
    }
    if (copy_from_user(&a, r->rdi, size < sizeof(a) ? size : sizeof(a)) < 0)
        return -EFAULT;
    if (!a.stack != !a.stack_size)
        return -EINVAL;
    if (a.set_tid_size || (a.flags & CLONE_INTO_CGROUP))
        return -EINVAL;
    return clone_thread(r, &a);
}

int64_t sys_fork(struct abi_frame *r)
{
    (void)r;
    return refuse_fork("fork");
}

int64_t sys_vfork(struct abi_frame *r)
{
    (void)r;
    return refuse_fork("vfork");
}

int64_t sys_exit(struct abi_frame *r)
{
    thread_exit((int)r->rdi & 0xff);
}

int64_t sys_exit_group(struct abi_frame *r)
{
    process_exit((int)r->rdi & 0xff);
}

int64_t sys_wait4(struct abi_frame *r)
{
    const uint32_t known =
        WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL;

    return (uint32_t)r->rdx & ~known ? -EINVAL : -ECHILD;
}

int64_t sys_waitid(struct abi_frame *r)
{
    const uint32_t what = WEXITED | WSTOPPED | WCONTINUED;
    const uint32_t known =
        what | WNOHANG | WNOWAIT | __WNOTHREAD | __WCLONE | __WALL;
    uint32_t options = (uint32_t)r->r10;

    if ((options & ~known) || !(options & what))
        return -EINVAL;
    switch ((int32_t)r->rdi) {
    case P_ALL:
        return -ECHILD;
    case P_PID:
        return (int32_t)r->rsi > 0 ? -ECHILD : -EINVAL;
    case P_PGID:
        return (int32_t)r->rsi >= 0 ? -ECHILD : -EINVAL;
    case P_PIDFD:
        return (int32_t)r->rsi >= 0 ? -EBADF : -EINVAL;
    default:
        return -EINVAL;
    }
}

int64_t sys_set_tid_address(struct abi_frame *r)
{
    struct thread *t = current_thread();

    t->clear_child_tid = r->rdi;
    return t->tid;
}

int64_t sys_gettid(struct abi_frame *r)
{
    (void)r;
    return current_thread()->tid;
}

int64_t sys_getpid(struct abi_frame *r)
{
    (void)r;
    return 1;
}

int64_t sys_getppid(struct abi_frame *r)
{
    (void)r;
    return 0;
}

static bool is_self(uint64_t pid)
{
    return (int32_t)pid == 0 || (int32_t)pid == 1;
}

int64_t sys_getpgrp(struct abi_frame *r)
{
    (void)r;
    return 1;
}

int64_t sys_getpgid(struct abi_frame *r)
{
    return is_self(r->rdi) ? 1 : -ESRCH;
}

int64_t sys_getsid(struct abi_frame *r)
{
    return is_self(r->rdi) ? 1 : -ESRCH;
}

/* The process leads its session and group from the start, as a container's
 * first process does: both calls fail as setsid(2) and setpgid(2) say. */
int64_t sys_setpgid(struct abi_frame *r)
{
    if ((int32_t)(r->rsi ? r->rsi : r->rdi) < 0)
        return -EINVAL;
    return is_self(r->rdi) ? -EPERM : -ESRCH;
}

int64_t sys_setsid(struct abi_frame *r)
{
    (void)r;
    return -EPERM;
}

int64_t sys_set_robust_list(struct abi_frame *r)
{
    struct thread *t = current_thread();

    if (r->rsi != 24) /* sizeof(struct robust_list_head) */
        return -EINVAL;
    t->robust_list = r->rdi;
    t->robust_list_len = r->rsi;
    return 0;
}

int64_t sys_get_robust_list(struct abi_frame *r)
{
    struct thread *t =
        (int32_t)r->rdi ? thread_find((int32_t)r->rdi) : current_thread();

    if (!t)
        return -ESRCH;
    if (copy_out(r->rsi, &t->robust_list) < 0)
        return -EFAULT;
    t->robust_list_len = 24;
    return copy_out(r->rdx, &t->robust_list_len);
}

int64_t sys_arch_prctl(struct abi_frame *r)
{
    uint64_t base;

    switch (r->rdi) {
    case ARCH_SET_FS:
        if (r->rsi >= ABI_USER_TOP)
            return -EPERM;
        arch_set_fs_base(r->rsi);
        return 0;
    case ARCH_GET_FS:
        base = arch_fs_base();
        return copy_out(r->rsi, &base);
    case ARCH_GET_GS:
        base = 0;
        return copy_out(r->rsi, &base);
    case ARCH_SET_GS: /* the kernel's own register here */
        return r->rsi ? -EPERM : 0;
    default:
        return -EINVAL;
    }
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * execve(2) and execveat(2). Everything that can be refused is checked before
 * the old program is given up.
 */
#include "kernel/linux/exec.h"

#include <asm/errno.h>
#include <asm/signal.h>
#include <linux/fcntl.h>
#include <linux/resource.h>
#include <linux/signal.h>

#include "kernel/arch/x86_64/arch.h"
#include "kernel/core/cpu.h"
#include "kernel/core/log.h"
#include "kernel/core/random.h"
#include "kernel/core/uaccess.h"
#include "kernel/linux/aio.h"
#include "kernel/linux/calls.h"
#include "kernel/linux/sigtimer.h"
#include "kernel/linux/vdso.h"
#include "kernel/mm/mm.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/thread.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/inode.h"
#include "kernel/vfs/vfs.h"
#include "lib/string.h"

/* Where Linux puts position-independent programs. */
static const uint64_t pie_base = UINT64_C(0x555555554000);

static void reset_thread(const struct exec *e)
{
    struct thread *t = current_thread();

    t->clear_child_tid = t->robust_list = t->rseq_area = 0;
    t->altstack_sp = t->altstack_size = 0;
    t->altstack_flags = SS_DISABLE;
    t->fs_base = 0;
    arch_set_fs_base(0);
    thread_reset_fpu();
    inode_set_running(e->main.file->inode);
    strlcpy(t->comm, e->comm, sizeof(t->comm));
    if (file_path(e->main.file, process.exe, sizeof(process.exe)) < 0)
        strlcpy(process.exe, e->path, sizeof(process.exe));
}

static void reset_process(void)
{
    const struct rlimit64_pair *l = process.limits;

    thread_kill_others();
    fd_close_on_exec();
    signal_reset_handlers();
    timers_exec();
    aio_exec();
    mm_reset();
    mm_set_limits(l[RLIMIT_AS].soft, l[RLIMIT_DATA].soft, l[RLIMIT_STACK].soft);
}

static void set_brk(uint64_t end)
{
    uint64_t gap = (random_u64() & 0x1fff) * ABI_PAGE_SIZE; /* 32 MiB */

    mm_set_brk(((end + ABI_PAGE_SIZE - 1) & -ABI_PAGE_SIZE) + gap);
}

/* Maps everything; *entry and the stack pointer, or -errno. */
static int64_t map_program(const struct exec *e, uint64_t *entry)
{
    uint64_t hint = pie_base + (random_u64() >> 36) * ABI_PAGE_SIZE;
    struct elf_mapped program, loader = {0};
    struct exec_stack stack = {.args = &e->args,
                               .path = e->path,
                               .program = &e->main,
                               .main = &program};
    int64_t top = exec_stack_map(e->main.exec_stack);
    int err = top < 0 ? (int)top : elf_program_map(&e->main, hint, &program);

    if (err)
        return err;
    set_brk(program.end);
    if (e->has_loader)
        err = elf_program_map(&e->loader, 0, &loader);
    if (err)
        return err;
    stack.top = (uint64_t)top;
    stack.interp_bias = loader.bias;
    stack.vdso = vdso_map();
    *entry = e->has_loader ? loader.entry : program.entry;
    return exec_stack_build(&stack);
}

int exec_commit(const struct exec *e)
{
    struct abi_frame *f = current_thread()->frame;
    uint64_t entry = 0;
    int64_t sp;

    reset_process();
    reset_thread(e);
    sp = map_program(e, &entry);
    if (sp < 0)
        return (int)sp;
    *f = (struct abi_frame){.kind = ABI_UPCALL_SYSCALL,
                            .rip = entry,
                            .rsp = (uint64_t)sp,
                            .rflags = 0x202,
                            .cs = platform.boot->user_cs,
                            .ss = platform.boot->user_ss};
    return 0;
}

/* A quarter of the stack, but 128 KiB at least (execve(2), "Limits"). */
static int check_size(const struct exec_args *a)
{
    uint64_t most = process.limits[RLIMIT_STACK].soft / 4;
    uint64_t need = a->len_bytes + 8 * ((uint64_t)a->argc + a->envc);

    if (most < EXEC_STRING_MAX)
        most = EXEC_STRING_MAX;
    return need > most ? -E2BIG : 0;
}

static int64_t exec_user(int dirfd, uint64_t path_uptr, uint64_t argv,
                         uint64_t envp, uint32_t flags)
{
    struct exec *e = exec_new();
    int64_t err;

    if (!e)
        return -ENOMEM;
    err = strncpy_from_user(e->path, path_uptr, sizeof(e->path));
    if (err >= 0)
        err = exec_args_import(&e->args, argv, envp);
    if (!err)
        err = check_size(&e->args);
    if (!err)
        err = exec_load(e, dirfd, flags);
    if (!err && exec_commit(e)) {
        klog(LOG_ERROR, "%s: out of memory while starting it", e->path);
        process_exit(128 + SIGSEGV);
    }
    exec_free(e);
    return err;
}

int64_t sys_execve(struct abi_frame *r)
{
    return exec_user(AT_FDCWD, r->rdi, r->rsi, r->rdx, 0);
}

int64_t sys_execveat(struct abi_frame *r)
{
    if (r->r8 & ~(uint64_t)(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
        return -EINVAL;
    return exec_user((int)r->rdi, r->rsi, r->rdx, r->r10, (uint32_t)r->r8);
}

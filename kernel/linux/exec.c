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
#include <linux/stat.h>

#include "kernel/arch/x86_64/arch.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cpu.h"
#include "kernel/core/log.h"
#include "kernel/core/random.h"
#include "kernel/core/uaccess.h"
#include "kernel/linux/calls.h"
#include "kernel/linux/sigtimer.h"
#include "kernel/linux/vdso.h"
#include "kernel/mm/mm.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/thread.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/inode.h"
#include "kernel/vfs/namei.h"
#include "kernel/vfs/vfs.h"
#include "lib/string.h"

enum { SCRIPT_DEPTH_MAX = 5 };

/* Where Linux puts position-independent programs. */
static const uint64_t pie_base = UINT64_C(0x555555554000);

void exec_free(struct exec *e)
{
    if (!e)
        return;
    elf_program_close(&e->main);
    elf_program_close(&e->loader);
    exec_args_free(&e->args);
    kfree(e);
}

/* A regular file that may be executed. */
static int open_file(int dirfd, const char *path, uint32_t open_flags,
                     uint32_t lookup_flags, struct file **out)
{
    int err =
        vfs_open(dirfd, path, O_RDONLY | open_flags, 0, lookup_flags, out);

    if (err)
        return err;
    if (!(*out)->inode || !S_ISREG((*out)->inode->mode))
        err = -EACCES;
    else
        err = inode_permission((*out)->inode, 1);
    if (err)
        file_put(*out);
    return err;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Cuts the next word, or with `all` the rest of the line without blanks at
 * its end; NULL: there is none. */
static char *cut_word(char **line, bool all)
{
    char *word = *line, *end;

    while (is_blank(*word))
        word++;
    for (end = word; *end && (all || !is_blank(*end)); end++)
        ;
    *line = *end ? end + 1 : end;
    while (end > word && is_blank(end[-1]))
        end--;
    *end = '\0';
    return *word ? word : NULL;
}

/* "#!interp [arg]": the interpreter takes the script's place. */
static int enter_script(struct exec *e, struct file *script)
{
    char line[EXEC_SCRIPT_LINE_MAX + 1] = {0}, *rest = line + 2;
    char *end, *interp, *arg;
    int64_t n = file_pread_kernel(script, line, sizeof(line) - 1, 0);
    int err;

    if (n < 0)
        return (int)n;
    end = strchr(line, '\n');
    if (!end && n == sizeof(line) - 1)
        return -ENOEXEC; /* cut short: perhaps not the whole name */
    if (end)
        *end = '\0';
    interp = cut_word(&rest, false);
    arg = cut_word(&rest, true);
    if (!interp)
        return -ENOEXEC;
    err = exec_args_insert_script(&e->args, interp, arg, e->path);
    if (!err)
        strlcpy(e->path, interp, sizeof(e->path));
    e->is_script = true;
    return err;
}

/* The ELF file behind `file`, through scripts. Consumes the reference. */
static int load_main(struct exec *e, struct file *file)
{
    for (int depth = 0; depth < SCRIPT_DEPTH_MAX; depth++) {
        int err = elf_program_open(&e->main, file, &e->reason);

        if (!err)
            return 0;
        if (e->reason == ELF_SCRIPT) {
            err = enter_script(e, file);
            file_put(file);
            if (!err)
                err = open_file(AT_FDCWD, e->path, 0, 0, &file);
        } else {
            file_put(file);
        }
        if (err)
            return err;
    }
    file_put(file);
    return -ELOOP;
}

static int load_loader(struct exec *e)
{
    struct file *file;
    int err;

    if (!e->main.interp[0])
        return 0;
    e->missing = e->main.interp;
    err = open_file(AT_FDCWD, e->main.interp, 0, 0, &file);
    if (err)
        return err;
    err = elf_program_open(&e->loader, file, &e->reason);
    if (err)
        file_put(file);
    e->has_loader = !err;
    return err == -ENOEXEC ? -ELIBBAD : err;
}

int exec_load(struct exec *e, int dirfd, uint32_t flags)
{
    uint32_t open_flags = flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0;
    uint32_t lookup_flags = flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0;
    const char *slash = strrchr(e->path, '/');
    struct file *file;
    int err = open_file(dirfd, e->path, open_flags, lookup_flags, &file);

    if (err)
        return err;
    strlcpy(e->comm, slash ? slash + 1 : e->path, sizeof(e->comm));
    if (!e->path[0])
        file_path(file, e->path, sizeof(e->path));
    err = load_main(e, file);
    return err ? err : load_loader(e);
}

/* ---- the point of no return -------------------------------------------- */

static void reset_thread(const struct exec *e)
{
    struct thread *t = current_thread();

    t->clear_child_tid = t->robust_list = t->rseq_area = 0;
    t->altstack_sp = t->altstack_size = 0;
    t->altstack_flags = SS_DISABLE;
    t->fs_base = 0;
    arch_set_fs_base(0);
    thread_reset_fpu();
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

/* ---- system calls ------------------------------------------------------- */

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
    struct exec *e = kzalloc(sizeof(*e));
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

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The notes of a core file: elf(5), Linux's include/uapi/linux/elf.h and
 * elfcore.h name them, x86-64's layouts are fixed by what gdb reads.
 */
#include <asm/errno.h>
#include <linux/elf.h>

#include "kernel/arch/x86_64/arch.h"
#include "kernel/arch/x86_64/fpu.h"
#include "kernel/arch/x86_64/frame.h"
#include "kernel/core/alloc.h"
#include "kernel/core/uaccess.h"
#include "kernel/linux/core.h"
#include "kernel/linux/timespec.h"
#include "kernel/mm/mm.h"
#include "kernel/sched/signal.h"
#include "kernel/vfs/cred.h"
#include "lib/string.h"

enum {
    FXSAVE_BYTES = 512,
    XCR0_OFFSET = 464, /* where debuggers look for the components */
    AUXV_MAX = 1024,
    ARGS_SHOWN = 80,
};

/* struct user_regs_struct */
struct core_regs {
    uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi,
        rdi, orig_rax, rip, cs, rflags, rsp, ss, fs_base, gs_base, ds, es, fs,
        gs;
};

/* struct elf_prstatus */
struct core_status {
    int32_t signo, code, errno_;
    int16_t cursig;
    uint64_t pending, blocked;
    int32_t tid, ppid, pgrp, sid;
    struct ktimeval user, system, child_user, child_system;
    struct core_regs regs;
    int32_t fpu_valid;
};
_Static_assert(sizeof(struct core_status) == 336, "prstatus");

/* struct elf_prpsinfo */
struct core_process {
    char state, sname, zombie, nice;
    uint64_t flags;
    uint32_t uid, gid;
    int32_t pid, ppid, pgrp, sid;
    char name[16];
    char args[ARGS_SHOWN];
};
_Static_assert(sizeof(struct core_process) == 136, "prpsinfo");

static void put_padded(struct core_out *o, const void *data, uint64_t len)
{
    const uint32_t zero = 0;

    core_put(o, data, len);
    core_put(o, &zero, -len & 3);
}

static void put_header(struct core_out *o, const char *owner, uint32_t type,
                       uint64_t len)
{
    uint32_t owner_len = (uint32_t)strlen(owner) + 1;
    Elf64_Nhdr h = {owner_len, (uint32_t)len, type};

    core_put(o, &h, sizeof(h));
    put_padded(o, owner, owner_len);
}

static void put_note(struct core_out *o, const char *owner, uint32_t type,
                     const void *data, uint64_t len)
{
    put_header(o, owner, type, len);
    put_padded(o, data, len);
}

static bool in_call(const struct abi_frame *f)
{
    return f->kind == FRAME_KIND_FAST || f->kind == ABI_UPCALL_SYSCALL;
}

/* Program counters in trampolines are shown as where the call really stands. */
static struct core_regs regs_of(const struct thread *t,
                                const struct abi_frame *f)
{
    const struct abi_boot *boot = platform.boot;

    return (struct core_regs){
        .r15 = f->r15,
        .r14 = f->r14,
        .r13 = f->r13,
        .r12 = f->r12,
        .rbp = f->rbp,
        .rbx = f->rbx,
        .r11 = f->r11,
        .r10 = f->r10,
        .r9 = f->r9,
        .r8 = f->r8,
        .rax = f->rax,
        .rcx = f->rcx,
        .rdx = f->rdx,
        .rsi = f->rsi,
        .rdi = f->rdi,
        .orig_rax = in_call(f) ? t->syscall_nr : UINT64_MAX,
        .rip = mm_canonical_pc(f->rip),
        .cs = boot->user_cs,
        .rflags = f->rflags,
        .rsp = f->rsp,
        .ss = boot->user_ss,
        .fs_base = t == current_thread() ? arch_fs_base() : t->fs_base,
    };
}

static void put_status(struct core_out *o, const struct thread *t,
                       const struct abi_frame *f, const struct siginfo_k *info)
{
    uint64_t ns = thread_cpu_ns(t);
    struct core_status s = {
        .signo = info->signo,
        .code = info->code,
        .errno_ = info->errno_,
        .cursig = (int16_t)info->signo,
        .pending = t->pending,
        .blocked = t->blocked,
        .tid = t->tid,
        .pgrp = 1,
        .sid = 1,
        .user = {(int64_t)(ns / NSEC_PER_SEC),
                 (int64_t)(ns % NSEC_PER_SEC / 1000)},
        .regs = regs_of(t, f),
        .fpu_valid = 1,
    };

    put_note(o, "CORE", NT_PRSTATUS, &s, sizeof(s));
}

static void put_process(struct core_out *o, const struct thread *t)
{
    struct core_process p = {.sname = 'R',
                             .nice = (char)t->nice,
                             .uid = process.uid,
                             .gid = process.gid,
                             .pid = 1,
                             .pgrp = 1,
                             .sid = 1};
    uint64_t len = process.arg_end - process.arg_start;

    strlcpy(p.name, t->comm, sizeof(p.name));
    len = len < ARGS_SHOWN ? len : ARGS_SHOWN;
    if (len && copy_from_user(p.args, process.arg_start, len) == 0)
        for (uint64_t i = 0; i + 1 < len; i++)
            p.args[i] = p.args[i] ? p.args[i] : ' ';
    p.args[ARGS_SHOWN - 1] = 0;
    put_note(o, "CORE", NT_PRPSINFO, &p, sizeof(p));
}

static void put_auxv(struct core_out *o)
{
    uint8_t auxv[AUXV_MAX];
    uint64_t len = process.auxv_len < AUXV_MAX ? process.auxv_len : AUXV_MAX;

    if (copy_from_user(auxv, process.auxv_start, len) == 0)
        put_note(o, "CORE", NT_AUXV, auxv, len);
}

/* fn for each mapping of a file. */
static void each_file(struct core_out *o, struct mm_info *m,
                      void (*fn)(struct core_out *o, const struct mm_info *m))
{
    for (uint64_t addr = 0; mm_next(addr, m); addr = m->end)
        if (m->name[0] == '/')
            fn(o, m);
}

static void put_range(struct core_out *o, const struct mm_info *m)
{
    const uint64_t range[3] = {m->start, m->end, m->off / ABI_PAGE_SIZE};

    core_put(o, range, sizeof(range));
}

static void put_name(struct core_out *o, const struct mm_info *m)
{
    core_put(o, m->name, strlen(m->name) + 1);
}

static uint64_t size_of_files(struct mm_info *m, uint64_t *nr)
{
    uint64_t len = 2 * sizeof(uint64_t);

    *nr = 0;
    for (uint64_t addr = 0; mm_next(addr, m); addr = m->end) {
        if (m->name[0] != '/')
            continue;
        len += 3 * sizeof(uint64_t) + strlen(m->name) + 1;
        ++*nr;
    }
    return len;
}

static void put_files(struct core_out *o)
{
    static struct mm_info m;
    uint64_t head[2] = {0, ABI_PAGE_SIZE}, len = size_of_files(&m, &head[0]);
    const uint32_t zero = 0;

    put_header(o, "CORE", NT_FILE, len);
    core_put(o, head, sizeof(head));
    each_file(o, &m, put_range);
    each_file(o, &m, put_name);
    core_put(o, &zero, -len & 3);
}

/* t's vector registers; the area's place for XCR0 is the program's to use
 * (FXSAVE leaves it alone), debuggers want it filled. */
static void put_fpu(struct core_out *o, struct thread *t, uint8_t *area)
{
    uint64_t features = arch_fpu_features();

    if (thread_fpu_image(t, area) < 0)
        return;
    memcpy(area + XCR0_OFFSET, &features, sizeof(features));
    put_note(o, "CORE", NT_PRFPREG, area, FXSAVE_BYTES);
    if (features)
        put_note(o, "LINUX", NT_X86_XSTATE, area, fpu_size_bytes());
}

void core_notes(struct core_out *o, const struct abi_frame *f,
                const struct siginfo_k *info)
{
    struct thread *self = current_thread();
    union siginfo_image image = signal_image(info);
    uint32_t nr_pages = (fpu_size_bytes() + ABI_PAGE_SIZE - 1) / ABI_PAGE_SIZE;
    uint8_t *area = page_alloc(nr_pages);

    if (!area) {
        o->failed = true;
        return;
    }
    memset(area, 0, nr_pages * ABI_PAGE_SIZE);
    put_status(o, self, f, info);
    put_process(o, self);
    put_note(o, "CORE", NT_SIGINFO, &image, sizeof(image));
    put_auxv(o);
    put_files(o);
    put_fpu(o, self, area);
    list_for_each(node, &process.threads)
    {
        struct thread *t = container_of(node, struct thread, all);

        if (t == self || t->state == THREAD_DEAD)
            continue;
        put_status(o, t, t->frame, info);
        put_fpu(o, t, area);
    }
    page_free(area, nr_pages);
}

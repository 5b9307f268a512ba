/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stack that a program starts with: System V ABI for x86-64, 3.4.1, with
 * Linux's auxiliary vector.
 */
#include <asm/errno.h>
#include <linux/auxvec.h>
#include <linux/mman.h>
#include <linux/resource.h>

#include "abi/layout.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cpu.h"
#include "kernel/core/random.h"
#include "kernel/core/uaccess.h"
#include "kernel/linux/exec.h"
#include "kernel/mm/mm.h"
#include "kernel/sched/thread.h"
#include "kernel/vfs/file.h"
#include "lib/string.h"

enum {
    AUX_MAX = 24,
    CLOCK_TICKS = 100,
    RANDOM_BYTES = 16,
    /* Of a signal frame, beside the XSAVE area. */
    SIGFRAME_BYTES = 936,
};

static const uint64_t stack_commit_bytes = UINT64_C(8) << 20;
static const uint64_t stack_min_bytes = UINT64_C(128) << 10;
static const uint64_t stack_max_bytes = UINT64_C(1) << 30;
static const uint64_t guard_bytes = UINT64_C(1) << 20;

/* Random number of pages below 2^bits, in bytes. */
static uint64_t random_pages(unsigned bits)
{
    return (random_u64() >> (64 - bits)) * ABI_PAGE_SIZE;
}

/* A little less than stack_commit_bytes: it begins where a page table does. */
static uint64_t whole_blocks(uint64_t top)
{
    const uint64_t block = UINT64_C(2) << 20;

    return top - ((top - stack_commit_bytes + block - 1) & -block);
}

/* What RLIMIT_STACK allows is kept free below the part that is mapped. */
int64_t exec_stack_map(bool executable)
{
    uint64_t limit = process.limits[RLIMIT_STACK].soft & -ABI_PAGE_SIZE;
    uint64_t top = ABI_USER_TOP - ABI_PAGE_SIZE - random_pages(22);
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN;
    int prot = PROT_READ | PROT_WRITE;
    uint64_t size;
    int64_t at = -EACCES;

    limit = limit < stack_min_bytes ? stack_min_bytes : limit;
    limit = limit > stack_max_bytes ? stack_max_bytes : limit;
    size = limit < stack_commit_bytes ? limit : whole_blocks(top);
    if (executable)
        at = mm_map(top - size, size, prot | PROT_EXEC, flags, NULL, 0);
    if (at == -EACCES)
        at = mm_map(top - size, size, prot, flags, NULL, 0);
    if (at < 0)
        return at;
    mm_name((uint64_t)at, "[stack]");
    process.stack_top = top;
    mm_set_map_top(top - limit - guard_bytes - random_pages(28));
    return (int64_t)top;
}

/* Copies below *sp, which is lowered. */
static int push(uint64_t *sp, const void *buf, size_t len)
{
    *sp -= len;
    return copy_to_user(*sp, buf, len);
}

struct places {
    uint64_t path, strings, platform, random, sp;
};

static int push_strings(const struct exec_stack *s, struct places *p)
{
    static const char name[] = "x86_64";
    uint8_t random[RANDOM_BYTES];
    int err;

    p->sp -= 8; /* ends with a null pointer */
    err = push(&p->sp, s->path, strlen(s->path) + 1);
    p->path = p->sp;
    err = err ?: push(&p->sp, s->args->buf, s->args->len_bytes);
    p->strings = p->sp;
    err = err ?: push(&p->sp, name, sizeof(name));
    p->platform = p->sp;
    /* Start-up of many threads falls on different cache sets that way. */
    p->sp = (p->sp - (random_u64() & 0x1fff)) & -UINT64_C(16);
    random_bytes(random, sizeof(random));
    err = err ?: push(&p->sp, random, sizeof(random));
    p->random = p->sp;
    return err;
}

/* Pairs of type and value; returns the number of words. */
static size_t fill_auxv(const struct exec_stack *s, const struct places *p,
                        uint64_t *v)
{
    const struct abi_boot *boot = platform.boot;
    const uint64_t pairs[AUX_MAX][2] = {
        {s->vdso ? AT_SYSINFO_EHDR : AT_IGNORE, s->vdso},
        {AT_MINSIGSTKSZ, (fpu_size_bytes() + SIGFRAME_BYTES + 15) & -16u},
        {AT_HWCAP, boot->hwcap},
        {AT_PAGESZ, ABI_PAGE_SIZE},
        {AT_CLKTCK, CLOCK_TICKS},
        {AT_PHDR, s->main->phdr},
        {AT_PHENT, sizeof(struct elf64_phdr)},
        {AT_PHNUM, s->program->ehdr.e_phnum},
        {AT_BASE, s->interp_bias},
        {AT_FLAGS, 0},
        {AT_ENTRY, s->main->entry},
        {AT_UID, process.uid},
        {AT_EUID, process.euid},
        {AT_GID, process.gid},
        {AT_EGID, process.egid},
        {AT_SECURE, 0},
        {AT_RANDOM, p->random},
        {AT_HWCAP2, boot->hwcap2},
        {AT_EXECFN, p->path},
        {AT_PLATFORM, p->platform},
        {AT_NULL, 0},
    };

    memcpy(v, pairs, sizeof(pairs));
    return 2 * AUX_MAX;
}

/* Pointers to nr strings that stand one after another; the kernel's copy says
 * how long they are. Returns the address behind the last. */
static uint64_t *fill_pointers(uint64_t *v, const char *string, uint32_t nr,
                               uint64_t *uptr)
{
    while (nr--) {
        size_t len = strlen(string) + 1;

        *v++ = *uptr;
        *uptr += len;
        string += len;
    }
    *v++ = 0;
    return v;
}

static size_t fill_vectors(const struct exec_stack *s, const struct places *p,
                           uint64_t *words)
{
    const struct exec_args *a = s->args;
    uint64_t *v = words, uptr = p->strings;

    *v++ = a->argc;
    process.arg_start = uptr;
    v = fill_pointers(v, a->buf, a->argc, &uptr);
    process.arg_end = process.env_start = uptr;
    v = fill_pointers(v, a->buf + a->argv_bytes, a->envc, &uptr);
    process.env_end = uptr;
    process.auxv_start = (uint64_t)(v - words); /* index, for now */
    return (size_t)(v - words) + fill_auxv(s, p, v);
}

int64_t exec_stack_build(const struct exec_stack *s)
{
    size_t max = 3 + (size_t)s->args->argc + s->args->envc + 2 * AUX_MAX;
    struct places p = {.sp = s->top};
    uint64_t *words;
    size_t nr;
    int err;

    words = kmalloc(max * sizeof(*words));
    if (!words)
        return -ENOMEM;
    err = push_strings(s, &p);
    nr = fill_vectors(s, &p, words);
    if (nr % 2)
        p.sp -= 8; /* rsp is 16-byte aligned at entry */
    err = err ?: push(&p.sp, words, nr * sizeof(*words));
    process.auxv_start = p.sp + process.auxv_start * sizeof(*words);
    process.auxv_len = 2 * AUX_MAX * sizeof(*words);
    kfree(words);
    return err ? err : (int64_t)p.sp;
}

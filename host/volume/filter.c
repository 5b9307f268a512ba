/* SPDX-License-Identifier: BSD-2-Clause */
/* seccomp(2) for the server: see filter.h. */
#include "host/volume/filter.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* A call is allowed if one rule allows it: any argument will do, one has none
 * of these bits, or one has this value. */
enum test { ANY, NONE_OF, IS };

struct rule {
    uint16_t nr;
    uint8_t test, arg;
    uint32_t value;
};

static const struct rule rules[] = {
    /* the channel */
    {SYS_recvfrom, ANY, 0, 0},
    {SYS_sendto, ANY, 0, 0},
    {SYS_poll, ANY, 0, 0},
    /* data */
    {SYS_pread64, ANY, 0, 0},
    {SYS_pwrite64, ANY, 0, 0},
    {SYS_write, ANY, 0, 0},
    {SYS_fstat, ANY, 0, 0},
    {SYS_close, ANY, 0, 0},
    {SYS_newfstatat, ANY, 0, 0},
    {SYS_fstatfs, ANY, 0, 0},
    {SYS_getdents64, ANY, 0, 0},
    {SYS_lseek, ANY, 0, 0},
    {SYS_fsync, ANY, 0, 0},
    {SYS_fdatasync, ANY, 0, 0},
    {SYS_ftruncate, ANY, 0, 0},
    /* changes on the host */
    {SYS_read, ANY, 0, 0},
    {SYS_inotify_add_watch, ANY, 0, 0},
    {SYS_inotify_rm_watch, ANY, 0, 0},
    /* files below the volume; none that runs as somebody else */
    {SYS_openat, NONE_OF, 3, S_ISUID | S_ISGID},
    {SYS_fcntl, IS, 1, F_DUPFD_CLOEXEC},
    {SYS_fcntl, IS, 1, F_SETFD}, /* musl, behind the former */
    {SYS_fcntl, IS, 1, F_OFD_SETLK},
    {SYS_fcntl, IS, 1, F_OFD_GETLK},
    {SYS_mkdirat, ANY, 0, 0},
    {SYS_mknodat, NONE_OF, 2, S_ISUID | S_ISGID},
    {SYS_symlinkat, ANY, 0, 0},
    {SYS_linkat, ANY, 0, 0},
    {SYS_renameat2, ANY, 0, 0},
    {SYS_unlinkat, ANY, 0, 0},
    {SYS_readlinkat, ANY, 0, 0},
    {SYS_fchownat, ANY, 0, 0},
    {SYS_fchmodat, NONE_OF, 2, S_ISUID},
    {SYS_utimensat, ANY, 0, 0},
    {SYS_getxattr, ANY, 0, 0},
    {SYS_setxattr, ANY, 0, 0},
    {SYS_listxattr, ANY, 0, 0},
    {SYS_removexattr, ANY, 0, 0},
    /* the end; memory it has from the start */
    {SYS_rt_sigreturn, ANY, 0, 0},
    {SYS_restart_syscall, ANY, 0, 0},
    {SYS_exit_group, ANY, 0, 0},
};

enum {
    NR_RULES = sizeof(rules) / sizeof(rules[0]),
    RULE_MAX = 5,
    CODE_MAX = 12 + NR_RULES * RULE_MAX,
};

struct code {
    struct sock_filter at[CODE_MAX];
    uint16_t len;
};

static void emit(struct code *c, uint16_t op, uint32_t k, uint8_t if_true,
                 uint8_t if_false)
{
    c->at[c->len++] = (struct sock_filter)BPF_JUMP(op, k, if_true, if_false);
}

static void load(struct code *c, size_t offset)
{
    emit(c, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void load_nr(struct code *c)
{
    load(c, offsetof(struct seccomp_data, nr));
}

static void load_arg(struct code *c, unsigned arg, bool upper)
{
    load(c, offsetof(struct seccomp_data, args) + 8 * arg + (upper ? 4 : 0));
}

static void allow(struct code *c)
{
    emit(c, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
}

/* The arguments compared are ints: the kernel looks at no more. */
static void add_rule(struct code *c, const struct rule *r)
{
    if (r->test == ANY) {
        emit(c, BPF_JMP | BPF_JEQ | BPF_K, r->nr, 0, 1);
        allow(c);
        return;
    }
    emit(c, BPF_JMP | BPF_JEQ | BPF_K, r->nr, 0, 4);
    load_arg(c, r->arg, false);
    if (r->test == NONE_OF) {
        emit(c, BPF_JMP | BPF_JSET | BPF_K, r->value, 1, 0);
    } else {
        emit(c, BPF_JMP | BPF_JEQ | BPF_K, r->value, 0, 1);
    }
    allow(c);
    load_nr(c);
}

/* openat2's rules are in memory; only this read-only object will do. */
static void add_openat2(struct code *c, const void *how)
{
    uint64_t address = (uintptr_t)how;

    emit(c, BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 5);
    load_arg(c, 2, false);
    emit(c, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)address, 0, 3);
    load_arg(c, 2, true);
    emit(c, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(address >> 32), 0, 1);
    allow(c);
}

int filter_install(const void *lookup_how)
{
    static struct code code;
    struct sock_fprog program = {.filter = code.at};

    code.len = 0;
    load(&code, offsetof(struct seccomp_data, arch));
    emit(&code, BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
    emit(&code, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
    load_nr(&code);
    for (int i = 0; i < NR_RULES; i++) {
        add_rule(&code, &rules[i]);
    }
    add_openat2(&code, lookup_how);
    emit(&code, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
    program.len = code.len;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

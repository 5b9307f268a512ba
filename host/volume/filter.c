/* SPDX-License-Identifier: BSD-2-Clause */
/* seccomp(2) for the server: see filter.h. */
#include "host/volume/filter.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static const uint16_t allowed[] = {
    /* the channel */
    SYS_recvfrom,
    SYS_sendto,
    SYS_poll,
    /* changes on the host */
    SYS_read,
    SYS_inotify_add_watch,
    SYS_inotify_rm_watch,
    /* files below the volume */
    SYS_openat2,
    SYS_openat,
    SYS_close,
    SYS_fcntl,
    SYS_fstat,
    SYS_newfstatat,
    SYS_fstatfs,
    SYS_pread64,
    SYS_pwrite64,
    SYS_lseek,
    SYS_getdents64,
    SYS_fsync,
    SYS_fdatasync,
    SYS_ftruncate,
    SYS_mkdirat,
    SYS_mknodat,
    SYS_symlinkat,
    SYS_linkat,
    SYS_renameat,
    SYS_unlinkat,
    SYS_readlinkat,
    SYS_fchownat,
    SYS_fchmodat,
    SYS_utimensat,
    /* memory, and the end */
    SYS_brk,
    SYS_mmap,
    SYS_munmap,
    SYS_mremap,
    SYS_madvise,
    SYS_rt_sigreturn,
    SYS_restart_syscall,
    SYS_exit_group,
};

enum { NR_ALLOWED = sizeof(allowed) / sizeof(allowed[0]) };

int filter_install(void)
{
    struct sock_filter code[NR_ALLOWED + 6] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    };
    struct sock_fprog program = {.len = NR_ALLOWED + 6, .filter = code};

    for (int i = 0; i < NR_ALLOWED; i++) {
        /* To the last instruction, over the rest and the refusal. */
        code[4 + i] =
            (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, allowed[i],
                                         (uint8_t)(NR_ALLOWED - i), 0);
    }
    code[4 + NR_ALLOWED] =
        (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    code[5 + NR_ALLOWED] =
        (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

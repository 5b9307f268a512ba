/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The filter of the import sandbox (seccomp(2)): what administers a host, and
 * what opens large parts of the kernel that scripts have no use for, fails
 * with EPERM. Namespaces and user ids are the boundary; this makes it thicker.
 */
#include "host/record/deny.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

static const unsigned denied[] = {
    /* mounts and namespaces */
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_setns,
    SYS_unshare,
    SYS_move_mount,
    SYS_open_tree,
    SYS_fsopen,
    SYS_fsconfig,
    SYS_fsmount,
    SYS_fspick,
    SYS_mount_setattr,
    SYS_chroot,
    /* the host itself */
    SYS_kexec_load,
    SYS_kexec_file_load,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_reboot,
    SYS_swapon,
    SYS_swapoff,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_adjtimex,
    SYS_clock_adjtime,
    SYS_acct,
    SYS_quotactl,
    SYS_syslog,
    SYS_iopl,
    SYS_ioperm,
    SYS_vhangup,
    /* other processes, keys, handles */
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_pidfd_getfd,
    SYS_add_key,
    SYS_request_key,
    SYS_keyctl,
    SYS_open_by_handle_at,
    SYS_name_to_handle_at,
    SYS_kcmp,
    /* large interfaces */
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_io_uring_setup,
    SYS_io_uring_enter,
    SYS_io_uring_register,
    SYS_fanotify_init,
    SYS_lookup_dcookie,
    SYS_nfsservctl,
    SYS_modify_ldt,
    SYS_vmsplice,
};

enum {
    NR_DENIED = sizeof(denied) / sizeof(denied[0]),
    NEW_NAMESPACES = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS |
                     CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET,
    X32_BIT = 0x40000000,
};

struct program {
    struct sock_filter code[NR_DENIED * 2 + 40];
    unsigned short len;
};

static void put(struct program *p, unsigned short code, unsigned k,
                unsigned char jt, unsigned char jf)
{
    p->code[p->len++] = (struct sock_filter){code, jt, jf, k};
}

static void load(struct program *p, size_t off)
{
    put(p, BPF_LD | BPF_W | BPF_ABS, (unsigned)off, 0, 0);
}

static void answer(struct program *p, unsigned what)
{
    put(p, BPF_RET | BPF_K, what, 0, 0);
}

static void deny_if_equal(struct program *p, unsigned value, int error)
{
    put(p, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
    answer(p, SECCOMP_RET_ERRNO | (unsigned)error);
}

static void check_call(struct program *p)
{
    load(p, offsetof(struct seccomp_data, arch));
    put(p, BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
    answer(p, SECCOMP_RET_KILL_PROCESS);
    load(p, offsetof(struct seccomp_data, nr));
    put(p, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1);
    answer(p, SECCOMP_RET_ERRNO | ENOSYS);
    for (size_t i = 0; i < NR_DENIED; i++)
        deny_if_equal(p, denied[i], EPERM);
    deny_if_equal(p, SYS_clone3, ENOSYS); /* its flags are out of sight */
}

/* clone without namespaces, sockets of the families that have one. */
static void check_arguments(struct program *p)
{
    static const unsigned families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};

    put(p, BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 4);
    load(p, offsetof(struct seccomp_data, args[0]));
    put(p, BPF_JMP | BPF_JSET | BPF_K, NEW_NAMESPACES, 0, 1);
    answer(p, SECCOMP_RET_ERRNO | EPERM);
    answer(p, SECCOMP_RET_ALLOW);
    put(p, BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 1, 0);
    answer(p, SECCOMP_RET_ALLOW);
    load(p, offsetof(struct seccomp_data, args[0]));
    for (int i = 0; i < 4; i++) {
        put(p, BPF_JMP | BPF_JEQ | BPF_K, families[i], 0, 1);
        answer(p, SECCOMP_RET_ALLOW);
    }
    answer(p, SECCOMP_RET_ERRNO | EAFNOSUPPORT);
}

int deny_install(void)
{
    struct program p = {.len = 0};
    struct sock_fprog prog = {.filter = p.code};

    check_call(&p);
    check_arguments(&p);
    prog.len = p.len;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog);
}

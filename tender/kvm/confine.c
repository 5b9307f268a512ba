/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the monitor gives up: capabilities, identity, the right to more, and
 * by a filter every host call that running the machine does not need.
 */
#include <grp.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/if_tun.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tender/kvm/monitor.h"

enum { NOBODY = 65534 };

static void drop_identity(const struct options *opt)
{
    bool root = geteuid() == 0;
    int uid = opt->uid >= 0 ? opt->uid : root ? NOBODY : -1;
    int gid = opt->gid >= 0 ? opt->gid : root ? NOBODY : -1;

    if (root)
        setgroups(0, NULL);
    if (gid >= 0 && setresgid((gid_t)gid, (gid_t)gid, (gid_t)gid) < 0)
        die("take group %d: %m", gid);
    if (uid >= 0 && setresuid((uid_t)uid, (uid_t)uid, (uid_t)uid) < 0)
        die("take user %d: %m", uid);
}

/* A change of identity takes back the wish to end with who started us. */
static void drop_identity_but_stay_tied(const struct options *opt)
{
    pid_t maker = getppid();
    int signal = 0;

    prctl(PR_GET_PDEATHSIG, &signal, 0, 0, 0);
    drop_identity(opt);
    if (prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0) < 0)
        die("watch who started us: %m");
    if (signal && getppid() != maker)
        die("who started us has ended");
}

void confine(const struct options *opt)
{
    for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
        prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
    drop_identity_but_stay_tied(opt);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        die("no_new_privs: %m");
}

/* ---- the filter -------------------------------------------------------- */

#define WORD(field) (uint32_t) offsetof(struct seccomp_data, field)
#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, WORD(field))
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, what)
/* Allowed whatever its arguments. */
#define ALLOW(call)                                                            \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1), RETURN(SECCOMP_RET_ALLOW)
/* Allowed if the low half of argument n has this value. */
#define ALLOW_IF(call, n, value)                                               \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 4), LOAD(args[n]),            \
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1),                      \
        RETURN(SECCOMP_RET_ALLOW), LOAD(nr)

/* Whose threads may be interrupted is filled in: ourselves. */
enum { OWN_PROCESS = 6 };
static struct sock_filter code[] = {
    LOAD(arch),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
    RETURN(SECCOMP_RET_KILL_PROCESS),
    LOAD(nr),
    ALLOW_IF(SYS_tgkill, 0, 0),
    ALLOW_IF(SYS_ioctl, 1, (uint32_t)KVM_RUN),
    ALLOW_IF(SYS_ioctl, 1, (uint32_t)KVM_GET_REGS), /* last words */
    ALLOW_IF(SYS_ioctl, 1, (uint32_t)TUNSETOFFLOAD),
    ALLOW_IF(SYS_ioctl, 1, (uint32_t)KVM_SET_REGS), /* the debugger's */
    ALLOW_IF(SYS_ioctl, 1, (uint32_t)KVM_GET_SREGS),
    ALLOW_IF(SYS_ioctl, 1, (uint32_t)KVM_SET_SREGS),
    ALLOW_IF(SYS_ioctl, 1, (uint32_t)KVM_GET_FPU),
    ALLOW_IF(SYS_ioctl, 1, (uint32_t)KVM_SET_FPU),
    ALLOW_IF(SYS_ioctl, 1, (uint32_t)KVM_SET_MP_STATE),
    ALLOW_IF(SYS_ioctl, 1, (uint32_t)KVM_SET_GUEST_DEBUG),
    ALLOW_IF(SYS_ioctl, 1, (uint32_t)KVM_IRQ_LINE), /* without irqfd */
    ALLOW(SYS_accept4),
    ALLOW(SYS_close),
    ALLOW(SYS_read),
    ALLOW(SYS_write),
    ALLOW(SYS_writev),
    ALLOW(SYS_futex),
    ALLOW(SYS_epoll_wait),
    ALLOW(SYS_epoll_pwait),
    ALLOW(SYS_epoll_ctl),
    ALLOW(SYS_poll),
    ALLOW(SYS_recvfrom),
    ALLOW(SYS_sendmsg),
    ALLOW(SYS_pread64),
    ALLOW(SYS_preadv),
    ALLOW(SYS_pwritev),
    ALLOW(SYS_fdatasync),
    ALLOW(SYS_getrandom),
    ALLOW(SYS_gettid),
    ALLOW(SYS_clock_gettime),
    ALLOW(SYS_restart_syscall),
    ALLOW(SYS_rt_sigreturn),
    ALLOW(SYS_rt_sigprocmask),
    ALLOW(SYS_exit),
    ALLOW(SYS_exit_group),
    RETURN(SECCOMP_RET_KILL_PROCESS),
};

void confine_filter(void)
{
    struct sock_fprog program = {
        .len = sizeof(code) / sizeof(code[0]),
        .filter = code,
    };

    code[OWN_PROCESS].k = (uint32_t)getpid();
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC,
                &program) != 0)
        die("close the cage (seccomp): %m");
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The sandbox from inside: see confine.h. The filter is in deny.c. */
#include "host/record/confine.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/record/deny.h"

/* ---- mounts -------------------------------------------------------------- */

static void bind_device(const char *name)
{
    char from[64], to[64];
    int fd;

    snprintf(from, sizeof(from), "/dev/%s", name);
    snprintf(to, sizeof(to), "dev/%s", name);
    fd = open(to, O_CREAT | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (fd >= 0)
        close(fd);
    mount(from, to, NULL, MS_BIND, NULL);
}

static int make_dev(void)
{
    static const char *const devices[] = {"null",   "zero",    "full",
                                          "random", "urandom", "tty"};

    if (mount("dev", "dev", "tmpfs", MS_NOSUID, "mode=755,size=64m") < 0)
        return -1;
    for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
        bind_device(devices[i]);
    (void)!symlink("/proc/self/fd", "dev/fd");
    (void)!symlink("/proc/self/fd/0", "dev/stdin");
    (void)!symlink("/proc/self/fd/1", "dev/stdout");
    (void)!symlink("/proc/self/fd/2", "dev/stderr");
    mkdir("dev/shm", 01777);
    mkdir("dev/pts", 0755);
    return 0;
}

const char *confine_mounts(void)
{
    if (unshare(CLONE_NEWNS) < 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return "make a mount namespace";
    if (mount("proc", "proc", "proc", MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL) <
        0)
        return "mount /proc";
    if (make_dev() < 0)
        return "mount /dev";
    if (syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 ||
        chdir("/") < 0)
        return "change root";
    return NULL;
}

/* ---- capabilities and limits --------------------------------------------- */

/* What Docker gives by default, as far as it means anything here. */
static const int kept[] = {
    CAP_CHOWN,   CAP_DAC_OVERRIDE,     CAP_FOWNER,      CAP_FSETID,
    CAP_KILL,    CAP_SETGID,           CAP_SETUID,      CAP_SETPCAP,
    CAP_SETFCAP, CAP_NET_BIND_SERVICE, CAP_AUDIT_WRITE,
};

static uint64_t kept_mask(void)
{
    uint64_t mask = 0;

    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
        mask |= UINT64_C(1) << kept[i];
    return mask;
}

static int drop_capabilities(void)
{
    struct __user_cap_header_struct head = {.version =
                                                _LINUX_CAPABILITY_VERSION_3};
    uint64_t mask = kept_mask();
    struct __user_cap_data_struct data[2];

    for (int cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++)
        if (!(mask >> cap & 1) && prctl(PR_CAPBSET_DROP, cap) < 0)
            return -1;
    for (int i = 0; i < 2; i++) {
        data[i].effective = data[i].permitted = (uint32_t)(mask >> (32 * i));
        data[i].inheritable = 0;
    }
    return (int)syscall(SYS_capset, &head, data);
}

static void limit(int what, rlim_t most)
{
    struct rlimit now;

    if (getrlimit(what, &now) < 0)
        return;
    if (now.rlim_max > most)
        now.rlim_max = most;
    if (now.rlim_cur > now.rlim_max)
        now.rlim_cur = now.rlim_max;
    setrlimit(what, &now);
}

const char *confine_process(void)
{
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_NPROC, 4096);
    limit(RLIMIT_CPU, 600);
    limit(RLIMIT_FSIZE, (rlim_t)4 << 30);
    limit(RLIMIT_DATA, (rlim_t)8 << 30);
    limit(RLIMIT_MEMLOCK, 64 << 10);
    if (drop_capabilities() < 0)
        return "drop capabilities";
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || deny_install() < 0)
        return "install the filter";
    return NULL;
}

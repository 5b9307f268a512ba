/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Takes away what an instance does not need, before the filter: namespaces,
 * an empty root, no identity, no capabilities, no new privileges. Where the
 * host refuses a part the rest still holds; verbose=1 names it.
 */
#include "tender/common/say.h"
#include "tender/common/sys.h"
#include "tender/proc/launch.h"

#include <asm/signal.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/prctl.h>
#include <linux/resource.h>
#include <linux/sched.h>

enum { NOBODY = 65534, NR_FILES = 64, SLACK_NS = 1, MNT_DETACH = 2 };

static int verbose;

static int64_t note(const char *part, int64_t ret)
{
    if (ret < 0 && verbose)
        say("the host refused: %s: %s", part, errno_text(ret));
    return ret;
}

static int64_t enter_ns(const char *what, int32_t fd)
{
    return fd < 0 ? -ENOENT : note(what, sys2(__NR_setns, fd, 0));
}

/* A mount of an empty, read-only file system that is attached nowhere. */
static int64_t empty_mount(void)
{
    int64_t fs = sys2(__NR_fsopen, "tmpfs", FSOPEN_CLOEXEC);
    int64_t ret, mount;

    if (fs < 0)
        return fs;
    ret = sys5(__NR_fsconfig, fs, FSCONFIG_CMD_CREATE, 0, 0, 0);
    mount = ret < 0 ? ret
                    : sys3(__NR_fsmount, fs, FSMOUNT_CLOEXEC,
                           MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
                               MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
    sys1(__NR_close, fs);
    return mount;
}

/* In a mount namespace of our own the host's mounts can go altogether. */
static int64_t pivot(int64_t mount)
{
    int64_t ret = sys5(__NR_mount, 0, "/", 0, MS_REC | MS_PRIVATE, 0);

    if (ret == 0)
        ret = sys5(__NR_move_mount, mount, "", AT_FDCWD, "/tmp",
                   MOVE_MOUNT_F_EMPTY_PATH);
    if (ret == 0)
        ret = sys1(__NR_fchdir, mount);
    if (ret == 0)
        ret = sys2(__NR_pivot_root, ".", ".");
    return ret ? ret : sys2(__NR_umount2, ".", MNT_DETACH);
}

static void empty_root(int own_namespace)
{
    int64_t ret, mount = note("empty root", empty_mount());

    if (mount < 0)
        return;
    if (!own_namespace || note("pivot to it", pivot(mount)) < 0) {
        ret = sys1(__NR_fchdir, mount);
        note("change root", ret ? ret : sys1(__NR_chroot, "."));
    }
    sys1(__NR_chdir, "/");
    sys1(__NR_close, mount);
}

/* Namespaces of our own, one by one, as far as the host allows: who lacks the
 * capability may still have it in a new user namespace. */
static int unshare_rest(const struct launch *l)
{
    int own_mounts = sys1(__NR_unshare, CLONE_NEWNS) == 0;

    if (!own_mounts) {
        note("user namespace", sys1(__NR_unshare, CLONE_NEWUSER));
        own_mounts =
            note("mount namespace", sys1(__NR_unshare, CLONE_NEWNS)) == 0;
    }
    note("ipc namespace", sys1(__NR_unshare, CLONE_NEWIPC));
    note("uts namespace", sys1(__NR_unshare, CLONE_NEWUTS));
    if (l->netns < 0)
        note("network namespace", sys1(__NR_unshare, CLONE_NEWNET));
    return own_mounts;
}

static void drop_identity(const struct launch *l)
{
    int root = sys0(__NR_geteuid) == 0;
    int32_t uid = l->uid < 0 && root ? NOBODY : l->uid;
    int32_t gid = l->gid < 0 && root ? NOBODY : l->gid;

    if (root)
        note("drop groups", sys2(__NR_setgroups, 0, 0));
    if (gid >= 0)
        note("change group", sys3(__NR_setresgid, gid, gid, gid));
    if (uid >= 0)
        note("change user", sys3(__NR_setresuid, uid, uid, uid));
}

/* execve is out of reach, so the bounding set does not matter. */
static void drop_capabilities(void)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[2] = {{0}};
    int64_t ret = sys2(__NR_capset, &header, none);

    if (ret < 0)
        die("drop capabilities: %s", errno_text(ret));
    ret = sys5(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (ret < 0)
        die("set no_new_privs: %s", errno_text(ret));
}

static void set_limit(int resource, uint64_t value)
{
    struct rlimit64 limit = {value, value};

    note("resource limit", sys4(__NR_prlimit64, 0, resource, &limit, 0));
}

void confine(const struct launch *l)
{
    int own_mounts = 0;

    verbose = l->verbose;
    enter_ns("enter network namespace", l->netns);
    for (uint32_t i = 0; i < l->nr_ns; i++)
        enter_ns("enter namespace", l->ns[i]);
    if (l->unshare)
        own_mounts = unshare_rest(l);
    if (enter_ns("enter mount namespace", l->mntns) < 0)
        empty_root(own_mounts);
    set_limit(RLIMIT_CORE, 0);
    set_limit(RLIMIT_NOFILE, NR_FILES);
    sys5(__NR_prctl, PR_SET_TIMERSLACK, SLACK_NS, 0, 0, 0);
    drop_identity(l);
    drop_capabilities();
    /* A change of identity resets these two. */
    sys5(__NR_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
    sys5(__NR_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
}

static uint32_t collect(int32_t *keep)
{
    uint32_t i, n = 0;

    for (i = 0; i < 3; i++)
        keep[n++] = (int32_t)i;
    keep[n++] = gate.image_fd;
    keep[n++] = gate.sidecar_fd;
    keep[n++] = gate.shm_fd;
    for (i = 0; i < gate.boot.nr_net; i++)
        keep[n++] = gate.net[i].fd;
    for (i = 0; i < gate.boot.nr_chan; i++)
        keep[n++] = gate.chan[i].fd;
    for (i = 0; i < gate.boot.nr_blk; i++)
        keep[n++] = gate.blk_fd[i];
    return n;
}

/* The smallest kept descriptor that is at least `from`, or -1. */
static int32_t next_kept(const int32_t *keep, uint32_t nr, int32_t from)
{
    int32_t best = -1;

    for (uint32_t i = 0; i < nr; i++)
        if (keep[i] >= from && (best < 0 || keep[i] < best))
            best = keep[i];
    return best;
}

void confine_descriptors(void)
{
    int32_t keep[6 + ABI_MAX_NET + ABI_MAX_CHAN + ABI_MAX_BLK];
    uint32_t nr = collect(keep);
    int32_t from = 0, next;
    int64_t ret = 0;

    while ((next = next_kept(keep, nr, from)) >= 0) {
        if (next > from)
            ret |= sys3(__NR_close_range, from, next - 1, 0);
        from = next + 1;
    }
    ret |= sys3(__NR_close_range, from, UINT32_MAX, 0);
    if (ret < 0)
        die("close other descriptors: %s", errno_text(ret));
}

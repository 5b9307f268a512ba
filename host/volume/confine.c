/* SPDX-License-Identifier: BSD-2-Clause */
/* Caging a volume's server: see confine.h. */
#include "host/volume/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/common/write_text.h"
#include "host/instance/spec.h"
#include "host/volume/filter.h"
#include "host/volume/serve.h"

enum {
    /* No network namespace: it takes a millisecond, and the filter knows no
     * call that makes a socket. */
    SPACES = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS,
    FILES_MAX = FID_MAX * 2 + 64,
};

/* Who we are stays the same: files keep their owners. */
static int map_ids(uid_t uid, gid_t gid)
{
    char map[64];

    snprintf(map, sizeof(map), "%u %u 1", uid, uid);
    if (write_text("/proc/self/uid_map", map) < 0 ||
        write_text("/proc/self/setgroups", "deny") < 0) {
        return -1;
    }
    snprintf(map, sizeof(map), "%u %u 1", gid, gid);
    return write_text("/proc/self/gid_map", map);
}

static pid_t fork_into(int flags)
{
    return (pid_t)syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
}

pid_t confine_fork(int *has_mounts)
{
    bool is_root = geteuid() == 0;
    uid_t uid = geteuid();
    gid_t gid = getegid();
    pid_t pid = fork_into(is_root ? SPACES : SPACES | CLONE_NEWUSER);

    *has_mounts = 1;
    if (pid == 0 && !is_root && map_ids(uid, gid) < 0) {
        *has_mounts = 0;
    }
    if (pid < 0) {
        *has_mounts = 0;
        pid = fork_into(0);
    }
    return pid;
}

/* ---- a file tree with two entries: v, the volume, and p, our own
 * descriptors ---- */

static int attach(int mount_fd, const char *at)
{
    return (int)syscall(SYS_move_mount, mount_fd, "", AT_FDCWD, at,
                        MOVE_MOUNT_F_EMPTY_PATH);
}

static int make_entry(const char *name, bool is_dir)
{
    int fd;

    if (is_dir) {
        return mkdir(name, 0700);
    }
    fd = open(name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    return fd < 0 ? -1 : close(fd);
}

static int mount_volume(int root_fd, int tree_fd)
{
    struct stat st;

    if (fstat(root_fd, &st) < 0 || make_entry("v", S_ISDIR(st.st_mode)) < 0) {
        return -1;
    }
    return attach(tree_fd, "v");
}

/* A tree of what is at path, not yet anywhere; -1 and errno. */
static int clone_tree(int dir_fd, const char *path, int flags)
{
    return (int)syscall(SYS_open_tree, dir_fd, path,
                        flags | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
}

/* Of /proc nothing but the one directory: the rest has links that lead out
 * (exe is a file of the host's). */
static int mount_descriptors(void)
{
    int tree_fd;

    if (mkdir("p", 0700) < 0 ||
        mount("proc", "p", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC,
              "subset=pid") < 0) {
        return -1;
    }
    tree_fd = clone_tree(AT_FDCWD, "p/self/fd", 0);
    if (tree_fd < 0 || umount2("p", MNT_DETACH) < 0 ||
        attach(tree_fd, "p") < 0) {
        return -1;
    }
    return close(tree_fd);
}

/* The same file, by its path in our own mount namespace. */
static int reopen(const char *host, int *root_fd)
{
    int fd = open(host, O_PATH | O_CLOEXEC);
    struct stat was, is;

    if (fd < 0 || fstat(*root_fd, &was) < 0 || fstat(fd, &is) < 0) {
        return -1;
    }
    if (was.st_dev != is.st_dev || was.st_ino != is.st_ino) {
        errno = ESTALE;
        return -1;
    }
    close(*root_fd);
    *root_fd = fd;
    return 0;
}

/* What is mounted on /proc here must not show anywhere else. In a chroot / is
 * no mount, but /proc is. */
static int keep_private(void)
{
    const unsigned long flags = MS_REC | MS_PRIVATE;

    if (mount(NULL, "/", NULL, flags, NULL) == 0) {
        return 0;
    }
    return errno == EINVAL ? mount(NULL, "/proc", NULL, flags, NULL) : -1;
}

/* Into the working directory. In a chroot, whose root is no mount, the old one
 * cannot be let go: then it is out of reach, for whoever has neither a
 * descriptor of it nor CAP_SYS_CHROOT. */
static int leave_old_root(void)
{
    if (syscall(SYS_pivot_root, ".", ".") == 0) {
        return umount2(".", MNT_DETACH);
    }
    return errno == EINVAL ? chroot(".") : -1;
}

static int change_root(int root_fd)
{
    int tree_fd = clone_tree(root_fd, "", AT_EMPTY_PATH | AT_RECURSIVE);

    if (tree_fd < 0 || keep_private() < 0 ||
        mount("einkorn", "/proc", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
              "size=16k,nr_inodes=8,mode=0555") < 0 ||
        chdir("/proc") < 0 || mount_volume(root_fd, tree_fd) < 0) {
        return -1;
    }
    close(tree_fd);
    if (mount_descriptors() < 0 || leave_old_root() < 0) {
        return -1;
    }
    return mount(NULL, "/", NULL,
                 MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV |
                     MS_NOEXEC,
                 NULL);
}

static int replace(int *fd, const char *path, int flags)
{
    int opened = open(path, flags | O_PATH | O_NOFOLLOW | O_CLOEXEC);

    if (opened < 0) {
        return -1;
    }
    close(*fd);
    *fd = opened;
    return 0;
}

int confine_enter(struct server *s, const char *host, int has_mounts)
{
    const char *fds = has_mounts ? "/p" : "/proc/self/fd";

    if (has_mounts &&
        (reopen(host, &s->root_fd) < 0 || change_root(s->root_fd) < 0 ||
         replace(&s->root_fd, "/v", 0) < 0)) {
        return -1;
    }
    s->self_fds_fd = open(fds, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (s->self_fds_fd < 0) {
        return -1;
    }
    return fchdir(s->self_fds_fd);
}

/* ---- rights ---- */

/* From root to who the program runs as: then the host decides what that user
 * may do, as with a container that runs as it. */
static int become(const struct confine_user *user)
{
    gid_t groups[MAX_GROUPS];

    for (int i = 0; i < user->nr_groups; i++) {
        groups[i] = user->groups[i];
    }
    if (setgroups((size_t)user->nr_groups, groups) < 0 ||
        setresgid(user->gid, user->gid, user->gid) < 0) {
        return -1;
    }
    return setresuid(user->uid, user->uid, user->uid);
}

/* As root: what files of any owner take. Not CAP_FSETID: who writes to a
 * set-user-id file takes that away from it. */
static int drop_capabilities(void)
{
    struct __user_cap_header_struct header = {.version =
                                                  _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}};

    if (geteuid() == 0) {
        data[0].effective = data[0].permitted =
            1u << CAP_CHOWN | 1u << CAP_DAC_OVERRIDE | 1u << CAP_FOWNER;
    }
    return (int)syscall(SYS_capset, &header, data);
}

int confine_drop(const struct confine_user *user)
{
    struct rlimit files = {FILES_MAX, FILES_MAX};

    if (setrlimit(RLIMIT_NOFILE, &files) < 0) { /* as many as we may */
        getrlimit(RLIMIT_NOFILE, &files);
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    for (int cap = 0; cap <= CAP_LAST_CAP; cap++) {
        prctl(PR_CAPBSET_DROP, cap, 0, 0, 0); /* newer than this kernel: no */
    }
    if ((geteuid() == 0 && become(user) < 0) ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || drop_capabilities() < 0) {
        return -1;
    }
    return filter_install(&serve_lookup_how);
}

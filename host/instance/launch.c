/* SPDX-License-Identifier: BSD-2-Clause */
/* Starting a tender: see launch.h. */
#include "host/instance/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/common/write_text.h"

/* Shared with the child, which runs in the parent's memory until its exec. */
struct child {
    const struct launch *launch;
    uid_t uid;
    gid_t gid;
    int error;
    const char *step;
};

void launch_init(struct launch *launch)
{
    memset(launch, 0, sizeof(*launch));
    launch->stdio[0] = launch->stdio[1] = launch->stdio[2] = -1;
    launch->enter_fds[0] = launch->enter_fds[1] = -1;
    launch->cgroup_fd = -1;
    launch->alive_fd = -1;
}

int launch_keep(struct launch *launch, int fd)
{
    if (launch->nr_keep < LAUNCH_MAX_KEEP) {
        launch->keep[launch->nr_keep++] = fd;
    }
    return fd;
}

/* In a user namespace of our own: root there is who started us. */
static int map_ids(const struct child *child)
{
    char map[64];

    snprintf(map, sizeof(map), "0 %u 1", child->uid);
    if (write_text("/proc/self/uid_map", map) < 0) {
        return -1;
    }
    if (write_text("/proc/self/setgroups", "deny") < 0) {
        return -1;
    }
    snprintf(map, sizeof(map), "0 %u 1", child->gid);
    return write_text("/proc/self/gid_map", map);
}

/* Ends with the maker, even if that ended before we could ask for it. */
static int tie_to_maker(const struct launch *l)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) {
        return -1;
    }
    if (l->alive_fd >= 0 && fcntl(l->alive_fd, F_GETLK, &lock) == 0 &&
        lock.l_type == F_UNLCK) {
        errno = ESRCH;
        return -1;
    }
    return 0;
}

static int place_descriptors(const struct launch *l)
{
    for (int i = 0; i < 3; i++) {
        if (l->stdio[i] >= 0 && l->stdio[i] != i && dup2(l->stdio[i], i) < 0) {
            return -1;
        }
    }
    for (int i = 0; i < l->nr_keep; i++) {
        if (fcntl(l->keep[i], F_SETFD, 0) < 0) {
            return -1;
        }
    }
    return 0;
}

static int enter(const struct launch *l)
{
    for (int i = 0; i < 2; i++) {
        if (l->enter_fds[i] >= 0 && setns(l->enter_fds[i], 0) < 0) {
            return -1;
        }
    }
    return 0;
}

static int unblock_signals(void)
{
    sigset_t none;

    sigemptyset(&none);
    return sigprocmask(SIG_SETMASK, &none, NULL);
}

static int child_main(void *arg)
{
    struct child *child = arg;
    const struct launch *l = child->launch;

    child->step = "map user ids";
    if ((l->namespaces & CLONE_NEWUSER) != 0 && map_ids(child) < 0) {
        goto fail;
    }
    child->step = "watch its parent";
    if (tie_to_maker(l) < 0) {
        goto fail;
    }
    child->step = "enter the control group";
    if (l->cgroup_fd >= 0 && write(l->cgroup_fd, "0", 1) != 1) {
        goto fail;
    }
    child->step = "enter namespaces";
    if (enter(l) < 0) {
        goto fail;
    }
    child->step = "start a session";
    if (l->own_session && setsid() < 0) {
        goto fail;
    }
    child->step = "place descriptors";
    if (place_descriptors(l) < 0 || unblock_signals() < 0) {
        goto fail;
    }
    child->step = "take its terminal";
    if (l->own_terminal && ioctl(STDIN_FILENO, TIOCSCTTY, 0) < 0) {
        goto fail;
    }
    child->step = "execute it";
    execve(l->path, l->argv, l->envp);
fail:
    child->error = errno;
    _exit(127);
}

pid_t launch_start(const struct launch *launch, struct err *err)
{
    static char stack[32768] __attribute__((aligned(16)));
    struct child child = {.launch = launch, .uid = geteuid(), .gid = getegid()};
    int flags = CLONE_VM | CLONE_VFORK | SIGCHLD | (int)launch->namespaces;
    pid_t pid = clone(child_main, stack + sizeof(stack), flags, &child);

    if (pid < 0) {
        return err_set(err, ERR_TOOL,
                       "start %s: clone: %m (limit on processes or "
                       "namespaces?)",
                       launch->path);
    }
    if (child.error != 0) {
        waitpid(pid, NULL, 0);
        errno = child.error;
        return err_set(err, ERR_TOOL, "start %s: %s: %m", launch->path,
                       child.step);
    }
    return pid;
}

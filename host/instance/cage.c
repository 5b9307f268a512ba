/* SPDX-License-Identifier: BSD-2-Clause */
/* The shared, pinned namespaces: see cage.h. */
#include "host/instance/cage.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/instance/dirs.h"

static const char *const kinds[] = {"net", "mnt", "ipc", "uts"};

enum { NR_KINDS = 4 };

/* Opens RUN/cage/KIND if it is a pinned namespace. */
static int open_pinned(const char *run_dir, const char *kind)
{
    char path[DIR_MAX + 16];
    struct statfs fs;
    int fd;

    snprintf(path, sizeof(path), "%s/cage/%s", run_dir, kind);
    fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && (fstatfs(fd, &fs) < 0 || fs.f_type != NSFS_MAGIC)) {
        close(fd);
        return -1;
    }
    return fd;
}

static void close_all(struct cage *cage)
{
    int *fds[] = {&cage->net_fd, &cage->mnt_fd, &cage->ipc_fd, &cage->uts_fd};

    for (int i = 0; i < NR_KINDS; i++) {
        if (*fds[i] >= 0) {
            close(*fds[i]);
        }
        *fds[i] = -1;
    }
}

static int open_all(struct cage *cage, const char *run_dir)
{
    cage->net_fd = open_pinned(run_dir, "net");
    cage->mnt_fd = open_pinned(run_dir, "mnt");
    cage->ipc_fd = open_pinned(run_dir, "ipc");
    cage->uts_fd = open_pinned(run_dir, "uts");
    if (cage->net_fd < 0 || cage->mnt_fd < 0 || cage->ipc_fd < 0 ||
        cage->uts_fd < 0) {
        close_all(cage);
        return -1;
    }
    return 0;
}

/* ---- making them ---- */

/* An empty root that nothing can be added to, and nothing else mounted. */
static int empty_root(const char *dir)
{
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("einkorn", dir, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
              "size=4k,nr_inodes=2,mode=0555") < 0 ||
        chdir(dir) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
        umount2(".", MNT_DETACH) < 0) {
        return -1;
    }
    return mount(NULL, "/", NULL,
                 MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
                 NULL);
}

/* The holder's word: 0 or errno, and the processor that it was on. */
struct made {
    int error, cpu;
};

/* To the first processor from *cpu on that we may use; -1: as it comes. */
static int move_to(int *cpu)
{
    cpu_set_t one;

    for (; *cpu >= 0 && *cpu < CPU_SETSIZE; ++*cpu) {
        CPU_ZERO(&one);
        CPU_SET(*cpu, &one);
        if (sched_setaffinity(0, sizeof(one), &one) == 0) {
            return 0;
        }
    }
    errno = EINVAL;
    return *cpu < 0 ? 0 : -1;
}

/* Makes the namespaces, says so through the pipe and lives until its other end
 * is closed. */
static void holder(const char *dir, int out_fd, int in_fd, int cpu)
{
    struct made made = {.error = 0};
    char byte;

    if (move_to(&cpu) < 0 ||
        unshare(CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS) < 0 ||
        sethostname("einkorn", 7) < 0 || empty_root(dir) < 0) {
        made.error = errno;
    }
    made.cpu = cpu;
    if (write(out_fd, &made, sizeof(made)) == sizeof(made)) {
        (void)!read(in_fd, &byte, 1);
    }
    _exit(0);
}

static int pin(const char *dir, const char *kind, pid_t pid)
{
    char from[64], to[DIR_MAX + 32];
    int fd;

    snprintf(from, sizeof(from), "/proc/%d/ns/%s", pid, kind);
    snprintf(to, sizeof(to), "%s/%s", dir, kind);
    fd = open(to, O_CREAT | O_RDONLY | O_CLOEXEC, 0600);
    if (fd < 0) {
        return -1;
    }
    close(fd);
    return mount(from, to, NULL, MS_BIND, NULL);
}

static int pin_all(const char *dir, pid_t pid)
{
    for (int i = 0; i < NR_KINDS; i++) {
        if (pin(dir, kinds[i], pid) < 0) {
            return -1;
        }
    }
    return 0;
}

/* A private mount to hold the pins: those of mount namespaces must not
 * propagate into other mount namespaces. */
static int make_holder_dir(const char *dir)
{
    while (umount2(dir, MNT_DETACH) == 0) {
    }
    if (mkdir(dir, 0700) < 0 && errno != EEXIST) {
        return -1;
    }
    if (mount("einkorn", dir, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
              "size=64k,mode=0700") < 0) {
        return -1;
    }
    return mount(NULL, dir, NULL, MS_PRIVATE, NULL);
}

/* *cpu: as for move_to(); then where it was. */
static int make_with_holder(const char *dir, int *cpu)
{
    struct made made = {.error = EIO, .cpu = *cpu};
    int out[2], in[2], rc = -1;
    pid_t pid;

    if (pipe2(out, O_CLOEXEC) < 0 || pipe2(in, O_CLOEXEC) < 0) {
        return -1;
    }
    pid = fork();
    if (pid == 0) {
        close(in[1]);
        holder(dir, out[1], in[0], *cpu);
    }
    close(out[1]);
    close(in[0]);
    if (pid > 0 && read(out[0], &made, sizeof(made)) == sizeof(made) &&
        made.error == 0) {
        rc = pin_all(dir, pid);
        made.error = errno;
    }
    close(out[0]);
    close(in[1]);
    if (pid > 0) {
        waitpid(pid, NULL, 0);
    }
    *cpu = made.cpu;
    errno = made.error;
    return rc;
}

/* Who pins a mount namespace must be in an older one, or it is EINVAL. Linux
 * 6.18 tells that by numbers that each processor gives by itself, so one that
 * is new may pass for older, depending on where it was made. */
static int make(const char *run_dir)
{
    char dir[DIR_MAX + 16];
    int cpu = -1, rc;

    snprintf(dir, sizeof(dir), "%s/cage", run_dir);
    do {
        rc = make_holder_dir(dir);
        if (rc < 0) {
            return rc;
        }
        rc = make_with_holder(dir, &cpu);
        cpu++;
    } while (rc < 0 && errno == EINVAL && cpu < CPU_SETSIZE);
    return rc;
}

int cage_open(struct cage *cage, const char *run_dir, struct err *err)
{
    char path[DIR_MAX + 16];
    int lock, rc;

    if (open_all(cage, run_dir) == 0) {
        return 0;
    }
    snprintf(path, sizeof(path), "%s/cage.lock", run_dir);
    lock = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (lock < 0 || flock(lock, LOCK_EX) < 0) {
        return err_set(err, ERR_TOOL, "lock %s: %m", path);
    }
    rc = open_all(cage, run_dir); /* somebody was faster? */
    if (rc < 0 && make(run_dir) < 0) {
        err_set(err, ERR_TOOL,
                "namespaces: %m (root with CAP_SYS_ADMIN is needed)");
    } else if (rc < 0) {
        rc = open_all(cage, run_dir);
        if (rc < 0) {
            err_set(err, ERR_TOOL, "namespaces: pinned ones do not open: %m");
        }
    }
    close(lock);
    return rc;
}

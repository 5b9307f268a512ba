/* SPDX-License-Identifier: BSD-2-Clause */
/* Starting and confining a volume's server: see volume.h. */
#include "host/volume/volume.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/volume/filter.h"
#include "host/volume/serve.h"

/* ---- confinement ---- */

/* As root: what access to files of any owner takes, and no more. */
static int drop_capabilities(void)
{
    struct __user_cap_header_struct header = {.version =
                                                  _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}};
    uint32_t keep = 1u << CAP_CHOWN | 1u << CAP_DAC_OVERRIDE |
                    1u << CAP_FOWNER | 1u << CAP_FSETID;

    if (geteuid() != 0) {
        return 0;
    }
    for (int cap = 0; cap <= CAP_LAST_CAP; cap++) {
        prctl(PR_CAPBSET_DROP, cap, 0, 0, 0); /* newer than this kernel: no */
    }
    data[0].effective = data[0].permitted = keep;
    return (int)syscall(SYS_capset, &header, data);
}

/* For root nothing but the volume is left to be named. Others cannot chroot:
 * they rely on openat2(2) and on having few rights anyway. */
static int enter_directory(int dir_fd)
{
    if (fchdir(dir_fd) < 0) {
        return -1;
    }
    return geteuid() == 0 ? chroot(".") : 0;
}

static int confine(const struct server *s)
{
    struct rlimit files = {FID_MAX * 2 + 64, FID_MAX * 2 + 64};

    if (geteuid() != 0 || setrlimit(RLIMIT_NOFILE, &files) < 0) {
        getrlimit(RLIMIT_NOFILE, &files);
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    if (enter_directory(s->root_fd) < 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
        return -1;
    }
    if (drop_capabilities() < 0) {
        return -1;
    }
    return filter_install();
}

/* ---- the process ---- */

/* Keeps stderr and the server's own three, from 3 on. */
static int keep_descriptors(struct server *s)
{
    int from[3] = {s->chan_fd, s->root_fd, s->self_fds_fd};

    for (int i = 0; i < 3; i++) {
        from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, 16); /* out of the way */
    }
    for (int i = 0; i < 3; i++) {
        if (from[i] < 0 || dup3(from[i], 3 + i, O_CLOEXEC) < 0) {
            return -1;
        }
    }
    close(0);
    close(1);
    s->chan_fd = 3;
    s->root_fd = 4;
    s->self_fds_fd = 5;
    return (int)syscall(SYS_close_range, 6, ~0u, 0);
}

static void server_main(struct server *s, pid_t parent)
{
    sigset_t none;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(0);
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGINT, SIG_IGN); /* the terminal's is for the program */
    umask(0);                /* the client says which modes it wants */
    s->self_fds_fd = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (s->self_fds_fd < 0 || keep_descriptors(s) < 0 || confine(s) < 0) {
        struct err err = {0};

        err_set(&err, ERR_TOOL, "volume: confine its server: %m");
        err_print("einkorn", &err);
        _exit(1);
    }
    serve_run(s);
    _exit(0);
}

static int open_root(const struct volume *v, struct err *err)
{
    int fd = open(v->host, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0) {
        return err_set(err, ERR_TOOL,
                       "-v %s: %m (give a directory that exists)", v->host);
    }
    return fd;
}

static pid_t start(const struct volume *v, int *chan_fd, struct err *err)
{
    static struct server server;
    int room = 4 * (int)ABI_CHAN_MSG_MAX;
    pid_t pid, parent = getpid();
    int fds[2];

    server.read_only = v->read_only;
    server.root_fd = open_root(v, err);
    if (server.root_fd < 0) {
        return -1;
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0) {
        return err_set(err, ERR_TOOL, "-v %s: socket: %m", v->host);
    }
    for (int i = 0; i < 2; i++) {
        setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
    }
    server.chan_fd = fds[1];
    pid = fork();
    if (pid == 0) {
        server_main(&server, parent);
    }
    close(server.root_fd);
    close(fds[1]);
    if (pid < 0) {
        close(fds[0]);
        return err_set(err, ERR_TOOL, "-v %s: start its server: %m", v->host);
    }
    *chan_fd = fds[0];
    return pid;
}

int volumes_start(struct volumes *vs, const struct spec *spec, struct err *err)
{
    for (int i = 0; i < spec->nr_volumes; i++) {
        pid_t pid = start(&spec->volumes[i], &vs->chan_fds[i], err);

        if (pid < 0) {
            return -1;
        }
        vs->servers[vs->nr++] = pid;
    }
    return 0;
}

void volumes_close(struct volumes *vs)
{
    for (int i = 0; i < vs->nr; i++) {
        if (vs->chan_fds[i] >= 0) {
            close(vs->chan_fds[i]);
            vs->chan_fds[i] = -1;
        }
    }
}

void volumes_wait(struct volumes *vs)
{
    volumes_close(vs);
    while (vs->nr > 0) {
        pid_t pid = vs->servers[--vs->nr];

        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Starting and confining a volume's server: see volume.h. */
#include "host/volume/volume.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/volume/confine.h"
#include "host/volume/serve.h"

/* ---- the process ---- */

static int no_input(void)
{
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

    return fd < 0 || dup2(fd, 0) < 0 || dup2(fd, 1) < 0 ? -1 : 0;
}

/* Keeps the first three and the server's own five. */
static int keep_descriptors(struct server *s)
{
    int *own[] = {&s->chan_fd, &s->root_fd, &s->self_fds_fd, &s->leases.fd,
                  &s->leases.hint_fd};

    for (int i = 0; i < 5; i++) {
        if (*own[i] >= 0) {
            *own[i] = fcntl(*own[i], F_DUPFD_CLOEXEC, 16); /* out of the way */
        }
    }
    for (int i = 0; i < 5; i++) {
        if (*own[i] < 0) {
            continue;
        }
        if (dup3(*own[i], 3 + i, O_CLOEXEC) < 0) {
            return -1;
        }
        *own[i] = 3 + i;
    }
    return (int)syscall(SYS_close_range, 8, ~0u, 0);
}

/* Ends with who started it. Its parent is in another namespace: that it is
 * gone already shows only in that the channel ends. */
static void server_main(struct server *s, const char *host, int has_mounts,
                        const struct confine_user *user)
{
    struct stat st;
    sigset_t none;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGINT, SIG_IGN); /* the terminal's is for the program */
    umask(0);                /* the client says which modes it wants */
    lease_init(&s->leases);
    /* stderr goes last: whoever waits for the tool's must not wait for us. */
    if (no_input() < 0 || confine_enter(s, host, has_mounts) < 0 ||
        keep_descriptors(s) < 0 || fstat(s->root_fd, &st) < 0 ||
        dup2(0, 2) < 0 || confine_drop(user) < 0) {
        struct err err = {0};

        err_set(&err, ERR_TOOL, "volume: confine its server: %m");
        err_print("einkorn", &err);
        _exit(1);
    }
    s->root_dev = st.st_dev;
    serve_run(s);
    _exit(0);
}

static int open_root(const struct volume *v, struct err *err)
{
    int fd = open(v->host, O_PATH | O_CLOEXEC);
    struct stat st;

    if (fd < 0) {
        return err_set(err, ERR_TOOL, "-v %s: %m (%s)", v->host,
                       errno == ENOENT ? "make it first: it is not created"
                                       : "give a directory or a file");
    }
    if (fstat(fd, &st) < 0 || (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))) {
        close(fd);
        return err_set(err, ERR_TOOL,
                       "-v %s: is neither a directory nor a file", v->host);
    }
    return fd;
}

static pid_t start(const struct volume *v, const struct confine_user *user,
                   int *chan_fd, int hint_fd, struct err *err)
{
    static struct server server;
    int room = 4 * (int)ABI_CHAN_MSG_MAX;
    int fds[2], has_mounts;
    pid_t pid;

    server.read_only = v->read_only;
    server.leases.hint_fd = hint_fd;
    server.root_fd = open_root(v, err);
    if (server.root_fd < 0) {
        return -1;
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0) {
        close(server.root_fd);
        return err_set(err, ERR_TOOL, "-v %s: socket: %m", v->host);
    }
    for (int i = 0; i < 2; i++) {
        setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
    }
    server.chan_fd = fds[1];
    pid = confine_fork(&has_mounts);
    if (pid == 0) {
        server_main(&server, v->host, has_mounts, user);
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

/* A descriptor for volume i, if there is room for one. */
static int add_watch(struct volumes *vs, int i)
{
    int fd = -1;

    vs->watch_chan[i] = -1;
    if (vs->nr_chans < (int)ABI_MAX_CHAN) {
        fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    }
    if (fd >= 0) {
        vs->watch_chan[i] = vs->nr_chans;
        vs->chan_fds[vs->nr_chans++] = fd;
    }
    return fd;
}

int volumes_start(struct volumes *vs, const struct spec *spec, struct err *err)
{
    struct confine_user user = {spec->uid, spec->gid, spec->groups,
                                spec->nr_groups};

    for (int i = 0; i < spec->nr_volumes; i++) {
        vs->chan_fds[i] = -1;
    }
    vs->nr_chans = spec->nr_volumes;
    for (int i = 0; i < spec->nr_volumes; i++) {
        pid_t pid = start(&spec->volumes[i], &user, &vs->chan_fds[i],
                          add_watch(vs, i), err);

        if (pid < 0) {
            return -1;
        }
        vs->servers[vs->nr++] = pid;
    }
    return 0;
}

void volumes_close(struct volumes *vs)
{
    for (int i = 0; i < vs->nr_chans; i++) {
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

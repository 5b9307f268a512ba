/* SPDX-License-Identifier: BSD-2-Clause */
/* Standard streams of an instance: see streams.h. */
#include "host/instance/streams.h"

#include <fcntl.h>
#include <unistd.h>

#include "host/instance/pty.h"

static int open_pipe(int *read_fd, int *write_fd, struct err *err)
{
    int fds[2];

    if (pipe2(fds, O_CLOEXEC) < 0) {
        return err_set(err, ERR_TOOL, "pipe for output: %m");
    }
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    *read_fd = fds[0];
    *write_fd = fds[1];
    return 0;
}

static int open_terminal(struct streams *s, const struct spec *spec,
                         struct monitor *m, struct err *err)
{
    int slave;

    if (spec->platform == PLATFORM_QEMU) {
        return err_set(err, ERR_TOOL,
                       "-t: not with --platform qemu, whose serial line is no "
                       "terminal (use -i)");
    }
    if (pty_open(&m->pty_fd, &slave, err) < 0) {
        return -1;
    }
    s->child[0] = s->child[1] = s->child[2] = slave;
    m->forward_input = spec->interactive && !spec->detach;
    if (m->forward_input) {
        pty_raw();
    }
    return 0;
}

static int open_input(struct streams *s, const struct spec *spec,
                      struct monitor *m, struct err *err)
{
    if (!spec->interactive || spec->detach) {
        s->child[0] = openat(AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC);
        return s->child[0] >= 0 ? 0 : err_set(err, ERR_TOOL, "/dev/null: %m");
    }
    if (spec->platform == PLATFORM_QEMU) {
        return feed_open(&m->feed, &s->child[0], err);
    }
    return 0;
}

/* With --rm in the foreground nobody can ask for the log later: the program
 * gets our own descriptors and nothing is copied. Not so in QEMU, which would
 * open them anew: with a file, at another offset than ours. */
int streams_open(struct streams *s, const struct spec *spec,
                 const struct store *store, const char *id, struct monitor *m,
                 struct err *err)
{
    bool keep_log = spec->detach || !spec->remove;
    bool copy = keep_log || spec->trace_fd > 0;

    s->child[0] = s->child[1] = s->child[2] = -1;
    m->echo = !spec->detach;
    m->trace.fd = spec->trace_fd > 0 ? spec->trace_fd : -1;
    if (keep_log) {
        if (log_create(&s->log, store, id, err) < 0) {
            return -1;
        }
        m->log = &s->log;
    }
    if (spec->tty) {
        return open_terminal(s, spec, m, err);
    }
    if (open_input(s, spec, m, err) < 0) {
        return -1;
    }
    if (!copy && spec->platform != PLATFORM_QEMU) {
        m->echo = false;
        return 0;
    }
    if (open_pipe(&m->out_fds[0], &s->child[1], err) < 0) {
        return -1;
    }
    return open_pipe(&m->out_fds[1], &s->child[2], err);
}

void streams_close_child_ends(struct streams *s)
{
    for (int i = 0; i < 3; i++) {
        int fd = s->child[i];

        s->child[i] = -1;
        if (fd >= 0 && fd != s->child[0] && fd != s->child[1] &&
            fd != s->child[2]) {
            close(fd);
        }
    }
}

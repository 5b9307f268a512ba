/* SPDX-License-Identifier: BSD-2-Clause */
/* One tender's supervision: see monitor.h. Terminals stand in pty.c, signals in
 * monitor_signal.c. */
#include "host/instance/monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "host/instance/monitor_signal.h"
#include "host/instance/qemu.h"
#include "host/instance/startup.h"
#include "host/instance/stay.h"

int monitor_init(struct monitor *m, struct err *err)
{
    memset(m, 0, offsetof(struct monitor, typed));
    m->out_fds[0] = m->out_fds[1] = m->pty_fd = m->ctl_fd = -1;
    m->feed.fd = m->trace.fd = -1;
    return monitor_block_signals(m, err);
}

/* ---- output ---- */

/* One read's worth of stream 1 or 2, which our own reader takes at its pace:
 * not before it has taken the last one. Returns 0 at its end. */
static int copy_output(struct monitor *m, int fd, uint32_t stream)
{
    static char buffers[2][LOG_FRAME_MAX];
    char *data = buffers[stream - 1];
    ssize_t n = read(fd, data, LOG_FRAME_MAX);

    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return 1;
    }
    if (n <= 0) {
        return 0; /* a terminal whose other side closed says EIO */
    }
    m->may_hang = false;
    if (stream == 2) {
        n = (ssize_t)trace_file_take(&m->trace, data, (size_t)n);
    }
    if (n > 0 && m->log != NULL) {
        log_write(m->log, stream, data, (uint32_t)n);
    }
    if (m->echo) {
        outlet_put(&m->echo_to[stream - 1], data, (size_t)n);
    }
    return 1;
}

static void close_fd(int *fd)
{
    close(*fd);
    *fd = -1;
}

/* A program that does not read must not keep us from all the rest. */
static void push_input(struct monitor *m)
{
    ssize_t n = write(m->pty_fd, m->typed, m->nr_typed);

    if (n > 0) {
        m->nr_typed -= (size_t)n;
        memmove(m->typed, m->typed + n, m->nr_typed);
    } else if (n < 0 && errno != EAGAIN && errno != EINTR) {
        m->nr_typed = 0;
        m->forward_input = false;
    }
}

static void copy_input(struct monitor *m)
{
    ssize_t n = read(STDIN_FILENO, m->typed, sizeof(m->typed));

    if (n <= 0) {
        static const char end_of_input = 4;

        m->forward_input = false;
        m->typed[0] = end_of_input;
        n = 1;
    }
    m->nr_typed = (size_t)n;
    push_input(m);
}

/* ---- the loop ---- */

enum {
    ON_SIGNAL,
    ON_STDOUT,
    ON_STDERR,
    ON_PTY,
    ON_INPUT,
    ON_FEED,
    ON_ECHO, /* two of them */
    NR_EVENTS = ON_ECHO + 2
};

/* How long a reader may stall at the end, after somebody asked for the end. */
enum { STALL_MS = 2000 };

static void fill_poll(const struct monitor *m, struct pollfd *p)
{
    p[ON_SIGNAL].fd = m->signal_fd;
    p[ON_STDOUT].fd = m->out_fds[0];
    p[ON_STDERR].fd = m->out_fds[1];
    p[ON_PTY].fd = m->pty_fd;
    p[ON_INPUT].fd = m->forward_input && m->nr_typed == 0 ? STDIN_FILENO : -1;
    for (int i = 0; i < NR_EVENTS; i++) {
        p[i].events = POLLIN;
        p[i].revents = 0;
    }
    if (m->nr_typed > 0) {
        p[ON_PTY].events |= POLLOUT;
    }
    feed_fill_poll(&m->feed, &p[ON_FEED], m->ctl_fd);
    for (int i = 0; i < 2; i++) {
        outlet_fill_poll(&m->echo_to[i], &p[ON_ECHO + i]);
    }
    if (outlet_waits(&m->echo_to[0])) {
        p[ON_STDOUT].fd = p[ON_PTY].fd = -1;
    }
    if (outlet_waits(&m->echo_to[1])) {
        p[ON_STDERR].fd = -1;
    }
}

static void serve(struct monitor *m, const struct pollfd *p)
{
    for (int i = 0; i < 2; i++) {
        if (p[ON_ECHO + i].revents != 0) {
            outlet_push(&m->echo_to[i]);
        }
    }
    if (p[ON_STDOUT].revents != 0 && !copy_output(m, m->out_fds[0], 1)) {
        close_fd(&m->out_fds[0]);
    }
    if (p[ON_STDERR].revents != 0 && !copy_output(m, m->out_fds[1], 2)) {
        close_fd(&m->out_fds[1]);
    }
    if ((p[ON_PTY].revents & POLLOUT) != 0) {
        push_input(m);
    }
    if ((p[ON_PTY].revents & ~POLLOUT) != 0 && !copy_output(m, m->pty_fd, 1)) {
        close_fd(&m->pty_fd);
        m->forward_input = false;
        m->nr_typed = 0;
    }
    if (p[ON_INPUT].revents != 0 && m->forward_input) {
        copy_input(m);
    }
    feed_serve(&m->feed, &p[ON_FEED], m->ctl_fd);
}

static void give_up_readers(struct monitor *m)
{
    for (int i = 0; i < 2; i++) {
        if (outlet_waits(&m->echo_to[i])) {
            outlet_close(&m->echo_to[i]);
        }
    }
}

/* The child is no more: nothing to pass on, only to hear that it is enough. */
static void note_signals(struct monitor *m)
{
    if (monitor_note_signals(m)) {
        give_up_readers(m);
    }
}

static bool any_waits(const struct monitor *m)
{
    return outlet_waits(&m->echo_to[0]) || outlet_waits(&m->echo_to[1]);
}

/* What the child wrote before it ended is all in the pipes now. A reader that
 * stalls may take its time, unless somebody wants, or wanted, an end. */
static void drain(struct monitor *m)
{
    struct pollfd p[NR_EVENTS];

    m->forward_input = false;
    m->nr_typed = 0;
    for (;;) {
        int timeout = !any_waits(m) ? 0 : m->told ? STALL_MS : -1;

        fill_poll(m, p);
        p[ON_FEED].fd = -1;
        if (poll(p, NR_EVENTS, timeout) <= 0) {
            if (!any_waits(m)) {
                return;
            }
            give_up_readers(m);
            continue;
        }
        if (p[ON_SIGNAL].revents != 0) {
            note_signals(m);
        }
        serve(m, p);
    }
}

/* QEMU's own status says little; killed it is killed. */
static int machine_status(const struct monitor *m, int status)
{
    int said = qemu_exit_status(m->ctl_fd);

    if (said >= 0) {
        return said;
    }
    return status > 128 ? status : ERR_TOOL;
}

/* ---- a start that hangs ---- */

/* What has not ended after this is no short command. */
enum { STAY_MS = 10, STAY_EVENTS = 8 };

/* How long to wait for an event: not longer than for the tender to come up. */
static int event_timeout(const struct monitor *m, bool killed)
{
    int timeout = feed_timeout(&m->feed);

    if (m->stays && (timeout < 0 || timeout > STAY_MS)) {
        return STAY_MS;
    }
    if (timeout >= 0 || !(m->may_hang || killed)) {
        return timeout;
    }
    return killed ? STALL_MS : startup_seconds() * 1000;
}

/* Nothing has come for as long as that: true if it hung and was killed. */
static bool end_if_hung(struct monitor *m)
{
    struct err err = {0};

    m->may_hang = false;
    if (startup_check(m->child, m->name, &err) == 0) {
        return false;
    }
    if (m->log != NULL) {
        log_write(m->log, 2, err.text, (uint32_t)strlen(err.text));
        log_write(m->log, 2, "\n", 1);
    }
    err_print("einkorn", &err);
    kill(m->child, SIGKILL);
    return true;
}

static void go_anywhere(struct monitor *m)
{
    stay_end(0);
    m->stays = false;
}

int monitor_run(struct monitor *m)
{
    struct pollfd p[NR_EVENTS];
    bool killed = false;
    int status = -1, nr_events = 0;

    for (int i = 0; i < 2 && m->echo; i++) {
        outlet_open(&m->echo_to[i], i + 1);
    }
    while (status < 0) {
        int nr;

        fill_poll(m, p);
        nr = poll(p, NR_EVENTS, event_timeout(m, killed));
        if (nr < 0 && errno != EINTR) {
            kill(m->child, SIGKILL);
            break;
        }
        if (m->stays && (nr == 0 || ++nr_events == STAY_EVENTS)) {
            go_anywhere(m);
            continue;
        }
        if (nr == 0 && killed) {
            m->lost = true;
            return ERR_TOOL;
        }
        if (nr == 0 && m->may_hang) {
            killed = end_if_hung(m);
        }
        serve(m, p);
        if (p[ON_SIGNAL].revents != 0) {
            status = monitor_take_signals(m);
        }
    }
    drain(m);
    if (killed) {
        return ERR_TOOL;
    }
    if (status < 0) {
        return 128 + SIGKILL;
    }
    return m->ctl_fd < 0 ? status : machine_status(m, status);
}

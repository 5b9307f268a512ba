/* SPDX-License-Identifier: BSD-2-Clause */
/* Standard input for QEMU: see feed.h. */
#include "host/instance/feed.h"

#include <errno.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DRAIN_MS = 5, END_OF_INPUT = 0xff, CHUNK = 4096 };

int feed_open(struct feed *feed, int *child_fd, struct err *err)
{
    int fds[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0) {
        return err_set(err, ERR_TOOL, "input line: %m");
    }
    feed->fd = fds[0];
    feed->up = feed->room = feed->ended = false;
    *child_fd = fds[1];
    return 0;
}

void feed_fill_poll(const struct feed *feed, struct pollfd *p, int ctl_fd)
{
    p->events = POLLIN;
    p->revents = 0;
    if (feed->fd < 0 || feed->ended) {
        p->fd = -1;
    } else if (!feed->up) {
        p->fd = ctl_fd;
    } else if (feed->room) {
        p->fd = STDIN_FILENO;
    } else {
        p->fd = feed->fd;
        p->events = POLLOUT;
    }
}

/* Nothing wakes us when the socket has run empty. */
int feed_timeout(const struct feed *feed)
{
    return feed->fd >= 0 && feed->ended ? DRAIN_MS : -1;
}

static void close_feed(struct feed *feed)
{
    close(feed->fd);
    feed->fd = -1;
}

static void tell_end(struct feed *feed, int ctl_fd)
{
    const unsigned char byte = END_OF_INPUT;
    int left = 0;

    if (ioctl(feed->fd, SIOCOUTQ, &left) == 0 && left > 0) {
        return;
    }
    send(ctl_fd, &byte, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    close_feed(feed);
}

static void copy(struct feed *feed)
{
    char data[CHUNK];
    ssize_t n = read(STDIN_FILENO, data, sizeof(data));

    if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
        return;
    }
    if (n <= 0) {
        feed->ended = true;
    } else if (send(feed->fd, data, (size_t)n, MSG_NOSIGNAL) < 0) {
        close_feed(feed); /* the machine has ended */
    }
    feed->room = false;
}

void feed_serve(struct feed *feed, const struct pollfd *p, int ctl_fd)
{
    if (feed->fd < 0) {
        return;
    }
    if (feed->ended) {
        tell_end(feed, ctl_fd);
    } else if (!feed->up) {
        feed->up = p->revents != 0;
    } else if (p->revents != 0 && feed->room) {
        copy(feed);
    } else if (p->revents & POLLOUT) {
        feed->room = true;
    } else if (p->revents != 0) {
        close_feed(feed);
    }
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Standard input of an instance in QEMU. A serial line has no end of file, so
 * our own input goes to it over a socket; when the other side has taken the
 * last byte, the control line tells that it was the last.
 */
#ifndef EINKORN_HOST_INSTANCE_FEED_H
#define EINKORN_HOST_INSTANCE_FEED_H

#include <poll.h>
#include <stdbool.h>

#include "host/common/err.h"

struct feed {
    int fd;     /* our side, or -1: no input, or all of it delivered */
    bool up;    /* the machine listens: its control line said something */
    bool room;  /* the socket takes more */
    bool ended; /* our input did */
};

/* *child_fd is to become the child's standard input. */
int feed_open(struct feed *feed, int *child_fd, struct err *err);

/* What to poll for; how long at most (as poll(2)), given what others want. */
void feed_fill_poll(const struct feed *feed, struct pollfd *p, int ctl_fd);
int feed_timeout(const struct feed *feed);

/* After poll(2): moves bytes, or tells their end on ctl_fd. */
void feed_serve(struct feed *feed, const struct pollfd *p, int ctl_fd);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Watching one tender from start to end: copies its output, forwards signals,
 * takes orders (`kill`, `stop`) and learns the exit status.
 */
#ifndef EINKORN_HOST_INSTANCE_MONITOR_H
#define EINKORN_HOST_INSTANCE_MONITOR_H

#include <stdbool.h>
#include <sys/types.h>

#include "host/common/err.h"
#include "host/instance/feed.h"
#include "host/instance/log.h"
#include "host/instance/outlet.h"
#include "host/instance/store.h"
#include "host/instance/trace_file.h"

/* Orders come as this signal, queued with the signal number to pass on. */
enum { MONITOR_ORDER_SIGNAL = 40 };

struct monitor {
    int signal_fd;
    pid_t child;
    int out_fds[2];     /* read ends of the child's stdout, stderr; or -1 */
    int pty_fd;         /* master side of its terminal, or -1 */
    int ctl_fd;         /* QEMU control line, or -1 */
    struct feed feed;   /* own stdin to QEMU */
    bool forward_input; /* own stdin to the terminal */
    bool echo;          /* output to our own stdout and stderr too */
    bool told;          /* somebody sent us a signal or an order */
    bool may_hang;      /* see startup.h: it has to be looked at */
    bool lost;          /* it hung, and even SIGKILL does not end it */
    bool stays;         /* on one processor (stay.h), at first */
    const char *name;   /* of the instance */
    struct outlet echo_to[2];
    struct log *log; /* NULL: not kept */
    struct trace_file trace;
    size_t nr_typed;
    char typed[4096]; /* input that the terminal has no room for yet */
};

/* Blocks the signals that the monitor handles and opens its signal_fd. To be
 * called before the child starts; the rest of *m is the caller's to fill. */
int monitor_init(struct monitor *m, struct err *err);

/* Until the child has ended and its output is copied. Returns the exit status
 * as a shell counts: 128 + n for signal n. */
int monitor_run(struct monitor *m);

/* Send an order to somebody's monitor. -1: it is gone. */
int monitor_order(int monitor_pidfd, int signal);

#endif

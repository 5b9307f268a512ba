/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-console (virtio 1.2, 5.3) of one port: queue 0 gets standard input,
 * queue 1 gives standard output. A reader that does not read leaves requests
 * in the queue; what nobody reads any more is lost. The end of input is said
 * on the control line (docs/vm.md).
 */
#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "tender/kvm/output.h"
#include "tender/kvm/virtio.h"

enum { INPUT = 0, OUTPUT = 1, CONTROL_END_OF_INPUT = 0xff };

static struct {
    struct virtio_dev dev;
    struct uart *control;
    int in_fd, out_fd;
    struct chain chain; /* output that is under way, ... */
    bool is_under_way;
    uint32_t piece; /* ... from this piece on, ... */
    size_t at;      /* ... from that byte */
    bool has_input; /* that has not ended */
    bool can_wait;  /* for it: not a regular file */
} con;

/* ---- output -------------------------------------------------------------- */

/* True: all of the chain is gone. */
static bool push(void)
{
    for (; con.piece < con.chain.nr_out; con.piece++, con.at = 0) {
        const struct iovec *iov = &con.chain.out[con.piece];
        int64_t n = output_try(con.out_fd, (uint8_t *)iov->iov_base + con.at,
                               iov->iov_len - con.at);

        if (n < 0)
            return true;
        con.at += (size_t)n;
        if (con.at < iov->iov_len)
            return false;
    }
    return true;
}

static bool next_output(struct queue *q)
{
    if (!con.is_under_way && queue_take(q, &con.chain) == 1) {
        con.is_under_way = true;
        con.piece = 0;
        con.at = 0;
    }
    return con.is_under_way;
}

static void send_output(void)
{
    struct queue *q = &con.dev.queues[OUTPUT];

    do {
        while (next_output(q) && push()) {
            con.is_under_way = false;
            queue_use(q, con.chain.head, 0);
        }
        virtio_show(&con.dev, OUTPUT);
        queue_notify(q, !con.is_under_way);
    } while (!con.is_under_way && !queue_empty(q));
    if (con.is_under_way)
        serve_change(con.out_fd, EPOLLOUT | EPOLLONESHOT);
}

static void output_ready(struct machine *m, void *arg, uint32_t events)
{
    (void)m;
    (void)arg;
    (void)events;
    if (virtio_running(&con.dev) && con.is_under_way)
        send_output();
}

/* ---- input --------------------------------------------------------------- */

static bool is_readable(void)
{
    struct pollfd p = {.fd = con.in_fd, .events = POLLIN};

    return !con.can_wait || poll(&p, 1, 0) > 0;
}

static void end_input(void)
{
    const uint8_t byte = CONTROL_END_OF_INPUT;

    con.has_input = false;
    serve_change(con.in_fd, 0);
    uart_feed(con.control, &byte, 1);
}

/* One read into one chain; false: not now. */
static bool give_input(struct queue *q)
{
    struct chain chain;
    ssize_t n;

    if (!con.has_input || !is_readable() || queue_take(q, &chain) != 1)
        return false;
    if (!chain.nr_in) {
        q->broken = true;
        return false;
    }
    n = read(con.in_fd, chain.in[0].iov_base, chain.in[0].iov_len);
    if (n > 0) {
        queue_use(q, chain.head, (uint32_t)n);
        return true;
    }
    queue_untake(q, 1);
    if (n == 0 || (errno != EAGAIN && errno != EINTR))
        end_input();
    return false;
}

static void send_input(void)
{
    struct queue *q = &con.dev.queues[INPUT];

    while (give_input(q))
        ;
    virtio_show(&con.dev, INPUT);
    queue_notify(q, true);
    if (con.has_input && con.can_wait)
        serve_change(con.in_fd, queue_empty(q) ? 0 : EPOLLIN);
}

static void input_ready(struct machine *m, void *arg, uint32_t events)
{
    (void)m;
    (void)arg;
    (void)events;
    if (virtio_running(&con.dev))
        send_input();
    else
        serve_change(con.in_fd, 0);
}

/* -------------------------------------------------------------------------- */

static void kick(struct virtio_dev *dev, uint32_t queue)
{
    (void)dev;
    if (queue == OUTPUT)
        send_output();
    else
        send_input();
}

static void stop(struct virtio_dev *dev)
{
    (void)dev;
    con.is_under_way = false;
}

static const struct virtio_ops ops = {
    .id = VIRTIO_CONSOLE,
    .nr_queues = 2,
    .start = virtio_nothing,
    .stop = stop,
    .kick = kick,
};

void con_add(struct machine *m, int in_fd, int out_fd)
{
    con.dev.ops = &ops;
    con.control = &m->com2;
    con.in_fd = in_fd;
    con.out_fd = out_fd;
    con.has_input = in_fd >= 0;
    virtio_add(m, &con.dev);
    serve_add(out_fd, EPOLLONESHOT, output_ready, NULL);
    if (con.has_input)
        con.can_wait = serve_add(in_fd, 0, input_ready, NULL);
}

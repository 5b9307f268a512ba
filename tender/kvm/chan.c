/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-9p on a packet socket: each request goes to the host directory's
 * server as it is; the answer is found by its tag. A guest that reuses a tag
 * before it was answered loses answers, nothing else. Once the server is gone
 * each request is answered with nothing, so that nobody waits for it.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "tender/kvm/virtio.h"

enum { NR_PENDING = 32, HEADER = 7, TAG_AT = 5 };

struct chan {
    struct virtio_dev dev; /* first */
    int fd;
    bool gone; /* the server */
    struct pending {
        bool used;
        uint16_t tag;
        struct chain chain;
    } pending[NR_PENDING];
};

static struct chan chans[MAX_CHANS];
static uint32_t nr_chans;

/* The tag, in whichever buffers its bytes lie. */
static bool read_tag(const struct chain *c, uint16_t *tag)
{
    uint8_t head[HEADER] = {0};
    uint32_t have = 0;

    for (uint32_t i = 0; i < c->nr_out && have < HEADER; i++) {
        size_t n = c->out[i].iov_len;

        n = n < HEADER - have ? n : HEADER - have;
        memcpy(head + have, c->out[i].iov_base, n);
        have += (uint32_t)n;
    }
    *tag = (uint16_t)(head[TAG_AT] | head[TAG_AT + 1] << 8);
    return have == HEADER;
}

static struct pending *find(struct chan *chan, bool used, uint16_t tag)
{
    for (int i = 0; i < NR_PENDING; i++) {
        struct pending *p = &chan->pending[i];

        if (p->used == used && (!used || p->tag == tag))
            return p;
    }
    return NULL;
}

/* False: the server takes no more now. */
static bool ask(struct chan *chan, const struct pending *p)
{
    struct msghdr msg = {.msg_iov = (struct iovec *)p->chain.out,
                         .msg_iovlen = p->chain.nr_out};

    return sendmsg(chan->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 ||
           (errno != EAGAIN && errno != ENOBUFS);
}

/* False: no more for now; an answer from the server goes on from here. */
static bool forward(struct chan *chan, struct queue *q)
{
    struct pending *p;

    while ((p = find(chan, false, 0)) && queue_take(q, &p->chain) == 1) {
        if (chan->gone) {
            queue_use(q, p->chain.head, 0);
            continue;
        }
        if (!read_tag(&p->chain, &p->tag) || !p->chain.nr_in) {
            q->broken = true;
            return false;
        }
        if (!ask(chan, p)) {
            queue_untake(q, 1);
            return false;
        }
        p->used = true;
    }
    return p != NULL;
}

static void kick(struct virtio_dev *dev, uint32_t queue)
{
    struct chan *chan = (struct chan *)dev;
    struct queue *q = &dev->queues[queue];

    while (forward(chan, q)) {
        queue_notify(q, true);
        if (queue_empty(q))
            break;
    }
    virtio_show(dev, queue);
}

static void answer(struct chan *chan, const uint8_t *msg, uint32_t len)
{
    struct pending *p =
        find(chan, true, (uint16_t)(msg[TAG_AT] | msg[TAG_AT + 1] << 8));
    uint32_t done = 0;

    if (!p)
        return;
    p->used = false;
    for (uint32_t i = 0; i < p->chain.nr_in && done < len; i++) {
        uint32_t n = (uint32_t)p->chain.in[i].iov_len;

        n = n < len - done ? n : len - done;
        memcpy(p->chain.in[i].iov_base, msg + done, n);
        done += n;
    }
    queue_use(&chan->dev.queues[0], p->chain.head, done);
}

/* One more event comes for the closed socket, then none. */
static void lose(struct chan *chan)
{
    chan->gone = true;
    serve_change(chan->fd, EPOLLONESHOT);
    for (int i = 0; i < NR_PENDING; i++) {
        struct pending *p = &chan->pending[i];

        if (p->used)
            queue_use(&chan->dev.queues[0], p->chain.head, 0);
        p->used = false;
    }
}

static void host_ready(struct machine *m, void *arg, uint32_t events)
{
    static uint8_t msg[ABI_CHAN_MSG_MAX];
    struct chan *chan = arg;
    ssize_t n;

    (void)m;
    if (chan->gone)
        return;
    if (!virtio_running(&chan->dev)) {
        if (events & (EPOLLHUP | EPOLLERR))
            lose(chan);
        else
            serve_change(chan->fd, 0);
        return;
    }
    while ((n = recv(chan->fd, msg, sizeof(msg), MSG_DONTWAIT)) > 0)
        if (n >= HEADER)
            answer(chan, msg, (uint32_t)n);
    if (n == 0 || events & (EPOLLHUP | EPOLLERR))
        lose(chan);
    virtio_show(&chan->dev, 0);
    kick(&chan->dev, 0);
}

static void start(struct virtio_dev *dev)
{
    const struct chan *chan = (struct chan *)dev;

    if (!chan->gone)
        serve_change(chan->fd, EPOLLIN);
}

static void stop(struct virtio_dev *dev)
{
    struct chan *chan = (struct chan *)dev;

    for (int i = 0; i < NR_PENDING; i++)
        chan->pending[i].used = false;
    if (!chan->gone)
        serve_change(chan->fd, 0);
}

static const struct virtio_ops ops = {
    .id = VIRTIO_9P,
    .nr_queues = 1,
    .start = start,
    .stop = stop,
    .kick = kick,
};

void chan_add(struct machine *m, int fd)
{
    struct chan *chan = &chans[nr_chans++];

    chan->fd = fd;
    chan->dev.ops = &ops;
    virtio_add(m, &chan->dev);
    serve_add(fd, 0, host_ready, chan);
}

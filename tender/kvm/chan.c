/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-9p on a packet socket: each request goes to the host directory's
 * server as it is; the answer is found by its tag. A guest that reuses a tag
 * before it was answered, or changes it between our look at it and the server's
 * copy, loses answers, nothing else. Once the server is gone
 * each request is answered with nothing, so that nobody waits for it. What
 * comes unasked, from the server or from an inotify descriptor, goes to queue 1
 * (abi/monitor.h).
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/ninep.h"
#include "tender/kvm/virtio.h"

enum { NR_PENDING = 32, HEADER = 7, TYPE_AT = 4, TAG_AT = 5 };
enum { REQUESTS = 0, NOTICES = 1 };

#define F_NOTICES (UINT64_C(1) << MONITOR_9P_NOTICES)

struct chan {
    struct virtio_dev dev; /* first */
    int fd;
    bool watch;                         /* an inotify descriptor */
    bool gone;                          /* the server */
    uint8_t held[MONITOR_NOTICE_BYTES]; /* no buffer for it yet; ... */
    uint32_t held_bytes;                /* ... 0: nothing */
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

static void kick_requests(struct chan *chan)
{
    struct virtio_dev *dev = &chan->dev;
    struct queue *q = &dev->queues[REQUESTS];

    while (forward(chan, q)) {
        queue_notify(q, true);
        if (queue_empty(q))
            break;
    }
    virtio_show(dev, REQUESTS);
}

static uint32_t fill(const struct chain *c, const uint8_t *msg, uint32_t len)
{
    uint32_t done = 0;

    for (uint32_t i = 0; i < c->nr_in && done < len; i++) {
        uint32_t n = (uint32_t)c->in[i].iov_len;

        n = n < len - done ? n : len - done;
        memcpy(c->in[i].iov_base, msg + done, n);
        done += n;
    }
    return done;
}

static void answer(struct chan *chan, const uint8_t *msg, uint32_t len)
{
    struct pending *p =
        find(chan, true, (uint16_t)(msg[TAG_AT] | msg[TAG_AT + 1] << 8));

    if (!p)
        return;
    p->used = false;
    queue_use(&chan->dev.queues[REQUESTS], p->chain.head,
              fill(&p->chain, msg, len));
}

/* ---- what comes unasked -------------------------------------------------- */

/* Waits for the descriptor, or for the guest to give buffers; the server's end
 * is heard of in any case. */
static void wait_for_host(struct chan *chan, bool host)
{
    queue_notify(&chan->dev.queues[NOTICES], !host);
    serve_change(chan->fd, host ? EPOLLIN : EPOLLHUP);
}

/* False: there is no buffer. */
static bool give_held(struct chan *chan)
{
    struct queue *q = &chan->dev.queues[NOTICES];
    struct chain chain;

    if (chan->held_bytes && queue_take(q, &chain) == 1) {
        queue_use(q, chain.head, fill(&chain, chan->held, chan->held_bytes));
        chan->held_bytes = 0;
        virtio_show(&chan->dev, NOTICES);
    }
    return !chan->held_bytes;
}

/* Those who did not ask for notices hear none. False: no buffer, it is held. */
static bool notice(struct chan *chan, const uint8_t *msg, uint32_t len)
{
    if (!(chan->dev.features & F_NOTICES) || len > sizeof(chan->held))
        return true;
    memcpy(chan->held, msg, len);
    chan->held_bytes = len;
    return give_held(chan);
}

/* One read into one buffer; false: no event or no buffer. */
static bool give_event(struct chan *chan)
{
    struct queue *q = &chan->dev.queues[NOTICES];
    struct chain chain;
    ssize_t n;

    if (queue_take(q, &chain) != 1)
        return false;
    n = chain.nr_in ? read(chan->fd, chain.in[0].iov_base, chain.in[0].iov_len)
                    : -1;
    if (n <= 0)
        queue_untake(q, 1);
    else
        queue_use(q, chain.head, (uint32_t)n);
    return n > 0;
}

static void watch_ready(struct machine *m, void *arg, uint32_t events)
{
    struct chan *chan = arg;

    (void)m;
    (void)events;
    if (!virtio_running(&chan->dev)) {
        serve_change(chan->fd, 0);
        return;
    }
    errno = 0; /* of those that are no reads */
    while (give_event(chan))
        errno = 0;
    virtio_show(&chan->dev, NOTICES);
    wait_for_host(chan, errno == EAGAIN);
}

/* -------------------------------------------------------------------------- */

static void lose(struct chan *chan)
{
    chan->gone = true;
    serve_change(chan->fd, 0);
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
    n = 1;
    while (give_held(chan) &&
           (n = recv(chan->fd, msg, sizeof(msg), MSG_DONTWAIT)) > 0)
        if (n >= HEADER && msg[TYPE_AT] == P9_NOTICE)
            notice(chan, msg, (uint32_t)n);
        else if (n >= HEADER)
            answer(chan, msg, (uint32_t)n);
    if (chan->held_bytes)
        wait_for_host(chan, false);
    if (n == 0 || events & (EPOLLHUP | EPOLLERR))
        lose(chan);
    virtio_show(&chan->dev, REQUESTS);
    kick_requests(chan);
}

static bool is_watch(const struct chan *chan)
{
    int type;

    return getsockopt(chan->fd, SOL_SOCKET, SO_TYPE, &type,
                      &(socklen_t){sizeof(type)}) < 0;
}

static void kick(struct virtio_dev *dev, uint32_t queue)
{
    struct chan *chan = (struct chan *)dev;

    if (queue == REQUESTS)
        kick_requests(chan);
    else if (chan->watch)
        watch_ready(NULL, chan, 0);
    else if (give_held(chan) && !chan->gone)
        wait_for_host(chan, true);
}

static void start(struct virtio_dev *dev)
{
    struct chan *chan = (struct chan *)dev;

    if (!chan->gone)
        wait_for_host(chan, true);
}

static void stop(struct virtio_dev *dev)
{
    struct chan *chan = (struct chan *)dev;

    for (int i = 0; i < NR_PENDING; i++)
        chan->pending[i].used = false;
    chan->held_bytes = 0;
    if (!chan->gone)
        serve_change(chan->fd, 0);
}

static const struct virtio_ops ops = {
    .id = VIRTIO_9P,
    .nr_queues = 2,
    .start = start,
    .stop = stop,
    .kick = kick,
};

void chan_look(struct machine *m)
{
    if (!nr_chans)
        return;
    pthread_mutex_lock(&m->lock);
    for (uint32_t i = 0; i < nr_chans; i++)
        if (chans[i].watch)
            watch_ready(m, &chans[i], 0);
    pthread_mutex_unlock(&m->lock);
}

void chan_add(struct machine *m, int fd)
{
    struct chan *chan = &chans[nr_chans++];

    chan->fd = fd;
    chan->watch = is_watch(chan);
    chan->dev.ops = &ops;
    chan->dev.offered = F_NOTICES;
    virtio_add(m, &chan->dev);
    serve_add(fd, 0, chan->watch ? watch_ready : host_ready, chan);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-net (virtio 1.2, 5.1) on a tap, or on a stream socket where each
 * frame stands behind its length. Received frames go through one buffer: so
 * their length is known before the guest's buffers are taken.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tender/kvm/virtio.h"

enum { RX = 0, TX = 1, HDR = ABI_NET_HDR_SIZE, BATCH = 64 };
enum { FRAME_MAX = ABI_NET_FRAME_MAX, LEN_BYTES = 4 };

enum net_feature {
    F_CSUM = 1 << 0,
    F_GUEST_CSUM = 1 << 1,
    F_MTU = 1 << 3,
    F_MAC = 1 << 5,
    F_GUEST_TSO4 = 1 << 7,
    F_GUEST_TSO6 = 1 << 8,
    F_HOST_TSO4 = 1 << 11,
    F_HOST_TSO6 = 1 << 12,
    F_MRG_RXBUF = 1 << 15,
};

struct net {
    struct virtio_dev dev; /* first */
    int fd;
    bool is_stream;
    uint32_t rx_len;  /* of the frame in rx, header included; 0: none */
    uint32_t rx_have; /* stream: bytes in rx_raw */
    uint8_t rx[FRAME_MAX];
    uint8_t rx_raw[LEN_BYTES + FRAME_MAX];
};

static struct net nets[MAX_NICS];
static uint32_t nr_nets;

/* ---- host to guest ----------------------------------------------------- */

static bool read_tap(struct net *net)
{
    ssize_t n = read(net->fd, net->rx, sizeof(net->rx));

    net->rx_len = n > HDR ? (uint32_t)n : 0;
    return net->rx_len;
}

/* The next whole frame out of rx_raw. */
static bool read_stream(struct net *net)
{
    uint32_t need = LEN_BYTES;

    for (;;) {
        ssize_t n;

        if (net->rx_have >= LEN_BYTES) {
            const uint8_t *p = net->rx_raw;
            uint32_t len = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
                           (uint32_t)p[2] << 8 | p[3];

            if (len > FRAME_MAX - HDR)
                return false; /* the peer speaks something else */
            need = LEN_BYTES + len;
        }
        if (net->rx_have >= LEN_BYTES && net->rx_have == need)
            break;
        n = recv(net->fd, net->rx_raw + net->rx_have, need - net->rx_have,
                 MSG_DONTWAIT);
        if (n <= 0)
            return false;
        net->rx_have += (uint32_t)n;
    }
    net->rx_have = 0;
    net->rx_len = HDR + need - LEN_BYTES;
    memset(net->rx, 0, HDR);
    memcpy(net->rx + HDR, net->rx_raw + LEN_BYTES, need - LEN_BYTES);
    return need > LEN_BYTES;
}

/* Copies as much as one chain holds. */
static uint32_t fill(const struct chain *c, const uint8_t *data, uint32_t len)
{
    uint32_t done = 0;

    for (uint32_t i = 0; i < c->nr_in && done < len; i++) {
        uint32_t n = (uint32_t)c->in[i].iov_len;

        n = n < len - done ? n : len - done;
        memcpy(c->in[i].iov_base, data + done, n);
        done += n;
    }
    return done;
}

/* Puts the frame into as many buffers as it takes (5.1.6.4). False: there are
 * not enough, none was used. */
static bool deliver(struct net *net)
{
    struct queue *q = &net->dev.queues[RX];
    uint16_t first_used = q->next_used, nr = 0;
    uint8_t *count = NULL;
    struct chain chain;

    for (uint32_t done = 0; done < net->rx_len; nr++) {
        uint32_t n = 0;

        if (queue_take(q, &chain) == 1)
            n = fill(&chain, net->rx + done, net->rx_len - done);
        else if (!q->broken) {
            queue_untake(q, nr);
            q->next_used = first_used;
            return false;
        }
        if (!n || (!nr && chain.in[0].iov_len < HDR)) {
            q->broken = true;
            return false;
        }
        if (!nr)
            count = (uint8_t *)chain.in[0].iov_base + HDR - 2;
        done += n;
        queue_use(q, chain.head, n);
    }
    if (count)
        memcpy(count, &nr, sizeof(nr));
    net->rx_len = 0;
    return true;
}

static void receive(struct net *net)
{
    struct queue *q = &net->dev.queues[RX];
    bool stalled = false;

    for (int i = 0; i < BATCH && !stalled; i++) {
        if (!net->rx_len &&
            !(net->is_stream ? read_stream(net) : read_tap(net)))
            break;
        if (deliver(net))
            continue;
        queue_notify(q, true);
        stalled = !deliver(net);
    }
    if (!stalled)
        queue_notify(q, false);
    serve_change(net->fd, stalled ? 0 : EPOLLIN);
    virtio_show(&net->dev, RX);
}

static void host_ready(struct machine *m, void *arg, uint32_t events)
{
    struct net *net = arg;

    (void)m;
    if (!virtio_running(&net->dev) || events & (EPOLLHUP | EPOLLERR))
        serve_change(net->fd, 0);
    else
        receive(net);
}

/* ---- guest to host ----------------------------------------------------- */

static void send_stream(const struct net *net, const struct chain *c)
{
    uint32_t len = (uint32_t)c->out_bytes - HDR, skip = HDR;
    uint8_t head[LEN_BYTES] = {(uint8_t)(len >> 24), (uint8_t)(len >> 16),
                               (uint8_t)(len >> 8), (uint8_t)len};
    struct iovec iov[CHAIN_MAX + 1] = {{head, LEN_BYTES}};
    struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 1};

    for (uint32_t i = 0; i < c->nr_out; i++) {
        size_t n = c->out[i].iov_len < skip ? c->out[i].iov_len : skip;

        skip -= (uint32_t)n;
        if (c->out[i].iov_len == n)
            continue;
        iov[msg.msg_iovlen].iov_base = (uint8_t *)c->out[i].iov_base + n;
        iov[msg.msg_iovlen++].iov_len = c->out[i].iov_len - n;
    }
    /* Whole, or the stream loses its step; the peer reads all the time. */
    while (len + LEN_BYTES > 0) {
        ssize_t n = sendmsg(net->fd, &msg, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        len -= (uint32_t)n;
        while (n > 0) {
            size_t part = msg.msg_iov->iov_len;

            part = part < (size_t)n ? part : (size_t)n;
            msg.msg_iov->iov_base = (uint8_t *)msg.msg_iov->iov_base + part;
            msg.msg_iov->iov_len -= part;
            n -= (ssize_t)part;
            if (!msg.msg_iov->iov_len) {
                msg.msg_iov++;
                msg.msg_iovlen--;
            }
        }
    }
}

static void send_frame(const struct net *net, const struct chain *c)
{
    if (c->out_bytes <= HDR || c->out_bytes > FRAME_MAX)
        return;
    if (net->is_stream)
        send_stream(net, c);
    else
        (void)!writev(net->fd, c->out, (int)c->nr_out);
}

static void transmit(struct net *net)
{
    struct queue *q = &net->dev.queues[TX];
    struct chain chain;

    do {
        queue_notify(q, false);
        while (queue_take(q, &chain) == 1) {
            send_frame(net, &chain);
            queue_use(q, chain.head, 0);
        }
        virtio_show(&net->dev, TX);
        queue_notify(q, true);
    } while (!queue_empty(q));
}

/* ---- the device -------------------------------------------------------- */

static void kick(struct virtio_dev *dev, uint32_t queue)
{
    struct net *net = (struct net *)dev;

    if (queue == TX)
        transmit(net);
    else
        receive(net);
}

static void start(struct virtio_dev *dev)
{
    struct net *net = (struct net *)dev;
    unsigned int offload = 0;

    if (dev->features & F_GUEST_CSUM)
        offload |= TUN_F_CSUM;
    if (offload && dev->features & F_GUEST_TSO4)
        offload |= TUN_F_TSO4;
    if (offload && dev->features & F_GUEST_TSO6)
        offload |= TUN_F_TSO6;
    if (!net->is_stream && ioctl(net->fd, TUNSETOFFLOAD, offload) < 0)
        say("TUNSETOFFLOAD: %m");
    serve_change(net->fd, EPOLLIN);
}

static void stop(struct virtio_dev *dev)
{
    struct net *net = (struct net *)dev;

    net->rx_len = 0;
    serve_change(net->fd, 0);
}

static const struct virtio_ops ops = {
    .id = VIRTIO_NET,
    .nr_queues = 2,
    .start = start,
    .stop = stop,
    .kick = kick,
};

void net_add(struct machine *m, const struct net_arg *arg)
{
    struct net *net = &nets[nr_nets++];
    int hdr = HDR;

    net->fd = arg->fd;
    net->is_stream = arg->is_stream;
    net->dev.ops = &ops;
    net->dev.offered = F_MAC | F_MTU | F_MRG_RXBUF;
    memcpy(net->dev.config, arg->mac, 6);
    memcpy(net->dev.config + 10, &arg->mtu, 2);
    net->dev.config_bytes = 12;
    if (!net->is_stream) {
        if (ioctl(net->fd, TUNSETVNETHDRSZ, &hdr) < 0)
            die("descriptor %d is not a tap with a virtio header: %m", net->fd);
        net->dev.offered |= F_CSUM | F_GUEST_CSUM | F_GUEST_TSO4 |
                            F_GUEST_TSO6 | F_HOST_TSO4 | F_HOST_TSO6;
        fcntl(net->fd, F_SETFL, O_RDWR | O_NONBLOCK);
    }
    virtio_add(m, &net->dev);
    serve_add(net->fd, 0, host_ready, net);
}

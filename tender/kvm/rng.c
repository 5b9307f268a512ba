/* SPDX-License-Identifier: BSD-2-Clause */
/* virtio-rng (virtio 1.2, 5.4): the host's random bytes, at most a buffer of
 * ours for each request. */
#include <sys/random.h>

#include "tender/kvm/virtio.h"

enum { DRAW_MAX = 256 };

static uint32_t draw(const struct chain *c)
{
    size_t n = c->in[0].iov_len < DRAW_MAX ? c->in[0].iov_len : DRAW_MAX;
    ssize_t got = getrandom(c->in[0].iov_base, n, 0);

    return got > 0 ? (uint32_t)got : 0;
}

static void kick(struct virtio_dev *dev, uint32_t queue)
{
    struct queue *q = &dev->queues[queue];
    struct chain chain;

    do {
        while (queue_take(q, &chain) == 1) {
            if (!chain.nr_in) {
                q->broken = true;
                break;
            }
            queue_use(q, chain.head, draw(&chain));
        }
        virtio_show(dev, queue);
        queue_notify(q, true);
    } while (!queue_empty(q));
}

static const struct virtio_ops ops = {
    .id = VIRTIO_RNG,
    .nr_queues = 1,
    .start = virtio_nothing,
    .stop = virtio_nothing,
    .kick = kick,
};

void rng_add(struct machine *m)
{
    static struct virtio_dev dev = {.ops = &ops};

    virtio_add(m, &dev);
}

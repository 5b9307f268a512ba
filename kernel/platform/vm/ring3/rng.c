/* SPDX-License-Identifier: BSD-2-Clause */
/* virtio-rng (virtio 1.2, 5.4): one draw at start, mixed into the generator. */
#include "kernel/platform/vm/ring3/ring3.h"
#include "kernel/platform/vm/ring3/virtio.h"

void rng_attach(const struct virtio_dev *dev)
{
    enum { DRAW = 64, WAIT_NS = 100000000 };
    static struct virtio_dev kept;
    static struct virtq q;
    struct virtq_used_elem elem = {0, 0};
    uint64_t features, end;

    kept = *dev;
    features = virtio_negotiate(&kept, 0);
    if (!features || !virtq_init(&q, &kept, 0, 1, DRAW, features))
        return;
    virtio_start(&kept);
    q.desc[0].len = DRAW;
    q.desc[0].flags = VIRTQ_WRITE;
    virtq_offer(&q, 0);
    virtq_ask(&q, 0);
    virtq_publish(&q);
    end = clock_mono_ns() + WAIT_NS;
    while (!virtq_has_used(&q) && clock_mono_ns() < end)
        __builtin_ia32_pause();
    if (virtq_has_used(&q) && virtq_take(&q, &elem))
        random_mix(virtq_page(&q, 0), elem.len < DRAW ? elem.len : DRAW);
}

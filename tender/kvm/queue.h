/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device's side of a split virtqueue (virtio 1.2, 2.7). Everything in the
 * guest's memory is read once, checked, and then only the copy is used; a
 * queue that breaks the rules is dead until the device is reset.
 */
#ifndef EINKORN_TENDER_KVM_QUEUE_H
#define EINKORN_TENDER_KVM_QUEUE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "tender/kvm/gmem.h"

enum { QUEUE_MAX = 256, CHAIN_MAX = 64 };
#define CHAIN_MAX_BYTES (UINT64_C(1) << 20)

struct queue {
    const struct gmem *mem;
    uint64_t desc_gpa, avail_gpa, used_gpa; /* what the driver wrote */
    uint32_t num;
    bool ready, broken, event_idx;
    const uint8_t *desc; /* host addresses while ready */
    uint8_t *avail, *used;
    uint16_t next_avail; /* next entry to take */
    uint16_t next_used;  /* next entry to fill */
    uint16_t shown_used; /* used->idx, and what the driver was told of */
};

/* One request: what the driver gives, and room for what it gets. */
struct chain {
    uint16_t head;
    uint32_t nr_out, nr_in;
    uint64_t out_bytes, in_bytes;
    struct iovec out[CHAIN_MAX], in[CHAIN_MAX];
};

/* Called when the driver says "ready": false, and broken, if the queue's size
 * or place is not valid. */
bool queue_enable(struct queue *q);
/* 1: *chain is filled. 0: none there. -1: the queue is broken. */
int queue_take(struct queue *q, struct chain *chain);
/* Takes back the last nr chains that were taken. */
void queue_untake(struct queue *q, uint16_t nr);
/* Answers a chain; the driver sees it after queue_show(). */
void queue_use(struct queue *q, uint16_t head, uint32_t len_bytes);
/* True: the driver wants an interrupt. */
bool queue_show(struct queue *q);
/* Says that no notification is needed (or that one is). After asking, look
 * once more. */
void queue_notify(struct queue *q, bool wanted);
bool queue_empty(const struct queue *q);

#endif

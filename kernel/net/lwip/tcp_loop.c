/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP between sockets of this instance: one copy into memory that becomes the
 * receiver's, no checksums.
 */
#include <linux/errno.h>

#include "kernel/core/alloc.h"
#include "kernel/net/lwip/tcp_glue.h"
#include "lib/list.h"

struct loop_packet {
    struct rx_buf buf; /* when the receiver keeps it */
    struct list node;
    struct net_addr src, dst;
    unsigned header_len;
    uint8_t header[60];
    uint32_t len;
    bool taken;
    uint8_t data[];
};

static struct list waiting = LIST_INIT(waiting);

int tcp_loop_send(const struct ip_packet *p)
{
    struct loop_packet *l = kmalloc(sizeof(*l) + p->payload_len);

    if (!l)
        return -EIO; /* lost */
    l->src = *p->src;
    l->dst = *p->dst;
    l->header_len = p->tcp_len;
    memcpy(l->header, p->head + IP_HEADROOM, p->tcp_len);
    l->len = 0;
    l->taken = false;
    for (unsigned i = 0; i < p->nr; i++) {
        memcpy(l->data + l->len, (const void *)(uintptr_t)p->iov[i].base,
               p->iov[i].len_bytes);
        l->len += (uint32_t)p->iov[i].len_bytes;
    }
    list_push_back(&waiting, &l->node);
    return 0;
}

static void release(struct rx_buf *b)
{
    kfree(container_of(b, struct loop_packet, buf));
}

static struct rx_buf *take(struct segment *seg)
{
    struct loop_packet *l = seg->take_arg;

    l->taken = true;
    l->buf = (struct rx_buf){
        .len = seg->part_len[1],
        .cost = (uint32_t)sizeof(*l) + l->len,
        .data = seg->part[1],
        .release = release,
    };
    return &l->buf;
}

bool tcp_loop_waits(void)
{
    return !list_empty(&waiting);
}

static void deliver(struct loop_packet *l)
{
    struct segment seg = {
        .src = l->src,
        .dst = l->dst,
        .part = {l->data, l->data},
        .part_len = {0, l->len},
        .take = take,
        .take_arg = l,
    };

    tcp_receive(&seg, l->header, l->header_len);
    if (!l->taken)
        kfree(l);
}

void tcp_loop_deliver(void)
{
    struct list now = LIST_INIT(now), *node;

    while ((node = list_pop_front(&waiting)))
        list_push_back(&now, node);
    while ((node = list_pop_front(&now)))
        deliver(container_of(node, struct loop_packet, node));
    tcp_batch_end();
}

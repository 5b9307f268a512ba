/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From IP to whom it is for.
 */
#include "kernel/net/tcp/receive.h"

#include <linux/errno.h>

#include "kernel/net/tcp/request.h"
#include "kernel/net/tcp/stream.h"
#include "kernel/net/tcp/time_wait.h"

enum { TCP_HEADER = 20 };

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)get16(p) << 16 | get16(p + 2);
}

/* True: the header is sound. Payload in the first part begins behind it. */
static bool parse(struct segment *seg, const uint8_t *h, uint32_t header_len)
{
    uint32_t len;

    if (header_len < TCP_HEADER)
        return false;
    len = (h[12] >> 4) * 4u;
    if (len < TCP_HEADER || len != header_len)
        return false;
    seg->src.port = get16(h);
    seg->dst.port = get16(h + 2);
    seg->seq = get32(h + 4);
    seg->ack = get32(h + 8);
    seg->flags = h[13];
    seg->window = get16(h + 14);
    seg->len = seg->part_len[0] + seg->part_len[1];
    net_counters.tcp_in_segs++;
    options_parse(&seg->opt, h + TCP_HEADER, len - TCP_HEADER);
    return true;
}

static void to_listener(struct segment *seg, const struct conn_key *key,
                        uint32_t iss, uint64_t now)
{
    struct stream *l = port_listener(&seg->dst, &seg->src);

    if (!l || (seg->flags & TCP_ACK)) {
        reset_stray(seg);
        return;
    }
    if ((seg->flags & (TCP_SYN | TCP_RST | TCP_FIN)) == TCP_SYN)
        request_new(l, seg, key, iss, now);
}

void tcp_receive(struct segment *seg, const uint8_t *header,
                 uint32_t header_len)
{
    struct conn_key key;
    struct conn_node *node;
    uint64_t now;
    uint32_t iss = 0;

    if (!parse(seg, header, header_len))
        return;
    conn_key_make(&key, &seg->dst, &seg->src);
    node = table_find(&key);
    if (node && node->kind == NODE_CONN) {
        conn_segment(container_of(node, struct conn, node), seg);
        return;
    }
    now = clock_mono_ns();
    if (node && node->kind == NODE_REQUEST) {
        request_segment(node, seg, now);
        return;
    }
    if (node && !time_wait_segment(node, seg, &iss, now))
        return;
    to_listener(seg, &key, iss, now);
}

/* RFC 5927: only about what is in flight; and RFC 1122, 4.2.3.9: only a
 * connection that is being opened fails for it. */
void tcp_icmp_error(const struct net_addr *local, const struct net_addr *remote,
                    uint32_t seq, int error, uint32_t mtu)
{
    struct conn_key key;
    struct conn_node *node;
    struct conn *c;

    conn_key_make(&key, local, remote);
    node = table_find(&key);
    if (!node || node->kind != NODE_CONN)
        return;
    c = container_of(node, struct conn, node);
    if (seq_lt(seq, c->snd_una) || !seq_lt(seq, c->snd_nxt))
        return;
    conn_hold(c);
    if (mtu)
        conn_path_mtu(c, mtu);
    else if (c->state == STREAM_SYN_SENT)
        conn_abort(c, error, false);
    conn_unhold(c);
}

void tcp_batch_end(void)
{
    acks_flush(false);
}

void tcp_poll_begin(void)
{
    acks_flush(true);
}

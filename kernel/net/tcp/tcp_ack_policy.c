/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When to acknowledge (RFC 9293, 3.8.6.3; RFC 5681, 4.2). Those for much data
 * go out once for each batch of frames. A single one is sent when the program
 * has read the data and the kernel looks at its devices: it may have answered
 * by then, which acknowledges too. Once it has, the answer is waited for. None
 * waits for longer than 40 ms.
 */
#include "kernel/net/tcp/conn.h"

enum { DELAY_MS = 40, CHALLENGE_MS = 500 };

static struct list due = LIST_INIT(due);

static void enlist(struct conn *c)
{
    if (list_empty(&c->ack_node))
        list_push_back(&due, &c->ack_node);
}

void ack_now(struct conn *c)
{
    c->ack_due = ACK_NOW;
    enlist(c);
}

void ack_after_read(struct conn *c)
{
    if (c->ack_due == ACK_SOON && !c->rx_bytes)
        enlist(c);
}

static void delay(struct conn *c, uint64_t now)
{
    if (!conn_armed(c, TIMER_ACK))
        conn_arm(c, TIMER_ACK, now + DELAY_MS * MSEC);
}

void ack_done(struct conn *c)
{
    c->ack_sent = c->rcv_nxt;
    c->has_dsack = false;
    c->ack_due = ACK_NONE;
    list_remove(&c->ack_node);
    conn_disarm(c, TIMER_ACK);
}

void ack_after_data(struct conn *c, uint32_t len, bool urgent, uint64_t now)
{
    if (len > c->rcv_mss)
        c->rcv_mss = min_u32(len, c->mss);
    if (urgent || c->rcv_nxt - c->ack_sent >= 2 * c->rcv_mss) {
        ack_now(c);
        return;
    }
    if (c->quick_acks && !c->answers && c->ack_due == ACK_NONE) {
        c->quick_acks--;
        c->ack_due = ACK_SOON;
    }
    delay(c, now);
}

void ack_challenge(struct conn *c, uint64_t now)
{
    if (c->challenged_ns && now - c->challenged_ns < CHALLENGE_MS * MSEC)
        return;
    c->challenged_ns = now;
    ack_now(c);
}

void acks_flush(bool all)
{
    uint64_t now;

    if (list_empty(&due))
        return;
    now = clock_mono_ns();
    list_for_each_safe(node, &due)
    {
        struct conn *c = container_of(node, struct conn, ack_node);

        if (!all && c->ack_due == ACK_SOON)
            continue;
        list_remove(&c->ack_node);
        conn_send_ack(c, now);
        c->ack_due = ACK_NONE;
    }
}

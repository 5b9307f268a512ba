/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ends of streams: half-closing, closing politely, resetting.
 */
#include <linux/errno.h>

#include "kernel/net/lwip/stream.h"

int stream_shutdown(struct stream *s)
{
    if (!s->connected || !s->pcb)
        return -ENOTCONN;
    if (s->fin_wanted)
        return 0;
    s->busy = true;
    tx_finish(s);
    s->busy = false;
    lwip_kick();
    return 0;
}

/* A polite end: what was written still goes out, then FIN. */
static void finish(struct stream *s)
{
    struct tcp_pcb *pcb = s->pcb;

    rx_free(s);
    s->busy = s->orphan = true;
    tcp_recv(pcb, NULL);
    tcp_err(pcb, NULL);
    /* All was read (or there would be a reset): lwIP must think so too. */
    if (pcb->state == ESTABLISHED || pcb->state == CLOSE_WAIT)
        pcb->rcv_wnd = TCP_WND_MAX(pcb);
    if (s->fin_sent)
        tcp_set_flags(pcb, TF_RXCLOSED); /* as tcp_close() would */
    else
        tx_finish(s);
    s->busy = false;
    stream_reap(s);
}

static void reset(struct stream *s)
{
    struct tcp_pcb *pcb = s->pcb;
    bool connected = s->connected;

    stream_detach(s);
    tcp_abandon(pcb, connected);
    stream_free(s);
}

static void close_listener(struct stream *s)
{
    struct tcp_pcb *pcb = s->pcb;
    struct list *node;

    while ((node = list_pop_front(&s->accept_queue))) {
        struct stream *child = container_of(node, struct stream, accept_node);

        child->listener = NULL;
        stream_close(child, true);
    }
    if (!stream_leave_group(s)) {
        stream_detach(s);
        tcp_close(pcb);
    }
    stream_free(s);
}

void stream_close(struct stream *s, bool rst)
{
    s->owner = NULL;
    if (!s->pcb)
        stream_free(s);
    else if (s->listening)
        close_listener(s);
    else if (rst || !s->connected || s->rx_bytes)
        reset(s);
    else
        finish(s);
    lwip_kick();
}

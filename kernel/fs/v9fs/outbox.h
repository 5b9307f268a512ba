/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to a session: requests under way, and how they get into the channel.
 * One that nobody waits for stays in `unsent` and goes in front of the next
 * one, in one message (lib/ninep.h: P9_BATCH), if the server knows how.
 */
#ifndef EINKORN_KERNEL_FS_V9FS_OUTBOX_H
#define EINKORN_KERNEL_FS_V9FS_OUTBOX_H

#include "kernel/fs/v9fs/session.h"

struct v9_request {
    struct list node;
    uint16_t tag;
    bool done, forgotten;
    struct waitq waitq;
    uint32_t fid; /* to be clunked, if forgotten */
    uint8_t *reply;
    size_t reply_size, reply_len;
    void *data;
    size_t data_bytes;
    uint64_t seq;
};

/* receive.c: that one with this tag, or NULL. */
struct v9_request *v9_request_find(struct list *list, uint16_t tag);
/* A request that nobody waits for, with its tag. */
void outbox_add(struct v9_session *s, struct v9_request *r);
/* Sends what waits, as far as there is room. */
void outbox_flush(struct v9_session *s);
/* Sends m with that tag, and what waits in front of it. Bytes, or -errno;
 * -EAGAIN: no room. */
int64_t outbox_send(struct v9_session *s, struct v9_msg *m, uint16_t tag);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A conversation with the server of one host directory: requests from many
 * threads, answers in any order.
 */
#ifndef EINKORN_KERNEL_FS_V9FS_SESSION_H
#define EINKORN_KERNEL_FS_V9FS_SESSION_H

#include "kernel/core/event.h"
#include "kernel/fs/v9fs/message.h"
#include "kernel/sched/waitq.h"

enum { V9_ROOT_FID = 1 };

struct v9_session {
    struct event_source source;
    uint32_t chan;
    uint32_t msize_bytes; /* 0: not set up yet */
    uint32_t next_fid;
    uint16_t next_tag;
    bool dead;           /* the server is gone */
    struct list pending; /* struct request */
    struct list unsent;  /* those of v9_clunk() that wait: outbox.h */
    bool is_stuck;       /* they found no room */
    bool has_batches;    /* the server knows P9_BATCH */
    struct waitq ready;  /* room in the channel */
    uint8_t *rx;         /* one message */
    uint64_t rx_seq;     /* messages received */
    uint64_t tx_nr;      /* requests sent */
    /* The server says that what it promised about a file is over. Called in
     * order with the answers; must not sleep. NULL: no promise is asked for. */
    void (*notice)(struct v9_session *s, uint64_t path, uint32_t what);
};

/* Starts looking at the channel; says nothing yet. -ENOMEM. */
int v9_session_init(struct v9_session *s, uint32_t chan);
/* Agrees on the protocol and attaches V9_ROOT_FID. 0 or -errno. */
int v9_session_start(struct v9_session *s);
/* Takes in what has come. True if anything has. */
bool v9_session_look(struct v9_session *s);
/* Sends m and waits for its answer, which replaces it in its buffer; m->p.pos
 * is behind the header. 0, or -errno: the server's, -EIO for a broken answer.
 * Signals do not interrupt it. */
int v9_call(struct v9_session *s, struct v9_msg *m);
/* The same, the answer to another buffer than the request's. */
int v9_call_into(struct v9_session *s, struct v9_msg *m, void *reply,
                 size_t reply_size);
/* The answer in m to a request of type sent: 0, or -errno as above. */
int v9_take_answer(struct v9_msg *m, uint8_t sent);
/* Lets go of a fid without waiting: with the next request, or when the program
 * sleeps or computes for long. */
void v9_clunk(struct v9_session *s, uint32_t fid);
uint32_t v9_new_fid(struct v9_session *s);
/* Largest payload of a read or write. */
uint32_t v9_io_bytes(const struct v9_session *s);

#endif

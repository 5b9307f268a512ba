/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests that follow from each other, sent together: behind one that fails
 * the rest is not done. A server that does not know P9_BATCH gets them one by
 * one.
 *
 *     v9_chain_begin(&c, buf, sizeof(buf));
 *     v9_chain_add(&c, P9_WALK); p9_put32(&c.m.p, ...); ...
 *     err = v9_chain_send(&c, s);
 *     err = err ? err : v9_chain_next(&c); ... p9_get32(&c.m.p) ...
 */
#ifndef EINKORN_KERNEL_FS_V9FS_CHAIN_H
#define EINKORN_KERNEL_FS_V9FS_CHAIN_H

#include "kernel/fs/v9fs/request.h"

enum {
    V9_CHAIN_REPLY = 640, /* three sets of attributes and more */
    V9_GETATTR_BYTES = P9_HEADER + 12,
};

struct v9_chain {
    struct v9_msg m;     /* being built; then the answer at hand */
    uint8_t *requests;   /* first of them */
    size_t begun;        /* where the one being built begins */
    size_t sent;         /* bytes of requests whose answer was taken */
    size_t taken, there; /* bytes of answers */
    uint64_t seq;
    uint8_t reply[V9_CHAIN_REPLY];
};

/* buf as in v9_begin(). */
void v9_chain_begin(struct v9_chain *c, void *buf, size_t size_bytes);
/* Begins the next request. */
void v9_chain_add(struct v9_chain *c, uint8_t type);
/* 0, or -errno if there was no answer. */
int v9_chain_send(struct v9_chain *c, struct v9_session *s);
/* The next request's answer: 0 with c->m at its body, or -errno. */
int v9_chain_next(struct v9_chain *c);

/* Requests of which chains are made, and what is in their answers. */
void v9_chain_walk(struct v9_chain *c, uint32_t fid, uint32_t new_fid,
                   const char *name);
int v9_chain_walked(struct v9_chain *c, const char *name, struct v9_qid *qid);
void v9_chain_getattr(struct v9_chain *c, const struct v9_session *s,
                      uint32_t fid);
int v9_chain_got_attr(struct v9_chain *c, struct v9_attr *out);

#endif

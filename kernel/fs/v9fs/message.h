/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A request being built, or its answer being taken apart (lib/ninep.h).
 */
#ifndef EINKORN_KERNEL_FS_V9FS_MESSAGE_H
#define EINKORN_KERNEL_FS_V9FS_MESSAGE_H

#include "lib/ninep.h"

enum {
    V9_GONE = 1,   /* in a P9_NOTICE: the file has no name any more */
    V9_HEAD = 128, /* in front of a request: room for what goes with it */
    V9_SMALL = V9_HEAD + 4608, /* holds any message without file data */
};

struct v9_qid {
    uint8_t type; /* 0x80: directory */
    uint32_t version;
    uint64_t path;
};

struct v9_msg {
    struct p9_msg p;
    /* Where an Rread's bytes go; p.buf keeps what is in front of them. */
    void *data;
    size_t data_bytes;
    uint64_t seq;  /* of the answer: which message from the server it was */
    bool is_chain; /* several requests, with their sizes: chain.h */
};

/* Begins a request in buf, V9_HEAD bytes behind its start; the header's size
 * and tag come at sending. */
void v9_begin(struct v9_msg *m, void *buf, size_t size_bytes, uint8_t type);
void v9_get_qid(struct v9_msg *m, struct v9_qid *qid);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the client's messages have beyond single fields.
 */
#include "kernel/fs/v9fs/message.h"

void v9_begin(struct v9_msg *m, void *buf, size_t size_bytes, uint8_t type)
{
    *m = (struct v9_msg){.p = {.buf = (uint8_t *)buf + V9_HEAD,
                               .size_bytes = size_bytes - V9_HEAD}};
    p9_put32(&m->p, 0);
    p9_put8(&m->p, type);
    p9_put16(&m->p, 0);
}

void v9_get_qid(struct v9_msg *m, struct v9_qid *qid)
{
    qid->type = p9_get8(&m->p);
    qid->version = p9_get32(&m->p);
    qid->path = p9_get64(&m->p);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* One change on its way out of the sandbox: this, the path, the target. */
#ifndef EINKORN_HOST_RECORD_CHANGES_FORMAT_H
#define EINKORN_HOST_RECORD_CHANGES_FORMAT_H

#include <stdint.h>

enum change_kind {
    CHANGE_END,
    CHANGE_REMOVE,
    CHANGE_ATTRIBUTES, /* of what is there */
    CHANGE_ADD,        /* in place of what may be there */
};

struct change {
    uint32_t kind;
    uint32_t mode, uid, gid;
    int64_t mtime_s;
    uint32_t mtime_ns;
    uint32_t path_len, target_len;
    uint64_t len_bytes, spool_off;
};

#endif

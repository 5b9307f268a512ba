/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One temporary file for everything that is unpacked: bytes by offset, each
 * piece on a block of its own. It can grow to a stated limit and no further.
 */
#ifndef EINKORN_HOST_OCI_SPOOL_H
#define EINKORN_HOST_OCI_SPOOL_H

#include <stddef.h>
#include <stdint.h>

#include "host/common/err.h"
#include "host/image/publish.h"

#define SPOOL_MAX_BYTES (UINT64_C(64) << 30)

struct spool {
    struct publish_temp file;
    uint64_t end;       /* where the next piece begins */
    uint64_t max_bytes; /* SPOOL_MAX_BYTES; less in tests */
};

int spool_open(struct spool *s, const char *dir, struct err *err);
void spool_close(struct spool *s);

/* Room for a piece of that length; gives its offset. `what` is for the error
 * when it does not fit. */
int spool_reserve(struct spool *s, uint64_t len_bytes, const char *what,
                  uint64_t *off, struct err *err);

int spool_write(struct spool *s, uint64_t off, const void *data, size_t len,
                struct err *err);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* The temporary file of what is unpacked: see spool.h. */
#include "host/oci/spool.h"

#include <unistd.h>

enum { BLOCK = 4096 };

int spool_open(struct spool *s, const char *dir, struct err *err)
{
    s->end = 0;
    s->max_bytes = SPOOL_MAX_BYTES;
    return publish_temp(&s->file, dir, err);
}

void spool_close(struct spool *s)
{
    publish_discard(&s->file);
}

int spool_reserve(struct spool *s, uint64_t len_bytes, const char *what,
                  uint64_t *off, struct err *err)
{
    uint64_t end;

    if (len_bytes > s->max_bytes || s->end > s->max_bytes - len_bytes)
        return err_set(err, ERR_TOOL,
                       "%s: with %llu bytes the image would unpack to more "
                       "than %llu MiB",
                       what, (unsigned long long)len_bytes,
                       (unsigned long long)(s->max_bytes >> 20));
    *off = s->end;
    end = (s->end + len_bytes + BLOCK - 1) & ~(uint64_t)(BLOCK - 1);
    if (ftruncate(s->file.fd, (off_t)end) < 0)
        return err_set(err, ERR_TOOL, "unpack %s to %s: %m", what,
                       s->file.path);
    s->end = end;
    return 0;
}

int spool_write(struct spool *s, uint64_t off, const void *data, size_t len,
                struct err *err)
{
    const char *p = data;

    while (len > 0) {
        ssize_t n = pwrite(s->file.fd, p, len, (off_t)off);

        if (n < 0)
            return err_set(err, ERR_TOOL, "unpack to %s: %m", s->file.path);
        p += n;
        off += (uint64_t)n;
        len -= (size_t)n;
    }
    return 0;
}

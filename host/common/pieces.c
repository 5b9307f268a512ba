/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/common/pieces.h"

#include <errno.h>
#include <unistd.h>

int pieces_write(int fd, const void *data, uint64_t len_bytes, uint64_t off)
{
    const char *p = data;

    while (len_bytes > 0) {
        uint64_t piece = PIECE_BYTES - off % PIECE_BYTES;
        ssize_t n = write(fd, p, piece < len_bytes ? piece : len_bytes);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return -1;
        }
        p += n;
        off += (uint64_t)n;
        len_bytes -= (uint64_t)n;
    }
    return 0;
}

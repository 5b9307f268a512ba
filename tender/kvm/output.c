/* SPDX-License-Identifier: BSD-2-Clause */
/* See output.h. */
#include "tender/kvm/output.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

void output_write(int fd, const void *data, size_t len_bytes)
{
    const char *at = data;

    while (len_bytes) {
        ssize_t n = write(fd, at, len_bytes);

        if (n < 0 && errno == EAGAIN) {
            struct pollfd p = {.fd = fd, .events = POLLOUT};

            poll(&p, 1, -1);
            continue;
        }
        if (n < 0 && errno != EINTR)
            return;
        if (n > 0) {
            at += n;
            len_bytes -= (size_t)n;
        }
    }
}

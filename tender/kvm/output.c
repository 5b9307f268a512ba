/* SPDX-License-Identifier: BSD-2-Clause */
/* See output.h. */
#include "tender/kvm/output.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

/* What a pipe takes at once that is said to have room (pipe(7), PIPE_BUF). */
enum { PIECE_BYTES = 4096 };

static bool wait_for_room(int fd, int timeout_ms)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};

    return poll(&p, 1, timeout_ms) > 0;
}

bool output_has_room(int fd)
{
    return wait_for_room(fd, 0);
}

int64_t output_try(int fd, const void *data, size_t len_bytes)
{
    const char *at = data;
    size_t done = 0;

    while (done < len_bytes && output_has_room(fd)) {
        size_t left = len_bytes - done;
        ssize_t n =
            write(fd, at + done, left < PIECE_BYTES ? left : PIECE_BYTES);

        if (n < 0 && errno == EAGAIN)
            break;
        if (n < 0 && errno != EINTR)
            return done ? (int64_t)done : -1;
        done += n > 0 ? (size_t)n : 0;
    }
    return (int64_t)done;
}

void output_write(int fd, const void *data, size_t len_bytes)
{
    const char *at = data;

    while (len_bytes) {
        int64_t n = output_try(fd, at, len_bytes);

        if (n < 0)
            return;
        at += n;
        len_bytes -= (size_t)n;
        if (len_bytes)
            wait_for_room(fd, -1);
    }
}

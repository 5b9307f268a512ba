/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Our own stdout or stderr as a place where output goes that may wait: a
 * reader that stalls keeps the rest of the instance's output back, but not the
 * monitor from signals and orders.
 */
#ifndef EINKORN_HOST_INSTANCE_OUTLET_H
#define EINKORN_HOST_INSTANCE_OUTLET_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

struct outlet {
    int fd;     /* never blocks, unless it is a regular file; -1: gone */
    bool owned; /* our own way to the same pipe or terminal */
    bool is_socket;
    char *data; /* the caller's; `len` bytes wait from `off` on */
    size_t off, len;
};

/* For descriptor fd (1 or 2). Cannot fail: where a second way to it cannot be
 * had, what is written may block. */
void outlet_open(struct outlet *o, int fd);

/* Takes the bytes, which stay where they are until outlet_waits() is false. */
void outlet_put(struct outlet *o, char *data, size_t len);
/* Writes what goes. After outlet_fill_poll()'s entry had events. */
void outlet_push(struct outlet *o);
bool outlet_waits(const struct outlet *o);
void outlet_fill_poll(const struct outlet *o, struct pollfd *p);
/* The reader is given up: what waits and what comes is dropped. */
void outlet_close(struct outlet *o);

#endif

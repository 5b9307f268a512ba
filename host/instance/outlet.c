/* SPDX-License-Identifier: BSD-2-Clause */
/* Output that may wait: see outlet.h. */
#include "host/instance/outlet.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* O_NONBLOCK belongs to the open file, which we share with who started us: so
 * pipes and terminals are opened anew. A regular file would lose its offset,
 * and never blocks. */
void outlet_open(struct outlet *o, int fd)
{
    char path[32];
    struct stat st;
    int own = -1;

    *o = (struct outlet){.fd = fd};
    if (fstat(fd, &st) < 0 || S_ISREG(st.st_mode)) {
        return;
    }
    o->is_socket = S_ISSOCK(st.st_mode);
    if (!o->is_socket) {
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        own = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    }
    if (own >= 0) {
        o->fd = own;
        o->owned = true;
    }
}

void outlet_close(struct outlet *o)
{
    if (o->owned) {
        close(o->fd);
    }
    o->owned = false;
    o->fd = -1;
    o->len = 0;
}

bool outlet_waits(const struct outlet *o)
{
    return o->len > 0;
}

void outlet_fill_poll(const struct outlet *o, struct pollfd *p)
{
    p->fd = outlet_waits(o) ? o->fd : -1;
    p->events = POLLOUT;
    p->revents = 0;
}

void outlet_push(struct outlet *o)
{
    while (o->len > 0) {
        const char *from = o->data + o->off;
        ssize_t n = o->is_socket
                        ? send(o->fd, from, o->len, MSG_DONTWAIT | MSG_NOSIGNAL)
                        : write(o->fd, from, o->len);

        if (n > 0) {
            o->off += (size_t)n;
            o->len -= (size_t)n;
        } else if (n < 0 && errno == EAGAIN) {
            return;
        } else if (n == 0 || errno != EINTR) {
            outlet_close(o); /* our reader is gone */
        }
    }
}

void outlet_put(struct outlet *o, char *data, size_t len)
{
    if (o->fd < 0) {
        return;
    }
    o->data = data;
    o->off = 0;
    o->len = len;
    outlet_push(o);
}

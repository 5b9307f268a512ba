/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pipes: a ring of bytes between readers and writers. Writes of up to PIPE_BUF
 * bytes are atomic.
 */
#include "kernel/fs/pipe/pipe.h"

#include <linux/errno.h>
#include <linux/eventpoll.h>
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/signal.h>

#include "kernel/core/alloc.h"
#include "kernel/core/uaccess.h"
#include "kernel/fs/pipe/pieces.h"
#include "kernel/fs/pipe/ring.h"
#include "kernel/sched/signal.h"
#include "kernel/vfs/inode.h"
#include "kernel/vfs/poll.h"
#include "lib/string.h"

enum { FIONREAD_ = 0x541b };

/* The contiguous part that can be read now. */
static uint32_t readable(const struct pipe *p)
{
    uint32_t to_end = p->size - p->head;

    return p->used < to_end ? p->used : to_end;
}

static void advance(struct pipe *p, uint32_t len)
{
    p->head = (p->head + len) & (p->size - 1);
    p->used -= len;
    pieces_took(p, len);
}

static int64_t drain(struct pipe *p, struct uio *to, uint32_t most)
{
    int64_t done = 0;

    while (most && to->resid_bytes) {
        uint32_t part = readable(p) < most ? readable(p) : most;
        int64_t n = uio_put(to, p->buf + p->head, part);

        if (n <= 0)
            return done ? done : n;
        advance(p, (uint32_t)n);
        most -= (uint32_t)n;
        done += n;
    }
    return done;
}

/* One packet, whose rest is lost if it does not fit, or bytes. */
static int64_t drain_piece(struct pipe *p, struct uio *to)
{
    bool packet;
    uint32_t len = pieces_first(p, &packet);
    int64_t n = drain(p, to, len);

    if (packet && n > 0)
        advance(p, len - (uint32_t)n);
    return n;
}

/* Readers take n bytes. */
static void took(struct pipe *p)
{
    if (!p->used)
        p->head = 0;
    waitq_wake(&p->writers, EPOLLOUT | EPOLLWRNORM);
}

int64_t pipe_wait_data(struct file *f, bool nonblock)
{
    struct pipe *p = f->data;
    int err = 0;

    if (!p->used && p->nr_writers && !nonblock) {
        file_get(f);
        WAIT(&p->readers, NO_DEADLINE, err, p->used || !p->nr_writers);
        file_put(f);
    }
    if (err)
        return err;
    return p->used || !p->nr_writers ? (int64_t)p->used : -EAGAIN;
}

static int64_t pipe_read(struct file *f, struct uio *to, uint64_t *off)
{
    struct pipe *p = f->data;
    int64_t n;

    (void)off;
    if (!to->resid_bytes)
        return 0;
    n = pipe_wait_data(f, file_io_flags(f, to) & O_NONBLOCK);
    if (n <= 0)
        return n;
    n = drain_piece(p, to);
    if (n > 0)
        took(p);
    return n;
}

static int64_t fill(struct pipe *p, struct uio *from, size_t most)
{
    int64_t done = 0;

    while (p->used < p->size && most > (size_t)done) {
        uint32_t tail = (p->head + p->used) & (p->size - 1);
        uint32_t room = p->size - p->used;
        int64_t n;

        room = room < p->size - tail ? room : p->size - tail;
        if (room > most - (size_t)done)
            room = (uint32_t)(most - (size_t)done);
        n = uio_get(from, p->buf + tail, room);
        if (n <= 0)
            return done ? done : n;
        p->used += n;
        done += n;
    }
    return done;
}

static int64_t broken(void)
{
    struct siginfo_k info = {.signo = SIGPIPE, .pid = 1};

    signal_send_thread(current_thread(), &info);
    return -EPIPE;
}

/* Room for this write to go on: all of it if it must be atomic. */
static bool writable(const struct pipe *p, size_t len, bool packet)
{
    uint32_t need = len <= PIPE_BUF ? (uint32_t)len : 1;

    return p->size - p->used >= need && pieces_room(p, packet);
}

static int64_t write_blocking(struct file *f, struct uio *from)
{
    struct pipe *p = f->data;
    bool packet = f->flags & O_DIRECT;
    int64_t done = 0;
    int err = packet ? pieces_need(p) : 0;

    if (err)
        return err;
    while (from->resid_bytes) {
        size_t len = from->resid_bytes;
        int64_t n;

        if (packet && len > PIPE_BUF)
            len = PIPE_BUF;

        if (!p->nr_readers)
            return done ? done : broken();
        if (!writable(p, len, packet)) {
            if (file_io_flags(f, from) & O_NONBLOCK)
                return done ? done : -EAGAIN;
            WAIT(&p->writers, NO_DEADLINE, err,
                 !p->nr_readers || writable(p, len, packet));
            if (err)
                return done ? done : err;
            continue;
        }
        n = fill(p, from, len);
        if (n <= 0)
            return done ? done : n;
        pieces_add(p, (uint32_t)n, packet);
        done += n;
        waitq_wake(&p->readers, EPOLLIN | EPOLLRDNORM);
    }
    return done;
}

static int64_t pipe_write(struct file *f, struct uio *from, uint64_t *off)
{
    struct pipe *p = f->data;
    int64_t n;

    (void)off;
    if (!p->buf && !(p->buf = page_alloc(p->size / ABI_PAGE_SIZE)))
        return -ENOMEM;
    file_get(f);
    n = write_blocking(f, from);
    file_put(f);
    return n;
}

static uint32_t pipe_poll(struct file *f, struct poll_table *pt)
{
    struct pipe *p = f->data;
    uint32_t events = 0;

    if (can_read(f)) {
        poll_add(pt, &p->readers);
        events |= p->used ? EPOLLIN | EPOLLRDNORM : 0;
        events |= !p->nr_writers && p->opened_w ? EPOLLHUP : 0;
    }
    if (can_write(f)) {
        poll_add(pt, &p->writers);
        events |= writable(p, PIPE_BUF, f->flags & O_DIRECT)
                      ? EPOLLOUT | EPOLLWRNORM
                      : 0;
        events |= !p->nr_readers ? EPOLLERR : 0;
    }
    return events;
}

static int64_t pipe_ioctl(struct file *f, uint32_t cmd, uint64_t arg)
{
    struct pipe *p = f->data;
    int32_t n = (int32_t)p->used;

    return cmd == FIONREAD_ ? copy_out(arg, &n) : -ENOTTY;
}

const struct file_ops pipe_fops = {
    .name = "pipe",
    .sends_sigio = true,
    .read = pipe_read,
    .write = pipe_write,
    .poll = pipe_poll,
    .ioctl = pipe_ioctl,
    .release = pipe_release,
};

int pipe_get_size(struct file *f)
{
    struct pipe *p = f->data;

    return f->ops == &pipe_fops ? (int)p->size : -EBADF;
}

int pipe_set_size(struct file *f, uint32_t size_bytes)
{
    struct pipe *p = f->data;
    uint32_t size = ABI_PAGE_SIZE;
    uint32_t first;
    uint8_t *buf;

    if (f->ops != &pipe_fops)
        return -EBADF;
    if (size_bytes > PIPE_MAX_BYTES)
        return -EPERM;
    while (size < size_bytes)
        size *= 2;
    if (size < p->used || size / ABI_PAGE_SIZE < pieces_count(p))
        return -EBUSY;
    buf = page_alloc(size / ABI_PAGE_SIZE);
    if (!buf)
        return -ENOMEM;
    first = readable(p);
    if (p->buf) {
        memcpy(buf, p->buf + p->head, first);
        memcpy(buf + first, p->buf, p->used - first);
        page_free(p->buf, p->size / ABI_PAGE_SIZE);
    }
    p->buf = buf;
    p->size = size;
    p->head = 0;
    waitq_wake(&p->writers, EPOLLOUT | EPOLLWRNORM);
    return (int)size;
}

bool pipe_is(const struct file *f)
{
    return f->ops == &pipe_fops;
}

int64_t pipe_wait_room(struct file *f, bool nonblock)
{
    struct pipe *p = f->data;
    int err = 0;

    if (p->used == p->size && p->nr_readers && !nonblock) {
        file_get(f);
        WAIT(&p->writers, NO_DEADLINE, err,
             p->used < p->size || !p->nr_readers);
        file_put(f);
    }
    if (err)
        return err;
    if (!p->nr_readers)
        return broken();
    return p->used < p->size ? (int64_t)(p->size - p->used) : -EAGAIN;
}

size_t pipe_peek(struct file *f, void *buf, size_t len_bytes)
{
    struct pipe *p = f->data;
    size_t len = len_bytes < p->used ? len_bytes : p->used;
    size_t first = len < readable(p) ? len : readable(p);

    memcpy(buf, p->buf + p->head, first);
    memcpy((uint8_t *)buf + first, p->buf, len - first);
    return len;
}

void pipe_skip(struct file *f, size_t len_bytes)
{
    struct pipe *p = f->data;
    uint32_t len = len_bytes < p->used ? (uint32_t)len_bytes : p->used;

    advance(p, len);
    took(p);
}

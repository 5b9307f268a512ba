/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asynchronous I/O: io_setup(2), io_submit(2), io_getevents(2) and kin. It is
 * done when it is submitted, as Linux does with what is in its cache, and
 * waits in the context to be asked for. A context is named by a page of the
 * program's memory, in which libaio looks for a ring of events; ours holds
 * zeroes, so it asks us.
 */
#include <asm/errno.h>
#include <linux/aio_abi.h>
#include <linux/mman.h>
#include <stddef.h>

#include "abi/layout.h"
#include "kernel/core/alloc.h"
#include "kernel/core/clock.h"
#include "kernel/fs/eventfd/eventfd.h"
#include "kernel/linux/aio.h"
#include "kernel/linux/calls.h"
#include "kernel/linux/rw.h"
#include "kernel/linux/timespec.h"
#include "kernel/linux/usigset.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/thread.h"
#include "kernel/sched/waitq.h"
#include "kernel/vfs/file.h"

struct context {
    struct list node;
    uptr_t id;
    uint32_t max;       /* events that it may hold */
    uint32_t nr, first; /* events that wait; the oldest one's place */
    uint32_t nr_begun;  /* operations that will become events */
    uint32_t nr_users;  /* threads in a call; the last one frees it if ended */
    bool ended;
    struct waitq waitq;
    struct io_event events[];
};

static struct list contexts = LIST_INIT(contexts);

static int64_t call(syscall_fn *fn, uint64_t a, uint64_t b, uint64_t c,
                    uint64_t d, uint64_t e, uint64_t f)
{
    struct abi_frame r = {
        .rdi = a, .rsi = b, .rdx = c, .r10 = d, .r8 = e, .r9 = f};

    return fn(&r);
}

/* ---- contexts ---------------------------------------------------------- */

static struct context *find(uptr_t id)
{
    list_for_each(node, &contexts)
    {
        struct context *c = container_of(node, struct context, node);

        if (c->id == id)
            return c;
    }
    return NULL;
}

static void leave(struct context *c)
{
    if (--c->nr_users == 0 && c->ended)
        kfree(c);
}

static void end(struct context *c)
{
    list_remove(&c->node);
    process.nr_aio -= c->max;
    c->ended = true;
    c->nr_users++;
    waitq_wake(&c->waitq, 0);
    leave(c);
}

void aio_exec(void)
{
    while (!list_empty(&contexts))
        end(container_of(contexts.next, struct context, node));
}

static int64_t begin(uptr_t id, uint32_t nr)
{
    struct context *c =
        kzalloc(sizeof(*c) + nr * (uint64_t)sizeof(c->events[0]));

    if (!c)
        return -ENOMEM;
    c->id = id;
    c->max = nr;
    waitq_init(&c->waitq);
    list_push_back(&contexts, &c->node);
    process.nr_aio += nr;
    return 0;
}

int64_t sys_io_setup(struct abi_frame *r)
{
    uint32_t nr = (uint32_t)r->rdi;
    uptr_t id;
    int64_t page, err;

    if (copy_in(&id, r->rsi))
        return -EFAULT;
    if (id || !nr)
        return -EINVAL;
    if (nr > AIO_EVENTS_MAX - process.nr_aio)
        return -EAGAIN;
    page = call(sys_mmap, 0, ABI_PAGE_SIZE, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS, (uint64_t)-1, 0);
    if (page < 0)
        return page;
    id = (uptr_t)page;
    err = copy_out(r->rsi, &id) ? -EFAULT : begin(id, nr);
    if (err)
        call(sys_munmap, id, ABI_PAGE_SIZE, 0, 0, 0, 0);
    return err;
}

int64_t sys_io_destroy(struct abi_frame *r)
{
    struct context *c = find(r->rdi);

    if (!c)
        return -EINVAL;
    end(c);
    call(sys_munmap, r->rdi, ABI_PAGE_SIZE, 0, 0, 0, 0);
    return 0;
}

/* ---- submitting -------------------------------------------------------- */

static bool is_write(const struct iocb *cb)
{
    return cb->aio_lio_opcode == IOCB_CMD_PWRITE ||
           cb->aio_lio_opcode == IOCB_CMD_PWRITEV;
}

/* What io_submit(2) says at once, before anything is done. */
static int64_t check(const struct context *c, const struct iocb *cb)
{
    int fd = (int)cb->aio_fildes;

    if (cb->aio_reserved2 || (int64_t)cb->aio_nbytes < 0)
        return -EINVAL;
    if (c->nr + c->nr_begun >= c->max)
        return -EAGAIN;
    switch (cb->aio_lio_opcode) {
    case IOCB_CMD_PREAD:
    case IOCB_CMD_PREADV:
    case IOCB_CMD_PWRITE:
    case IOCB_CMD_PWRITEV:
        return rw_check(is_write(cb), fd);
    case IOCB_CMD_FSYNC:
    case IOCB_CMD_FDSYNC:
        return fd_file(fd) ? 0 : -EBADF;
    default:
        return -EINVAL;
    }
}

/* Bytes, or -errno. */
static int64_t perform(const struct iocb *cb)
{
    uint64_t fd = cb->aio_fildes;
    int64_t n;

    switch (cb->aio_lio_opcode) {
    case IOCB_CMD_PREADV:
    case IOCB_CMD_PWRITEV:
        n = call(is_write(cb) ? sys_pwritev2 : sys_preadv2, fd, cb->aio_buf,
                 cb->aio_nbytes, (uint64_t)cb->aio_offset, 0,
                 (uint32_t)cb->aio_rw_flags);
        break;
    case IOCB_CMD_FSYNC:
        n = call(sys_fsync, fd, 0, 0, 0, 0, 0);
        break;
    case IOCB_CMD_FDSYNC:
        n = call(sys_fdatasync, fd, 0, 0, 0, 0, 0);
        break;
    default:
        n = rw_at(is_write(cb), (int)fd, cb->aio_buf, cb->aio_nbytes,
                  cb->aio_offset, (uint32_t)cb->aio_rw_flags);
    }
    return n <= -ERESTARTSYS && n >= -ERESTART_RESTARTBLOCK ? -EINTR : n;
}

static void add_event(struct context *c, const struct iocb *cb, uptr_t at,
                      int64_t result)
{
    c->events[(c->first + c->nr) % c->max] =
        (struct io_event){.data = cb->aio_data, .obj = at, .res = result};
    c->nr++;
    waitq_wake(&c->waitq, 0);
}

/* The eventfd that is to be told, a reference; NULL: none asked for. */
static int64_t who_is_told(const struct iocb *cb, struct file **f)
{
    *f = NULL;
    if (!(cb->aio_flags & IOCB_FLAG_RESFD))
        return 0;
    *f = fd_file_get((int)cb->aio_resfd);
    if (!*f)
        return -EBADF;
    if (is_eventfd(*f))
        return 0;
    file_put(*f);
    return -EINVAL;
}

static int64_t submit(struct context *c, uptr_t at)
{
    struct file *told;
    struct iocb cb;
    int64_t err, result;

    if (copy_in(&cb, at))
        return -EFAULT;
    err = check(c, &cb);
    if (!err &&
        clear_user(at + offsetof(struct iocb, aio_key), sizeof(cb.aio_key)))
        err = -EFAULT;
    if (!err)
        err = who_is_told(&cb, &told);
    if (err)
        return err;
    c->nr_begun++;
    result = perform(&cb);
    c->nr_begun--;
    add_event(c, &cb, at, result);
    if (told) {
        eventfd_add(told, 1);
        file_put(told);
    }
    return 0;
}

int64_t sys_io_submit(struct abi_frame *r)
{
    struct context *c = find(r->rdi);
    int64_t nr = (int64_t)r->rsi, done = 0, err = 0;
    uptr_t at;

    if (!c || nr < 0)
        return -EINVAL;
    c->nr_users++;
    for (; done < nr && !err; done += !err) {
        if (c->ended)
            err = -EINVAL;
        else if (copy_in(&at, r->rdx + (uint64_t)done * sizeof(at)))
            err = -EFAULT;
        else
            err = submit(c, at);
    }
    leave(c);
    return done ? done : err;
}

/* Nothing that was submitted is still to be done. */
int64_t sys_io_cancel(struct abi_frame *r)
{
    (void)r;
    return -EINVAL;
}

/* ---- events ------------------------------------------------------------ */

/* How many it copied, -EFAULT if none. */
static int64_t take(struct context *c, int64_t max, uptr_t to)
{
    int64_t n = 0;

    for (; n < max && c->nr; n++) {
        if (copy_out(to + (uint64_t)n * sizeof(c->events[0]),
                     &c->events[c->first]))
            return n ? n : -EFAULT;
        c->first = (c->first + 1) % c->max;
        c->nr--;
    }
    return n;
}

/* Until there are min: how many, or why there are none (-EINTR: a signal). */
static int64_t gather(struct context *c, int64_t min, int64_t max, uptr_t to,
                      uint64_t deadline)
{
    int64_t got = 0, n;
    int err = 0;

    for (;;) {
        n = take(c, max - got, to + (uint64_t)got * sizeof(c->events[0]));
        if (n < 0)
            return got ? got : n;
        got += n;
        if (got >= min || err || c->ended)
            break;
        WAIT(&c->waitq, deadline, err, c->nr || c->ended);
    }
    if (got || (err == -ETIMEDOUT && !c->ended))
        return got;
    return err ? -EINTR : got < min ? -EINVAL : 0;
}

static int64_t get_events(struct abi_frame *r)
{
    int64_t min = (int64_t)r->rsi, max = (int64_t)r->rdx, ret;
    struct context *c = find(r->rdi);
    uint64_t deadline;
    int err = timeout_from_user(r->r8, &deadline);

    if (err)
        return err;
    if (!c || min < 0 || min > max)
        return -EINVAL;
    c->nr_users++;
    ret = gather(c, min, max, r->r10, deadline);
    leave(c);
    return ret;
}

int64_t sys_io_getevents(struct abi_frame *r)
{
    return get_events(r);
}

int64_t sys_io_pgetevents(struct abi_frame *r)
{
    struct {
        uptr_t mask;
        uint64_t size_bytes;
    } signals = {0, 0};
    int64_t ret;
    int err = 0;

    if (r->r9 && copy_in(&signals, r->r9))
        return -EFAULT;
    if (signals.mask)
        err = sigset_wait_mask(signals.mask, signals.size_bytes);
    if (err)
        return err;
    ret = get_events(r);
    return ret == -EINTR ? -ERESTARTNOHAND : ret;
}

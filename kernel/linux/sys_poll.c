/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * poll(2), ppoll(2), select(2), pselect6(2): one engine that hooks into every
 * file's queues, sleeps, and asks the files again.
 */
#include <linux/errno.h>
#include <linux/eventpoll.h>
#include <linux/poll.h>
#include <linux/resource.h>

#include "kernel/core/alloc.h"
#include "kernel/core/clock.h"
#include "kernel/core/uaccess.h"
#include "kernel/linux/calls.h"
#include "kernel/linux/timespec.h"
#include "kernel/linux/usigset.h"
#include "kernel/sched/signal.h"
#include "kernel/vfs/poll.h"
#include "lib/string.h"

enum {
    ON_STACK = 16, /* descriptors and hooks that need no allocation */
    FD_BITS = 64,
    SELECT_MAX = 65536,
    IN = EPOLLIN | EPOLLRDNORM | EPOLLRDBAND | EPOLLHUP | EPOLLERR,
    OUT = EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND | EPOLLERR,
    EX = EPOLLPRI,
};

struct hook {
    struct waiter waiter;
    struct hook *next;
};

struct poller {
    struct poll_table table;
    struct hook *used;
    struct hook spare[ON_STACK];
    uint32_t nr_spare;
    bool no_memory;
};

static void poller_add(struct poll_table *pt, struct waitq *q)
{
    struct poller *p = container_of(pt, struct poller, table);
    struct hook *h =
        p->nr_spare < ON_STACK ? &p->spare[p->nr_spare++] : kmalloc(sizeof(*h));

    if (!h) {
        p->no_memory = true;
        return;
    }
    waiter_init_thread(&h->waiter);
    waitq_add(q, &h->waiter);
    h->next = p->used;
    p->used = h;
}

static void poller_done(struct poller *p)
{
    struct hook *h, *next;

    for (h = p->used; h; h = next) {
        next = h->next;
        waitq_del(&h->waiter);
        if (h < p->spare || h >= p->spare + ON_STACK)
            kfree(h);
    }
}

/* Files stay referenced while the thread may sleep with hooks in them. */
static void pin(struct pollfd *fds, struct file **files, uint32_t nr)
{
    for (uint32_t i = 0; i < nr; i++)
        files[i] = fds[i].fd >= 0 ? fd_file_get(fds[i].fd) : NULL;
}

static void unpin(struct file **files, uint32_t nr)
{
    for (uint32_t i = 0; i < nr; i++)
        if (files[i])
            file_put(files[i]);
}

static int ask(struct pollfd *fds, struct file **files, uint32_t nr,
               struct poll_table *pt)
{
    int ready = 0;

    for (uint32_t i = 0; i < nr; i++) {
        uint32_t wanted = (uint16_t)fds[i].events | POLLERR | POLLHUP;

        if (fds[i].fd < 0)
            fds[i].revents = 0;
        else if (!files[i])
            fds[i].revents = POLLNVAL;
        else
            fds[i].revents = (short)(file_poll(files[i], pt) & wanted);
        if (fds[i].revents) {
            ready++;
            pt = NULL; /* will not sleep: no need for hooks */
        }
    }
    return ready;
}

/* Number of ready entries, 0 at the deadline, or -errno. deadline 0: no wait */
static int poll_pinned(struct pollfd *fds, struct file **files, uint32_t nr,
                       uint64_t deadline_ns)
{
    struct poller p = {.table.add = poller_add};
    int err = 0, ready;

    poll_devices();
    ready = ask(fds, files, nr, deadline_ns ? &p.table : NULL);
    while (!ready && deadline_ns && !err && !p.no_memory) {
        err = thread_sleep(deadline_ns);
        ready = ask(fds, files, nr, NULL);
    }
    poller_done(&p);
    if (ready || err == -ETIMEDOUT)
        return ready;
    return p.no_memory ? -ENOMEM : err;
}

static int poll_kernel(struct pollfd *fds, uint32_t nr, uint64_t deadline_ns)
{
    struct file *stack[ON_STACK];
    struct file **files = nr <= ON_STACK ? stack : kmalloc(nr * sizeof(*files));
    int ready;

    if (!files)
        return -ENOMEM;
    pin(fds, files, nr);
    ready = poll_pinned(fds, files, nr, deadline_ns);
    unpin(files, nr);
    if (files != stack)
        kfree(files);
    return ready;
}

static int64_t poll_user(uptr_t uptr, uint64_t nr, uint64_t deadline_ns)
{
    struct pollfd stack[ON_STACK], *fds = stack;
    size_t len = nr * sizeof(*fds);
    int ready;

    if (nr > process.limits[RLIMIT_NOFILE].soft)
        return -EINVAL;
    if (nr > ON_STACK && !(fds = kmalloc(len)))
        return -ENOMEM;
    ready = copy_from_user(fds, uptr, len);
    if (!ready)
        ready = poll_kernel(fds, (uint32_t)nr, deadline_ns);
    for (uint64_t i = 0; ready >= 0 && i < nr; i++)
        if (copy_out(uptr + i * sizeof(*fds) + offsetof(struct pollfd, revents),
                     &fds[i].revents) < 0)
            ready = -EFAULT;
    if (fds != stack)
        kfree(fds);
    return ready;
}

int64_t sys_poll(struct abi_frame *r)
{
    int64_t ready = poll_user(r->rdi, r->rsi, timeout_ms((int32_t)r->rdx));

    return ready == -ERESTARTSYS ? -EINTR : ready;
}

/* Linux's calls tell what is left of the timeout. */
static void put_rest(uptr_t uptr, uint64_t deadline, bool timeval)
{
    uint64_t now = clock_mono_ns();
    uint64_t left = deadline > now ? deadline - now : 0;

    if (!uptr || deadline == NO_DEADLINE)
        return;
    if (timeval)
        timeval_to_user(uptr, left);
    else
        timespec_to_user(uptr, left);
}

int64_t sys_ppoll(struct abi_frame *r)
{
    uint64_t deadline;
    int64_t ready;
    int err = timeout_from_user(r->rdx, &deadline);

    if (!err)
        err = sigset_wait_mask(r->r10, r->r8);
    if (err)
        return err;
    ready = poll_user(r->rdi, r->rsi, deadline);
    put_rest(r->rdx, deadline, false);
    return ready == -ERESTARTSYS ? -ERESTARTNOHAND : ready;
}

/* ---- select ------------------------------------------------------------ */

struct sets {
    uint64_t *in[3]; /* readable, writable, exceptional; NULL: not given */
    uptr_t uptr[3];
    uint32_t nr, words;
};

static const uint32_t set_events[3] = {IN, OUT, EX};

static int sets_load(struct sets *s, uint64_t *space)
{
    for (int k = 0; k < 3; k++) {
        s->in[k] = s->uptr[k] ? space + (size_t)k * s->words : NULL;
        if (s->in[k] && copy_from_user(s->in[k], s->uptr[k], s->words * 8) < 0)
            return -EFAULT;
    }
    return 0;
}

static uint32_t wanted(const struct sets *s, uint32_t fd)
{
    uint32_t events = 0;

    for (int k = 0; k < 3; k++)
        if (s->in[k] && s->in[k][fd / FD_BITS] >> fd % FD_BITS & 1)
            events |= set_events[k];
    return events;
}

static uint32_t sets_to_fds(const struct sets *s, struct pollfd *fds)
{
    uint32_t nr = 0;

    for (uint32_t fd = 0; fd < s->nr; fd++) {
        uint32_t events = wanted(s, fd);

        if (events)
            fds[nr++] = (struct pollfd){(int)fd, (short)events, 0};
    }
    return nr;
}

/* Bits that are set in the answers, or -EFAULT. */
static int sets_store(struct sets *s, const struct pollfd *fds, uint32_t nr)
{
    int count = 0;

    for (int k = 0; k < 3; k++) {
        if (!s->in[k])
            continue;
        for (uint32_t i = 0; i < nr; i++) {
            uint64_t bit = UINT64_C(1) << fds[i].fd % FD_BITS;
            uint64_t *word = &s->in[k][fds[i].fd / FD_BITS];

            if (!(*word & bit))
                continue;
            if ((uint16_t)fds[i].revents & set_events[k])
                count++;
            else
                *word &= ~bit;
        }
        if (copy_to_user(s->uptr[k], s->in[k], s->words * 8) < 0)
            return -EFAULT;
    }
    return count;
}

static int select_fds(struct sets *s, struct pollfd *fds, uint64_t deadline)
{
    uint32_t nr = sets_to_fds(s, fds);
    int ready;

    for (uint32_t i = 0; i < nr; i++)
        if (!fd_file(fds[i].fd))
            return -EBADF;
    ready = poll_kernel(fds, nr, deadline);
    return ready < 0 ? ready : sets_store(s, fds, nr);
}

static int64_t do_select(struct abi_frame *r, uint64_t deadline)
{
    struct sets s = {.uptr = {r->rsi, r->rdx, r->r10}};
    struct pollfd *fds;
    uint64_t *space;
    int ready;

    if ((int32_t)r->rdi < 0)
        return -EINVAL;
    s.nr = (uint32_t)r->rdi; /* an int: the upper half may be anything */
    s.nr = s.nr > SELECT_MAX ? SELECT_MAX : s.nr;
    s.words = (s.nr + FD_BITS - 1) / FD_BITS;
    space = kzalloc((size_t)s.words * 24 + (size_t)s.nr * sizeof(*fds) + 8);
    if (!space)
        return -ENOMEM;
    fds = (struct pollfd *)(space + (size_t)s.words * 3);
    ready = sets_load(&s, space);
    if (!ready)
        ready = select_fds(&s, fds, deadline);
    kfree(space);
    return ready == -ERESTARTSYS ? -ERESTARTNOHAND : ready;
}

int64_t sys_select(struct abi_frame *r)
{
    uint64_t ns = 0, deadline = NO_DEADLINE;
    int64_t ready;
    int err = r->r8 ? timeval_from_user(r->r8, &ns) : 0;

    if (err)
        return err;
    if (r->r8)
        deadline = timeout_ns(ns);
    ready = do_select(r, deadline);
    put_rest(r->r8, deadline, true);
    return ready;
}

int64_t sys_pselect6(struct abi_frame *r)
{
    struct {
        uint64_t mask, size;
    } sig = {0, 0};
    uint64_t deadline;
    int64_t ready;
    int err = timeout_from_user(r->r8, &deadline);

    if (!err && r->r9)
        err = copy_in(&sig, r->r9);
    if (!err)
        err = sigset_wait_mask(sig.mask, sig.size);
    if (err)
        return err;
    ready = do_select(r, deadline);
    put_rest(r->r8, deadline, false);
    return ready;
}

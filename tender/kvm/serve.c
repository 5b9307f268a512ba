/* SPDX-License-Identifier: BSD-2-Clause */
/* The second thread: waits for descriptors and calls who asked for them. */
#include <errno.h>
#include <sys/epoll.h>

#include "tender/kvm/monitor.h"

enum { MAX_WATCHES = 128, BATCH = 16 };

static struct watch {
    int fd;
    serve_fn *fn;
    void *arg;
} watches[MAX_WATCHES];
static uint32_t nr_watches;
static int epoll_fd;

void serve_init(void)
{
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd < 0)
        die("epoll_create1: %m");
}

bool serve_add(int fd, uint32_t events, serve_fn *fn, void *arg)
{
    struct watch *w = &watches[nr_watches];
    struct epoll_event event = {.events = events, .data.ptr = w};

    if (nr_watches == MAX_WATCHES)
        die("too many descriptors to wait for");
    *w = (struct watch){fd, fn, arg};
    nr_watches++;
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0)
        return true;
    if (errno != EPERM)
        die("wait for descriptor %d: %m", fd);
    return false;
}

/* Of one that is watched for nothing epoll(7) still tells that its other end
 * hung up, without end: it must not be watched at all. */
static void change(struct watch *w, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = w};

    if (!events)
        epoll_ctl(epoll_fd, EPOLL_CTL_DEL, w->fd, NULL);
    else if (epoll_ctl(epoll_fd, EPOLL_CTL_MOD, w->fd, &event) < 0 &&
             errno == ENOENT)
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, w->fd, &event);
}

void serve_change(int fd, uint32_t events)
{
    for (uint32_t i = 0; i < nr_watches; i++)
        if (watches[i].fd == fd)
            change(&watches[i], events);
}

static void *serve(void *arg)
{
    struct machine *m = arg;
    struct epoll_event events[BATCH];

    for (;;) {
        int nr = epoll_wait(epoll_fd, events, BATCH, -1);

        for (int i = 0; i < nr; i++) {
            struct watch *w = events[i].data.ptr;

            pthread_mutex_lock(&m->lock);
            w->fn(m, w->arg, events[i].events);
            pthread_mutex_unlock(&m->lock);
        }
    }
    return NULL;
}

void serve_start(struct machine *m)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, serve, m))
        die("start the devices' thread: %m");
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* How structures behind pointers look; kinds of trace_args.c. */
#include <asm/stat.h>

#include "kernel/core/uaccess.h"
#include "kernel/linux/trace.h"

enum { VECTOR_MAX = 8 };

void trace_sigset(struct trace_line *l, uint64_t set)
{
    bool any = false;

    if (~set == 0) {
        trace_put(l, "~[]");
        return;
    }
    trace_put(l, "[");
    for (int signo = 1; signo <= 64; signo++) {
        if (!(set >> (signo - 1) & 1))
            continue;
        trace_put(l, any ? " " : "");
        if (trace_signal_name(signo))
            trace_put(l, "%s", trace_signal_name(signo) + 3);
        else
            trace_put(l, "%d", signo);
        any = true;
    }
    trace_put(l, "]");
}

void trace_as_sigset(struct trace_line *l, const struct trace_call *c,
                     unsigned i)
{
    uint64_t set;

    if (!c->arg[i] || copy_in(&set, c->arg[i]) < 0)
        trace_pointer(l, c->arg[i]);
    else
        trace_sigset(l, set);
}

static void put_time(struct trace_line *l, uptr_t addr, const char *part)
{
    int64_t t[2];

    if (!addr || copy_in(&t, addr) < 0)
        trace_pointer(l, addr);
    else
        trace_put(l, "{tv_sec=%ld, %s=%ld}", t[0], part, t[1]);
}

void trace_as_timespec(struct trace_line *l, const struct trace_call *c,
                       unsigned i)
{
    put_time(l, c->arg[i], "tv_nsec");
}

void trace_as_timeval(struct trace_line *l, const struct trace_call *c,
                      unsigned i)
{
    put_time(l, c->arg[i], "tv_usec");
}

void trace_as_timespec_out(struct trace_line *l, const struct trace_call *c,
                           unsigned i)
{
    if (c->done && c->result == 0)
        put_time(l, c->arg[i], "tv_nsec");
    else
        trace_pointer(l, c->arg[i]);
}

void trace_as_stat(struct trace_line *l, const struct trace_call *c, unsigned i)
{
    struct stat st;

    if (!c->done || c->result < 0 || copy_in(&st, c->arg[i]) < 0)
        trace_pointer(l, c->arg[i]);
    else
        trace_put(l, "{st_mode=0%o, st_size=%ld, ...}", st.st_mode, st.st_size);
}

void trace_as_fd_pair(struct trace_line *l, const struct trace_call *c,
                      unsigned i)
{
    int32_t fds[2];

    if (!c->done || c->result < 0 || copy_in(&fds, c->arg[i]) < 0)
        trace_pointer(l, c->arg[i]);
    else
        trace_put(l, "[%d, %d]", fds[0], fds[1]);
}

void trace_as_poll(struct trace_line *l, const struct trace_call *c, unsigned i)
{
    struct {
        int32_t fd;
        uint16_t events, revents;
    } p[VECTOR_MAX];
    uint64_t nr = c->arg[i + 1];
    uint64_t shown = nr < VECTOR_MAX ? nr : VECTOR_MAX;

    if (copy_from_user(p, c->arg[i], shown * sizeof(p[0])) < 0) {
        trace_pointer(l, c->arg[i]);
        return;
    }
    trace_put(l, "[");
    for (uint64_t k = 0; k < shown; k++) {
        trace_put(l, "%s{fd=%d, events=%#x", k ? ", " : "", p[k].fd,
                  p[k].events);
        trace_put(l, c->done ? ", revents=%#x}" : "}", p[k].revents);
    }
    trace_put(l, "%s]", shown < nr ? ", ..." : "");
}

void trace_as_epoll_event(struct trace_line *l, const struct trace_call *c,
                          unsigned i)
{
    struct __attribute__((packed)) {
        uint32_t events;
        uint64_t data;
    } e;

    if (!c->arg[i] || copy_in(&e, c->arg[i]) < 0) {
        trace_pointer(l, c->arg[i]);
        return;
    }
    trace_put(l, "{events=");
    trace_flags(l, "epollbits", 9, e.events);
    trace_put(l, ", data=%#lx}", e.data);
}

static void put_int(struct trace_line *l, uptr_t addr)
{
    int32_t v;

    if (!addr || copy_in(&v, addr) < 0)
        trace_pointer(l, addr);
    else
        trace_put(l, "[%d]", v);
}

void trace_as_int_in(struct trace_line *l, const struct trace_call *c,
                     unsigned i)
{
    put_int(l, c->arg[i]);
}

void trace_as_int_out(struct trace_line *l, const struct trace_call *c,
                      unsigned i)
{
    if (c->done && c->result == 0)
        put_int(l, c->arg[i]);
    else
        trace_pointer(l, c->arg[i]);
}

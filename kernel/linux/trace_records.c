/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How larger structures look: messages, timers, signal actions, limits, lists
 * of events. Kinds of trace_args.c; those that a call fills are shown when it
 * has returned.
 */
#include "kernel/core/uaccess.h"
#include "kernel/fs/sock/abi.h"
#include "kernel/linux/trace.h"
#include "lib/string.h"

enum { VECTOR_MAX = 8 };

static bool filled(const struct trace_call *c)
{
    return c->done && c->result >= 0;
}

/* ---- messages ---------------------------------------------------------- */

/* Vectors of memory: what is there, `len` bytes of it. */
static void put_iov(struct trace_line *l, uint64_t addr, uint64_t nr,
                    uint64_t len)
{
    uint64_t iov[VECTOR_MAX][2];
    uint64_t shown = nr < VECTOR_MAX ? nr : VECTOR_MAX;

    if (copy_from_user(iov, addr, shown * sizeof(iov[0])) < 0) {
        trace_pointer(l, addr);
        return;
    }
    trace_put(l, "[");
    for (uint64_t k = 0; k < shown; k++) {
        uint64_t part = iov[k][1] < len ? iov[k][1] : len;

        trace_put(l, "%s", k ? ", " : "");
        trace_bytes(l, iov[k][0], part);
        len -= part;
    }
    trace_put(l, "%s]", shown < nr ? ", ..." : "");
}

void trace_as_iov_in(struct trace_line *l, const struct trace_call *c,
                     unsigned i)
{
    put_iov(l, c->arg[i], c->arg[i + 1], UINT64_MAX);
}

void trace_as_iov_out(struct trace_line *l, const struct trace_call *c,
                      unsigned i)
{
    if (filled(c))
        put_iov(l, c->arg[i], c->arg[i + 1], (uint64_t)c->result);
    else
        trace_pointer(l, c->arg[i]);
}

static void put_message(struct trace_line *l, const struct trace_call *c,
                        unsigned i, uint64_t len)
{
    struct user_msghdr h;

    if (!c->arg[i] || copy_in(&h, c->arg[i]) < 0) {
        trace_pointer(l, c->arg[i]);
        return;
    }
    trace_put(l, "{msg_name=");
    if (h.name && h.namelen > 0)
        trace_sockaddr(l, h.name, (uint64_t)h.namelen);
    else
        trace_pointer(l, h.name);
    trace_put(l, ", msg_iov=");
    put_iov(l, h.iov, h.iovlen, len);
    trace_put(l, ", msg_controllen=%lu, msg_flags=", h.controllen);
    trace_flags(l, "msgflags", strlen("msgflags"), h.flags);
    trace_put(l, "}");
}

void trace_as_msg_in(struct trace_line *l, const struct trace_call *c,
                     unsigned i)
{
    put_message(l, c, i, UINT64_MAX);
}

void trace_as_msg_out(struct trace_line *l, const struct trace_call *c,
                      unsigned i)
{
    if (filled(c))
        put_message(l, c, i, (uint64_t)c->result);
    else
        trace_pointer(l, c->arg[i]);
}

/* ---- timers ------------------------------------------------------------ */

static void put_timer(struct trace_line *l, uint64_t addr, const char *part)
{
    int64_t t[4];

    if (!addr || copy_in(&t, addr) < 0)
        trace_pointer(l, addr);
    else
        trace_put(l,
                  "{it_interval={tv_sec=%ld, %s=%ld}, "
                  "it_value={tv_sec=%ld, %s=%ld}}",
                  t[0], part, t[1], t[2], part, t[3]);
}

void trace_as_itimerval(struct trace_line *l, const struct trace_call *c,
                        unsigned i)
{
    put_timer(l, c->arg[i], "tv_usec");
}

void trace_as_itimerval_out(struct trace_line *l, const struct trace_call *c,
                            unsigned i)
{
    if (filled(c))
        put_timer(l, c->arg[i], "tv_usec");
    else
        trace_pointer(l, c->arg[i]);
}

void trace_as_itimerspec(struct trace_line *l, const struct trace_call *c,
                         unsigned i)
{
    put_timer(l, c->arg[i], "tv_nsec");
}

void trace_as_itimerspec_out(struct trace_line *l, const struct trace_call *c,
                             unsigned i)
{
    if (filled(c))
        put_timer(l, c->arg[i], "tv_nsec");
    else
        trace_pointer(l, c->arg[i]);
}

void trace_as_sigevent(struct trace_line *l, const struct trace_call *c,
                       unsigned i)
{
    struct {
        uint64_t value;
        int32_t signo, notify, tid;
    } e;

    if (!c->arg[i] || copy_in(&e, c->arg[i]) < 0) {
        trace_pointer(l, c->arg[i]);
        return;
    }
    trace_put(l, "{sigev_value=%#lx, sigev_signo=%d, sigev_notify=", e.value,
              e.signo);
    trace_flags(l, "sigev", strlen("sigev"), (uint32_t)e.notify);
    trace_put(l, "}");
}

/* ---- signals ----------------------------------------------------------- */

static void put_sigaction(struct trace_line *l, uint64_t addr)
{
    struct {
        uint64_t handler, flags, restorer, mask;
    } a;

    if (!addr || copy_in(&a, addr) < 0) {
        trace_pointer(l, addr);
        return;
    }
    trace_put(l, "{sa_handler=");
    if (a.handler <= 1)
        trace_put(l, a.handler ? "SIG_IGN" : "SIG_DFL");
    else
        trace_pointer(l, a.handler);
    trace_put(l, ", sa_mask=");
    trace_sigset(l, a.mask);
    trace_put(l, ", sa_flags=");
    trace_flags(l, "saflags", strlen("saflags"), a.flags);
    trace_put(l, "}");
}

void trace_as_sigaction(struct trace_line *l, const struct trace_call *c,
                        unsigned i)
{
    put_sigaction(l, c->arg[i]);
}

void trace_as_sigaction_out(struct trace_line *l, const struct trace_call *c,
                            unsigned i)
{
    if (filled(c))
        put_sigaction(l, c->arg[i]);
    else
        trace_pointer(l, c->arg[i]);
}

/* ---- limits, lists of events ------------------------------------------- */

static void put_limit(struct trace_line *l, const char *what, uint64_t value)
{
    if (value == UINT64_MAX)
        trace_put(l, "%s=RLIM_INFINITY", what);
    else
        trace_put(l, "%s=%lu", what, value);
}

void trace_as_limits(struct trace_line *l, const struct trace_call *c,
                     unsigned i)
{
    uint64_t v[2];

    if (!c->arg[i] || copy_in(&v, c->arg[i]) < 0) {
        trace_pointer(l, c->arg[i]);
        return;
    }
    put_limit(l, "{rlim_cur", v[0]);
    put_limit(l, ", rlim_max", v[1]);
    trace_put(l, "}");
}

void trace_as_limits_out(struct trace_line *l, const struct trace_call *c,
                         unsigned i)
{
    if (filled(c))
        trace_as_limits(l, c, i);
    else
        trace_pointer(l, c->arg[i]);
}

void trace_as_epoll_events(struct trace_line *l, const struct trace_call *c,
                           unsigned i)
{
    struct __attribute__((packed)) {
        uint32_t events;
        uint64_t data;
    } e[VECTOR_MAX];
    int64_t nr = c->result, shown = nr < VECTOR_MAX ? nr : VECTOR_MAX;

    if (!filled(c) ||
        copy_from_user(e, c->arg[i], (uint64_t)shown * sizeof(e[0])) < 0) {
        trace_pointer(l, c->arg[i]);
        return;
    }
    trace_put(l, "[");
    for (int64_t k = 0; k < shown; k++) {
        trace_put(l, "%s{events=", k ? ", " : "");
        trace_flags(l, "epollbits", strlen("epollbits"), e[k].events);
        trace_put(l, ", data=%#lx}", e[k].data);
    }
    trace_put(l, "%s]", shown < nr ? ", ..." : "");
}

/* A socket option's name hangs on the level before it. */
void trace_as_sockopt(struct trace_line *l, const struct trace_call *c,
                      unsigned i)
{
    const char *set = c->arg[i - 1] == 1          ? "so"
                      : c->arg[i - 1] == SOL_IP   ? "ipopt"
                      : c->arg[i - 1] == SOL_TCP  ? "tcpopt"
                      : c->arg[i - 1] == SOL_IPV6 ? "ip6opt"
                                                  : "";

    if (!trace_flags(l, set, strlen(set), c->arg[i]))
        trace_put(l, "%d", (int)c->arg[i]);
}

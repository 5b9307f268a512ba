/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How an argument looks, by its kind. What a call writes is shown when it has
 * returned; what cannot be read is shown as its address.
 */
#include "kernel/core/uaccess.h"
#include "kernel/fs/sock/abi.h"
#include "kernel/linux/trace.h"
#include "lib/list.h"
#include "lib/string.h"

enum { TEXT_MAX = 64, PATH_SHOWN = 200, VECTOR_MAX = 8, DFD_CWD = -100 };

static void put_char(struct trace_line *l, uint8_t c)
{
    static const char from[] = "\n\t\r\"\\", to[] = "ntr\"\\";
    const char *special = c ? strchr(from, c) : NULL;

    if (special)
        trace_put(l, "\\%c", to[special - from]);
    else if (c >= ' ' && c < 127)
        trace_put(l, "%c", c);
    else
        trace_put(l, "\\%03o", c);
}

void trace_bytes(struct trace_line *l, uint64_t addr, uint64_t len)
{
    uint8_t text[TEXT_MAX];
    size_t shown = len < TEXT_MAX ? len : TEXT_MAX;

    if (copy_from_user(text, addr, shown) < 0) {
        trace_put(l, "%#lx", addr);
        return;
    }
    trace_put(l, "\"");
    for (size_t i = 0; i < shown; i++)
        put_char(l, text[i]);
    trace_put(l, "\"%s", shown < len ? "..." : "");
}

static void put_string(struct trace_line *l, uptr_t addr)
{
    char text[PATH_SHOWN];
    int64_t len = addr ? strncpy_from_user(text, addr, sizeof(text)) : -1;
    bool cut = len == -36; /* ENAMETOOLONG */

    if (len < 0 && !cut) {
        trace_put(l, addr ? "%#lx" : "NULL", addr);
        return;
    }
    trace_put(l, "\"");
    for (int64_t i = 0; i < (cut ? PATH_SHOWN - 1 : len); i++)
        put_char(l, (uint8_t)text[i]);
    trace_put(l, "\"%s", cut ? "..." : "");
}

void trace_pointer(struct trace_line *l, uint64_t value)
{
    trace_put(l, value ? "%#lx" : "NULL", value);
}

/* ---- kinds: each gets the call and its argument's place ---- */

static void as_signed(struct trace_line *l, const struct trace_call *c,
                      unsigned i)
{
    int64_t v = (int64_t)c->arg[i];

    /* Most are int: a negative one comes without its upper half. */
    if (v > INT32_MAX && v <= UINT32_MAX)
        v = (int32_t)v;
    trace_put(l, "%ld", v);
}

static void as_fd(struct trace_line *l, const struct trace_call *c, unsigned i)
{
    trace_put(l, "%d", (int)c->arg[i]);
}

static void as_dfd(struct trace_line *l, const struct trace_call *c, unsigned i)
{
    if ((int)c->arg[i] == DFD_CWD)
        trace_put(l, "AT_FDCWD");
    else
        trace_put(l, "%d", (int)c->arg[i]);
}

static void as_unsigned(struct trace_line *l, const struct trace_call *c,
                        unsigned i)
{
    trace_put(l, "%lu", c->arg[i]);
}

static void as_hex(struct trace_line *l, const struct trace_call *c, unsigned i)
{
    trace_put(l, "%#lx", c->arg[i]);
}

static void as_pointer(struct trace_line *l, const struct trace_call *c,
                       unsigned i)
{
    trace_pointer(l, c->arg[i]);
}

static void as_mode(struct trace_line *l, const struct trace_call *c,
                    unsigned i)
{
    trace_put(l, "0%lo", c->arg[i] & 07777777);
}

static void as_path(struct trace_line *l, const struct trace_call *c,
                    unsigned i)
{
    put_string(l, c->arg[i]);
}

static void as_written(struct trace_line *l, const struct trace_call *c,
                       unsigned i)
{
    trace_bytes(l, c->arg[i], c->arg[i + 1]);
}

static void as_read(struct trace_line *l, const struct trace_call *c,
                    unsigned i)
{
    uint64_t len = c->arg[i + 1];

    if (!c->done || c->result < 0)
        trace_pointer(l, c->arg[i]);
    else
        trace_bytes(l, c->arg[i],
                    (uint64_t)c->result < len ? (uint64_t)c->result : len);
}

static void as_argv(struct trace_line *l, const struct trace_call *c,
                    unsigned i)
{
    uint64_t p = 0;

    trace_put(l, "[");
    for (unsigned k = 0; k < VECTOR_MAX; k++) {
        if (copy_in(&p, c->arg[i] + k * sizeof(p)) < 0 || !p)
            break;
        trace_put(l, "%s", k ? ", " : "");
        put_string(l, p);
    }
    trace_put(l, "%s]", p ? ", ..." : "");
}

static void as_signal(struct trace_line *l, const struct trace_call *c,
                      unsigned i)
{
    const char *name = trace_signal_name((int)c->arg[i]);

    if (name)
        trace_put(l, "%s", name);
    else
        as_signed(l, c, i);
}

static void as_sockaddr(struct trace_line *l, const struct trace_call *c,
                        unsigned i)
{
    trace_sockaddr(l, c->arg[i], c->arg[i + 1]);
}

static void as_sockaddr_out(struct trace_line *l, const struct trace_call *c,
                            unsigned i)
{
    uint32_t len;

    if (!c->done || c->result < 0 || copy_in(&len, c->arg[i + 1]) < 0)
        trace_pointer(l, c->arg[i]);
    else
        trace_sockaddr(l, c->arg[i], len);
}

static const struct {
    const char *name;
    trace_kind *put;
} kinds[] = {
    {"d", as_signed},
    {"u", as_unsigned},
    {"x", as_hex},
    {"p", as_pointer},
    {"fd", as_fd},
    {"dfd", as_dfd},
    {"mode", as_mode},
    {"cmode", as_mode}, /* shown only if the argument before has O_CREAT */
    {"path", as_path},
    {"argv", as_argv},
    {"wbuf", as_written}, /* its length is the next argument */
    {"rbuf", as_read},    /* its length is the result */
    {"wiov", trace_as_iov_in},
    {"riov", trace_as_iov_out},
    {"wmsg", trace_as_msg_in},
    {"rmsg", trace_as_msg_out},
    {"itimerval", trace_as_itimerval},
    {"itimerval_out", trace_as_itimerval_out},
    {"itimerspec", trace_as_itimerspec},
    {"itimerspec_out", trace_as_itimerspec_out},
    {"sigevent", trace_as_sigevent},
    {"sigaction", trace_as_sigaction},
    {"sigaction_out", trace_as_sigaction_out},
    {"limits", trace_as_limits},
    {"limits_out", trace_as_limits_out},
    {"epollevs", trace_as_epoll_events},
    {"sockopt", trace_as_sockopt}, /* the level comes before */
    {"sig", as_signal},
    {"sigset", trace_as_sigset},
    {"timespec", trace_as_timespec},
    {"timespec_out", trace_as_timespec_out},
    {"timeval", trace_as_timeval},
    {"stat", trace_as_stat},
    {"fdpair", trace_as_fd_pair},
    {"pollfds", trace_as_poll},
    {"epollev", trace_as_epoll_event},
    {"wint", trace_as_int_in},
    {"rint", trace_as_int_out},
    {"sockaddr", as_sockaddr},
    {"sockaddr_out", as_sockaddr_out},
};

void trace_arg(struct trace_line *l, const struct trace_call *c, unsigned i,
               const char *kind, size_t kind_len)
{
    for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
        if (strlen(kinds[k].name) == kind_len &&
            memcmp(kinds[k].name, kind, kind_len) == 0) {
            kinds[k].put(l, c, i);
            return;
        }
    }
    if (!trace_flags(l, kind, kind_len, c->arg[i]))
        trace_put(l, "%#lx", c->arg[i]);
}

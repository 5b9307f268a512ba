/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options of level SOL_SOCKET (socket(7)) that mean the same for all
 * families; the rest is the family's.
 */
#include <asm/socket.h>
#include <linux/errno.h>
#include <linux/sockios.h>

#include "kernel/core/clock.h"
#include "kernel/fs/sock/sock.h"
#include "lib/string.h"

struct timeval64 {
    int64_t sec, usec;
};

struct linger_opt {
    int32_t on, seconds;
};

enum { USEC_PER_SEC = 1000000 };

static int set_timeout(uint64_t *ns, const void *val, size_t len)
{
    struct timeval64 tv;

    if (len < sizeof(tv))
        return -EINVAL;
    memcpy(&tv, val, sizeof(tv));
    if (tv.usec < 0 || tv.usec >= USEC_PER_SEC)
        return -EDOM;
    if (tv.sec < 0) /* socket(7) does not say so, but Linux: at once */
        *ns = 1;
    else if (tv.sec > INT64_MAX / (int64_t)NSEC_PER_SEC - 1)
        *ns = 0;
    else
        *ns = (uint64_t)tv.sec * NSEC_PER_SEC + (uint64_t)tv.usec * 1000;
    return 0;
}

static int set_linger(struct sock *s, const void *val, size_t len)
{
    struct linger_opt l;

    if (len < sizeof(l))
        return -EINVAL;
    memcpy(&l, val, sizeof(l));
    s->linger_on = l.on;
    s->linger_s = l.seconds;
    return 0;
}

/* Taken as on Linux and read back as 0: there is nothing here that they could
 * speed up or slow down. */
static bool is_hint(int opt)
{
    switch (opt) {
    case SO_DEBUG:
    case SO_BSDCOMPAT:
    case SO_NO_CHECK:
    case SO_BUSY_POLL:
    case SO_PREFER_BUSY_POLL:
    case SO_BUSY_POLL_BUDGET:
    case SO_ZEROCOPY:
        return true;
    default:
        return false;
    }
}

/* The flag behind a boolean option, or NULL. */
static bool *flag(struct sock *s, int opt)
{
    switch (opt) {
    case SO_REUSEADDR:
        return &s->reuseaddr;
    case SO_REUSEPORT:
        return &s->reuseport;
    case SO_KEEPALIVE:
        return &s->keepalive;
    case SO_BROADCAST:
        return &s->broadcast;
    case SO_PASSCRED:
        return &s->passcred;
    case SO_DONTROUTE:
        return &s->dontroute;
    case SO_OOBINLINE:
        return &s->oobinline;
    default:
        return NULL;
    }
}

static int set_common(struct sock *s, int opt, int value)
{
    bool *f = flag(s, opt);

    if (f) {
        *f = value;
        return 0;
    }
    if (is_hint(opt))
        return opt == SO_ZEROCOPY && (value || s->domain == AF_UNIX)
                   ? -EOPNOTSUPP
                   : 0;
    switch (opt) {
    case SO_TIMESTAMP_OLD:
    case SO_TIMESTAMPNS_OLD:
    case SO_TIMESTAMP_NEW:
    case SO_TIMESTAMPNS_NEW:
        s->timestamp = value ? opt : 0;
        return 0;
    case SO_PRIORITY:
        s->priority = value;
        return 0;
    case SO_MARK:
        s->mark = value;
        return 0;
    case SO_RCVLOWAT:
        s->rcvlowat = value > 0 ? (uint32_t)value : 1;
        return 0;
    case SO_INCOMING_CPU:
    case SO_MAX_PACING_RATE:
    case SO_CNX_ADVICE:
        return 0; /* hints that are not read back */
    case SO_TIMESTAMPING_OLD:
    case SO_TIMESTAMPING_NEW:
        return value ? -EOPNOTSUPP : 0;
    case SO_RESERVE_MEM:
        return -EOPNOTSUPP;
    case SO_DETACH_FILTER:
        return -ENOENT;
    case SO_SNDBUF:
    case SO_RCVBUF:
    case SO_SNDBUFFORCE:
    case SO_RCVBUFFORCE:
        return 0; /* the family has been told */
    default:
        return -ENOPROTOOPT;
    }
}

int sock_setsockopt(struct sock *s, int level, int opt, const void *val,
                    size_t len_bytes)
{
    int value, common, err = 0;

    if (level != SOL_SOCKET)
        return s->ops->setsockopt
                   ? s->ops->setsockopt(s, level, opt, val, len_bytes)
                   : -ENOPROTOOPT;
    if (opt == SO_RCVTIMEO_OLD || opt == SO_RCVTIMEO_NEW)
        return set_timeout(&s->rcv_timeout_ns, val, len_bytes);
    if (opt == SO_SNDTIMEO_OLD || opt == SO_SNDTIMEO_NEW)
        return set_timeout(&s->snd_timeout_ns, val, len_bytes);
    if (opt == SO_LINGER)
        return set_linger(s, val, len_bytes);
    if (opt == SO_BINDTODEVICE)
        return sock_set_device_name(s, val, len_bytes);
    if (len_bytes < sizeof(value))
        return -EINVAL;
    memcpy(&value, val, sizeof(value));
    if (opt == SO_BINDTOIFINDEX)
        return value < 0 ? -EINVAL : sock_set_device(s, (uint32_t)value);
    if (s->ops->setsockopt)
        err = s->ops->setsockopt(s, level, opt, val, len_bytes);
    if (err && err != -ENOPROTOOPT)
        return err;
    common = set_common(s, opt, value);
    return common == -ENOPROTOOPT && s->ops->setsockopt ? err : common;
}

static int give(void *val, size_t *len, const void *data, size_t size)
{
    if (*len > size)
        *len = size;
    memcpy(val, data, *len);
    return 0;
}

static int give64(void *val, size_t *len, uint64_t value)
{
    return *len < sizeof(value) ? -EINVAL
                                : give(val, len, &value, sizeof(value));
}

/* As getpeername(2), but nothing of it if it does not fit. */
static int peer_name(struct sock *s, void *val, size_t *len)
{
    struct sock_name name;
    int err = s->ops->getname ? s->ops->getname(s, &name, true) : -ENOTCONN;

    if (err)
        return -ENOTCONN;
    return *len < name.len_bytes ? -EINVAL
                                 : give(val, len, name.data, name.len_bytes);
}

static int get_timeout(uint64_t ns, void *val, size_t *len)
{
    struct timeval64 tv = {(int64_t)(ns / NSEC_PER_SEC),
                           (int64_t)(ns % NSEC_PER_SEC / 1000)};

    return give(val, len, &tv, sizeof(tv));
}

static int get_common(struct sock *s, int opt, int *value)
{
    bool *f = flag(s, opt);

    *value = f ? *f : 0;
    if (f || is_hint(opt))
        return 0;
    switch (opt) {
    case SO_TYPE:
        *value = s->type;
        return 0;
    case SO_DOMAIN:
        *value = s->domain;
        return 0;
    case SO_PROTOCOL:
        *value = s->protocol;
        return 0;
    case SO_ERROR:
        *value = s->ops->take_error ? s->ops->take_error(s) : 0;
        return 0;
    case SO_TIMESTAMP_OLD:
    case SO_TIMESTAMPNS_OLD:
    case SO_TIMESTAMPNS_NEW:
        *value = s->timestamp == opt;
        return 0;
    case SO_TIMESTAMP_NEW: /* Linux says so for both new ones */
        *value = s->timestamp == opt || s->timestamp == SO_TIMESTAMPNS_NEW;
        return 0;
    case SO_ACCEPTCONN:
        *value = s->listening;
        return 0;
    case SO_PRIORITY:
        *value = s->priority;
        return 0;
    case SO_MARK:
        *value = s->mark;
        return 0;
    case SO_RCVLOWAT:
        *value = (int)s->rcvlowat;
        return 0;
    case SO_SNDLOWAT:
        *value = 1;
        return 0;
    case SO_INCOMING_CPU: /* none known */
        *value = -1;
        return 0;
    case SO_INCOMING_NAPI_ID:
    case SO_LOCK_FILTER:
    case SO_RESERVE_MEM:
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

int sock_getsockopt(struct sock *s, int level, int opt, void *val,
                    size_t *len_bytes)
{
    static const uint32_t nobody[3] = {0, UINT32_MAX, UINT32_MAX};
    static const uint64_t off = 0, no_limit = UINT64_MAX;
    struct linger_opt l = {s->linger_on, s->linger_s};
    int value, err;

    if (level == SOL_SOCKET &&
        (opt == SO_RCVTIMEO_OLD || opt == SO_RCVTIMEO_NEW))
        return get_timeout(s->rcv_timeout_ns, val, len_bytes);
    if (level == SOL_SOCKET &&
        (opt == SO_SNDTIMEO_OLD || opt == SO_SNDTIMEO_NEW))
        return get_timeout(s->snd_timeout_ns, val, len_bytes);
    if (level == SOL_SOCKET && opt == SO_LINGER)
        return give(val, len_bytes, &l, sizeof(l));
    if (s->ops->getsockopt) {
        err = s->ops->getsockopt(s, level, opt, val, len_bytes);
        if (err != -ENOPROTOOPT || level != SOL_SOCKET)
            return err;
    }
    if (level != SOL_SOCKET)
        return -ENOPROTOOPT;
    if (opt == SO_TIMESTAMPING_OLD || opt == SO_TIMESTAMPING_NEW)
        return give(val, len_bytes, &off, sizeof(off));
    if (opt == SO_MAX_PACING_RATE)
        return give(val, len_bytes, &no_limit,
                    *len_bytes < sizeof(no_limit) ? sizeof(int)
                                                  : sizeof(no_limit));
    if (opt == SO_COOKIE)
        return give64(val, len_bytes, s->ino);
    if (opt == SO_PEERNAME)
        return peer_name(s, val, len_bytes);
    if (opt == SO_BINDTODEVICE)
        return sock_get_device_name(s, val, len_bytes);
    if (opt == SO_BINDTOIFINDEX)
        return give(val, len_bytes, &s->device, sizeof(s->device));
    if (opt == SO_PEERCRED)
        return give(val, len_bytes, nobody, sizeof(nobody));
    err = get_common(s, opt, &value);
    return err ? err : give(val, len_bytes, &value, sizeof(value));
}

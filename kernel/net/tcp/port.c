/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Local ports: who is bound to which, and who listens there (bind(2),
 * ip(7), socket(7) on SO_REUSEADDR and SO_REUSEPORT).
 */
#include <linux/errno.h>

#include "kernel/core/random.h"
#include "kernel/net/tcp/stream.h"
#include "kernel/net/tcp/time_wait.h"

enum { BUCKETS = 1024, FIRST = 32768, LAST = 60999, RANGE = LAST - FIRST + 1 };

static struct list buckets[BUCKETS];

static struct list *bucket(uint16_t port)
{
    struct list *b = &buckets[port % BUCKETS];

    if (!b->next)
        list_init(b);
    return b;
}

/* Is it "any" for both families? */
static bool is_dual(const struct stream *s)
{
    return s->family == NET_V6 && !s->v6only && net_addr_is_any(&s->conn.local);
}

static bool same_ip(const struct net_addr *a, const struct net_addr *b)
{
    return a->family == b->family &&
           memcmp(a->ip, b->ip, a->family == NET_V6 ? 16 : 4) == 0;
}

static bool overlap(const struct stream *a, const struct stream *b)
{
    const struct net_addr *x = &a->conn.local, *y = &b->conn.local;

    if (x->family != y->family)
        return is_dual(a) || is_dual(b);
    return net_addr_is_any(x) || net_addr_is_any(y) || same_ip(x, y);
}

static bool conflict(const struct stream *s, const struct stream *o)
{
    if (o == s || o->conn.local.port != s->conn.local.port || !overlap(s, o))
        return false;
    if (s->reuseport && o->reuseport)
        return false;
    return !(s->conn.reuseaddr && o->conn.reuseaddr && !o->listening &&
             !s->listening);
}

static bool taken(const struct stream *s)
{
    list_for_each(
        pos, bucket(s->conn.local.port)) if (conflict(s,
                                                      container_of(
                                                          pos, struct stream,
                                                          port))) return true;
    return time_wait_holds(&s->conn.local, s->conn.reuseaddr);
}

/* Listeners come first in a bucket: their connections may be many. */
bool port_listen(struct stream *s)
{
    struct list *all = bucket(s->conn.local.port);

    list_for_each(pos, all)
    {
        struct stream *o = container_of(pos, struct stream, port);

        if (!o->listening)
            break;
        if (o->conn.local.port == s->conn.local.port && overlap(s, o) &&
            !(s->reuseport && o->reuseport))
            return false;
    }
    list_remove(&s->port);
    list_push_front(all, &s->port);
    s->listening = true;
    return true;
}

void port_hold(struct stream *s)
{
    list_remove(&s->port);
    list_push_back(bucket(s->conn.local.port), &s->port);
}

void port_release(struct stream *s)
{
    list_remove(&s->port);
}

int port_bind(struct stream *s, struct net_addr *addr)
{
    uint32_t start = (uint32_t)random_u64();
    struct net_addr before = s->conn.local;

    s->conn.local = *addr;
    if (addr->port) {
        if (!taken(s)) {
            port_hold(s);
            return 0;
        }
        s->conn.local = before;
        return -EADDRINUSE;
    }
    for (uint32_t i = 0; i < RANGE; i++) {
        s->conn.local.port = (uint16_t)(FIRST + (start + i) % RANGE);
        if (!taken(s)) {
            port_hold(s);
            return 0;
        }
    }
    s->conn.local = before;
    return -EADDRINUSE;
}

/* Not somebody's own, except of connections to elsewhere. */
static bool free_for_connecting(const struct stream *s)
{
    struct conn_key key;

    list_for_each(pos, bucket(s->conn.local.port))
    {
        struct stream *o = container_of(pos, struct stream, port);

        if (o->conn.local.port == s->conn.local.port &&
            (o->bound || o->listening) && overlap(s, o))
            return false;
    }
    conn_key_make(&key, &s->conn.local, &s->conn.peer);
    return !table_find(&key);
}

/* RFC 6056, 3.3.3: an offset that depends on the destination would do too;
 * random ones are as good with few connections. */
bool port_pick(struct stream *s)
{
    uint32_t start = (uint32_t)random_u64();

    for (uint32_t i = 0; i < RANGE; i++) {
        s->conn.local.port = (uint16_t)(FIRST + (start + i) % RANGE);
        if (free_for_connecting(s))
            return true;
    }
    s->conn.local.port = 0;
    return false;
}

/* 0: not for it; more is a better match. */
static unsigned match(const struct stream *l, const struct net_addr *local)
{
    const struct net_addr *a = &l->conn.local;

    if (a->port != local->port)
        return 0;
    if (a->family == local->family)
        return same_ip(a, local) ? 3 : net_addr_is_any(a) ? 2 : 0;
    return is_dual(l) ? 1 : 0;
}

static uint32_t peer_hash(const struct net_addr *a)
{
    uint64_t words[2], h = a->port;

    memcpy(words, a->ip, sizeof(words));
    h = (h ^ words[0]) * UINT64_C(0x9e3779b97f4a7c15);
    h = (h ^ h >> 31 ^ words[1]) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(h >> 33);
}

struct stream *port_listener(const struct net_addr *local,
                             const struct net_addr *remote)
{
    struct list *all = bucket(local->port);
    struct stream *best = NULL;
    unsigned score = 0, nr = 0;

    list_for_each(pos, all)
    {
        struct stream *l = container_of(pos, struct stream, port);
        unsigned m = match(l, local);

        if (!l->listening)
            break;
        if (m > score)
            score = m, nr = 0;
        if (m && m == score)
            nr++;
    }
    if (!nr)
        return NULL;
    nr = nr > 1 ? peer_hash(remote) % nr : 0; /* SO_REUSEPORT */
    list_for_each(pos, all)
    {
        best = container_of(pos, struct stream, port);
        if (match(best, local) == score && nr-- == 0)
            break;
    }
    return best;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UDP sockets by their local port.
 */
#include "kernel/net/lwip/udp.h"

enum { BUCKETS = 256 };

static struct dgram *table[BUCKETS];

static struct dgram **bucket(uint16_t port)
{
    return &table[port % BUCKETS];
}

void udp_table_remove(struct dgram *d)
{
    struct dgram **pos = bucket(d->table_port);

    if (!d->table_port)
        return;
    while (*pos != d)
        pos = &(*pos)->table_next;
    *pos = d->table_next;
    d->table_port = 0;
}

void udp_table_update(struct dgram *d)
{
    struct dgram **first;

    if (!d->udp || d->udp->local_port == d->table_port)
        return;
    udp_table_remove(d);
    first = bucket(d->udp->local_port);
    d->table_port = d->udp->local_port;
    d->table_next = *first;
    *first = d;
}

/* How well it fits; 0: not. */
static int fits(const struct dgram *d, const ip_addr_t *dst,
                const ip_addr_t *src, uint16_t src_port, uint32_t ifindex)
{
    const ip_addr_t *local = &d->udp->local_ip;
    bool any = IP_IS_ANY_TYPE_VAL(*local);

    if ((!any && IP_GET_TYPE(local) != IP_GET_TYPE(dst)) ||
        (d->device && d->device != ifindex))
        return 0;
    any = any || ip_addr_isany(local);
    if (!any && !ip_addr_cmp(local, dst))
        return 0;
    if (!d->connected)
        return any ? 1 : 2;
    return d->udp->remote_port == src_port &&
                   ip_addr_cmp(&d->udp->remote_ip, src)
               ? 3
               : 0;
}

struct dgram *udp_table_find(const ip_addr_t *dst, uint16_t dst_port,
                             const ip_addr_t *src, uint16_t src_port,
                             uint32_t ifindex)
{
    struct dgram *best = NULL;
    int best_fit = 0;

    for (struct dgram *d = *bucket(dst_port); d; d = d->table_next) {
        int fit = 0;

        if (d->table_port == dst_port)
            fit = fits(d, dst, src, src_port, ifindex);

        if (fit > best_fit) {
            best = d;
            best_fit = fit;
        }
    }
    return best;
}

static bool shares(const struct dgram *a, const struct dgram *b)
{
    return b->reuseport && !b->connected && a->table_port == b->table_port &&
           a->device == b->device &&
           IP_GET_TYPE(&a->udp->local_ip) == IP_GET_TYPE(&b->udp->local_ip) &&
           ip_addr_cmp(&a->udp->local_ip, &b->udp->local_ip);
}

struct dgram *udp_table_pick(struct dgram *d, const ip_addr_t *src,
                             uint16_t src_port)
{
    struct dgram *first = *bucket(d->table_port), *b;
    unsigned n = 0;

    if (!d->reuseport || d->connected)
        return d;
    for (b = first; b; b = b->table_next)
        n += shares(d, b);
    n = n > 1 ? reuseport_hash(src, src_port) % n : 0;
    for (b = first; b; b = b->table_next)
        if (shares(d, b) && n-- == 0)
            return b;
    return d;
}

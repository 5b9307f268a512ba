/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What datagram endpoints learn about datagrams that did not arrive: the
 * pending error and the error queue (ip(7), ipv6(7), udp(7), raw(7)).
 */
#include <linux/errno.h>
#include <linux/in.h>

#include "kernel/core/alloc.h"
#include "kernel/core/clock.h"
#include "kernel/net/lwip/dgram.h"

enum { UDP_HEADER = 8, MTU_MIN = 68 /* RFC 791 */ };

static size_t cost(const struct dgram_error *e)
{
    return e->packet->len_bytes + DGRAM_COST;
}

/* Consumes the packet, also when there is no room. */
static void queue(struct dgram *d, struct packet *p,
                  const struct dgram_error *what)
{
    struct dgram_error *e = kmalloc(sizeof(*e));

    if (!e || d->rx_cost >= d->rcvbuf) {
        kfree(e);
        packet_free(p);
        return;
    }
    *e = *what;
    e->packet = p;
    d->rx_cost += cost(e);
    list_push_back(&d->errors, &e->node);
}

void dgram_error_free(struct dgram_error *e)
{
    packet_free(e->packet);
    kfree(e);
}

static bool is_icmp(const struct dgram_error *e)
{
    return e && e->origin != NET_ORIGIN_LOCAL;
}

struct dgram_error *dgram_pop_error(struct dgram *d)
{
    struct dgram_error *e = list_first(&d->errors, struct dgram_error, node);
    struct dgram_error *next;

    if (!e)
        return NULL;
    list_remove(&e->node);
    d->rx_cost -= cost(e);
    next = list_first(&d->errors, struct dgram_error, node);
    if (is_icmp(next))
        d->error = next->error;
    else if (is_icmp(e))
        d->error = 0;
    if (next && d->owner)
        d->owner->event(d->owner, NET_ERROR);
    return e;
}

void dgram_drop_errors(struct dgram *d)
{
    struct dgram_error *e;

    while ((e = list_first(&d->errors, struct dgram_error, node))) {
        list_remove(&e->node);
        d->rx_cost -= cost(e);
        dgram_error_free(e);
    }
}

void dgram_local_error(struct dgram *d, const struct net_addr *to, int error,
                       uint32_t info)
{
    struct dgram_error e = {
        .to = *to,
        .origin = NET_ORIGIN_LOCAL,
        .error = error,
        .info = info,
    };
    struct packet *p;

    if (!(to->family == NET_V4 ? d->recverr4 : d->recverr6))
        return;
    p = packet_new(0);
    if (!p)
        return;
    p->real_ns = clock_real_ns();
    queue(d, p, &e);
    if (d->owner)
        d->owner->event(d->owner, NET_ERROR);
}

/* ---- ICMP -------------------------------------------------------------- */

/* The message as a packet whose data is what it quotes of the program's. */
static struct packet *packet_of(const struct dgram_icmp *m, size_t header)
{
    struct packet *p = packet_copy(m->pbuf, m->off + header, 0);

    if (p)
        p->len_bytes = m->len - header;
    return p;
}

static void queue_icmp(struct dgram *d, const struct dgram_icmp *m)
{
    struct dgram_error e = {
        .origin = IP_IS_V4(&m->dst) ? NET_ORIGIN_ICMP : NET_ORIGIN_ICMP6,
        .type = m->type,
        .code = m->code,
        .error = m->error,
        .info = m->info,
    };
    struct packet *p = packet_of(m, d->udp ? UDP_HEADER : 0);

    from_ip(&e.to, &m->dst, d->udp ? m->dst_port : 0);
    if (p)
        queue(d, p, &e);
}

static void tell(struct dgram *d, const struct dgram_icmp *m)
{
    bool v4 = IP_IS_V4(&m->dst);
    bool wanted = v4 ? d->recverr4 : d->recverr6;
    uint8_t pmtudisc = v4 ? d->pmtudisc4 : d->pmtudisc6;

    if (m->too_big && pmtudisc == IP_PMTUDISC_DONT)
        return;
    if (m->too_big && d->connected && m->info >= MTU_MIN)
        d->path_mtu = m->info;
    if (!wanted && (!d->connected || !(m->hard || m->too_big)))
        return;
    if (wanted)
        queue_icmp(d, m);
    d->error = m->error;
    if (d->owner)
        d->owner->event(d->owner, NET_ERROR);
}

/* Would it get an answer to that packet? 2: and from there only. */
static int fits(const ip_addr_t *local, const ip_addr_t *remote, bool connected,
                const struct dgram_icmp *m)
{
    if (connected)
        return ip_addr_cmp(remote, &m->dst) ? 2 : 0;
    if (IP_IS_ANY_TYPE_VAL(*local))
        return ip_addr_isany(local);
    return IP_GET_TYPE(local) == IP_GET_TYPE(&m->src) &&
           (ip_addr_isany(local) || ip_addr_cmp(local, &m->src));
}

static int fits_udp(const struct dgram *d, const struct dgram_icmp *m)
{
    if (!d->udp || d->udp->local_port != m->src_port ||
        (d->connected && d->udp->remote_port != m->dst_port))
        return 0;
    return fits(&d->udp->local_ip, &d->udp->remote_ip, d->connected, m);
}

/* All that fit; for datagrams of UDP the one that fits best. */
void dgram_icmp(const struct dgram_icmp *m)
{
    struct dgram *best = NULL;
    int best_fit = 0;

    list_for_each(node, &dgrams)
    {
        struct dgram *d = container_of(node, struct dgram, all);
        int fit = m->protocol == IP_PROTO_UDP ? fits_udp(d, m) : 0;

        if (fit > best_fit) {
            best = d;
            best_fit = fit;
        }
        if (d->raw && d->raw->protocol == m->protocol &&
            fits(&d->raw->local_ip, &d->raw->remote_ip, d->connected, m))
            tell(d, m);
    }
    if (best)
        tell(best, m);
}

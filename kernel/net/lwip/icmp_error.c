/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * "Unreachable" and "too big" messages (RFC 792, RFC 4443) told to the sockets
 * that sent what could not be delivered: connected datagram ones, and streams
 * (udp(7), tcp(7), RFC 1122 4.2.3.9, RFC 1191).
 */
#include <linux/errno.h>

#include "kernel/core/log.h"
#include "kernel/net/lwip/dgram.h"
#include "kernel/net/lwip/tcp_glue.h"
#include "lwip/icmp.h"
#include "lwip/icmp6.h"
#include "lwip/ip4.h"
#include "lwip/ip6.h"

enum { PROTO_ICMP = 1, PROTO_TCP = 6, PROTO_UDP = 17, PROTO_ICMP6 = 58 };
enum {
    ICMP_HEADER = 8,
    QUOTED = 8,       /* of the transport's header: ports, TCP's number */
    MTU_UNTOLD = 576, /* by routers older than RFC 1191 */
    TYPE_UNREACHABLE4 = 3,
    CODE_TOO_BIG4 = 4,
    TYPE_UNREACHABLE6 = 1,
    TYPE_TOO_BIG6 = 2,
};

/* The packet of ours that an error message quotes. */
struct quoted {
    ip_addr_t src, dst;
    uint8_t protocol;
    uint16_t src_port, dst_port;
    uint32_t seq; /* TCP */
    uint32_t mtu; /* 0: it was not too big */
};

static int error4(uint8_t code)
{
    static const uint8_t errors[] = {ENETUNREACH, EHOSTUNREACH, ENOPROTOOPT,
                                     ECONNREFUSED};

    return code < sizeof(errors) ? errors[code] : EHOSTUNREACH;
}

static int error6(uint8_t code)
{
    static const uint8_t errors[] = {ENETUNREACH, EACCES, EHOSTUNREACH,
                                     EHOSTUNREACH, ECONNREFUSED};

    return code < sizeof(errors) ? errors[code] : EHOSTUNREACH;
}

static void tell_dgrams(const struct quoted *q, int error)
{
    list_for_each(node, &dgrams)
    {
        struct dgram *d = container_of(node, struct dgram, all);

        if (!d->udp || !d->connected || d->udp->local_port != q->src_port ||
            d->udp->remote_port != q->dst_port ||
            !ip_addr_cmp(&d->udp->remote_ip, &q->dst))
            continue;
        d->error = error;
        if (d->owner)
            d->owner->event(d->owner, NET_ERROR);
    }
}

static void tell_stream(const struct quoted *q, int error)
{
    struct net_addr local, remote;

    from_ip(&local, &q->src, q->src_port);
    from_ip(&remote, &q->dst, q->dst_port);
    tcp_icmp_error(&local, &remote, q->seq, error, q->mtu);
}

static void tell(const struct quoted *q, int error)
{
    if (q->protocol == PROTO_TCP)
        tell_stream(q, error);
    else if (q->protocol == PROTO_UDP && !q->mtu)
        tell_dgrams(q, error);
}

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static void take_header(struct quoted *q, const uint8_t *p)
{
    q->src_port = get16(p);
    q->dst_port = get16(p + 2);
    q->seq = (uint32_t)get16(p + 4) << 16 | get16(p + 6);
}

/* Called with each ICMP packet, which is then handled as usual. */
static u8_t on_icmp4(void *arg, struct raw_pcb *pcb, struct pbuf *p,
                     const ip_addr_t *src)
{
    const uint8_t *icmp;
    const struct ip_hdr *inner;
    struct quoted q;
    size_t outer = ip_current_header_tot_len(), hl;

    (void)arg;
    (void)pcb;
    (void)src;
    if (p->len < outer + ICMP_HEADER + IP_HLEN)
        return 0;
    icmp = (const uint8_t *)p->payload + outer;
    inner = (const struct ip_hdr *)(icmp + ICMP_HEADER);
    hl = IPH_HL_BYTES(inner);
    if (icmp[0] != TYPE_UNREACHABLE4 ||
        p->len < outer + ICMP_HEADER + hl + QUOTED)
        return 0;
    memset(&q, 0, sizeof(q));
    ip_addr_set_ip4_u32_val(q.src, inner->src.addr);
    ip_addr_set_ip4_u32_val(q.dst, inner->dest.addr);
    q.protocol = IPH_PROTO(inner);
    if (icmp[1] == CODE_TOO_BIG4)
        q.mtu = get16(icmp + 6) ? get16(icmp + 6) : MTU_UNTOLD;
    take_header(&q, icmp + ICMP_HEADER + hl);
    tell(&q, error4(icmp[1]));
    return 0;
}

static void take_ip6(ip_addr_t *out, const void *ip)
{
    IP_SET_TYPE(out, IPADDR_TYPE_V6);
    memcpy(ip_2_ip6(out)->addr, ip, 16);
    ip6_addr_assign_zone(ip_2_ip6(out), IP6_UNICAST, ip_current_input_netif());
}

static u8_t on_icmp6(void *arg, struct raw_pcb *pcb, struct pbuf *p,
                     const ip_addr_t *src)
{
    const uint8_t *icmp;
    const struct ip6_hdr *inner;
    struct quoted q;
    size_t outer = ip_current_header_tot_len();

    (void)arg;
    (void)pcb;
    (void)src;
    if (p->len < outer + ICMP_HEADER + IP6_HLEN + QUOTED)
        return 0;
    icmp = (const uint8_t *)p->payload + outer;
    inner = (const struct ip6_hdr *)(icmp + ICMP_HEADER);
    if (icmp[0] != TYPE_UNREACHABLE6 && icmp[0] != TYPE_TOO_BIG6)
        return 0;
    memset(&q, 0, sizeof(q));
    take_ip6(&q.src, inner->src.addr);
    take_ip6(&q.dst, inner->dest.addr);
    q.protocol = IP6H_NEXTH(inner);
    if (icmp[0] == TYPE_TOO_BIG6)
        q.mtu = (uint32_t)get16(icmp + 4) << 16 | get16(icmp + 6);
    take_header(&q, icmp + ICMP_HEADER + IP6_HLEN);
    tell(&q, error6(icmp[1]));
    return 0;
}

void icmp_error_init(void)
{
    struct raw_pcb *v4 = raw_new_ip_type(IPADDR_TYPE_V4, PROTO_ICMP);
    struct raw_pcb *v6 = raw_new_ip_type(IPADDR_TYPE_V6, PROTO_ICMP6);

    if (!v4 || !v6)
        panic("net: out of memory");
    raw_recv(v4, on_icmp4, NULL);
    raw_recv(v6, on_icmp6, NULL);
}

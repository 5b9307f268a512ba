/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * "Unreachable" messages (RFC 792, RFC 4443) turned into errors of the sockets
 * that sent what could not be delivered: connected datagram ones, and streams
 * that are still connecting (udp(7), tcp(7), RFC 1122 4.2.3.9).
 */
#include <linux/errno.h>

#include "kernel/core/log.h"
#include "kernel/net/lwip/dgram.h"
#include "kernel/net/lwip/stream.h"
#include "lwip/icmp.h"
#include "lwip/icmp6.h"
#include "lwip/ip4.h"
#include "lwip/ip6.h"

enum { PROTO_ICMP = 1, PROTO_TCP = 6, PROTO_UDP = 17, PROTO_ICMP6 = 58 };
enum {
    ICMP_HEADER = 8,
    PORTS = 4,
    TYPE_UNREACHABLE4 = 3,
    TYPE_UNREACHABLE6 = 1
};

/* The packet of ours that an error message quotes. */
struct quoted {
    ip_addr_t dst;
    uint8_t protocol;
    uint16_t src_port, dst_port;
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

static void tell_streams(const struct quoted *q, int error)
{
    for (struct tcp_pcb *p = tcp_active_pcbs; p; p = p->next)
        if (p->state == SYN_SENT && p->local_port == q->src_port &&
            p->remote_port == q->dst_port &&
            ip_addr_cmp(&p->remote_ip, &q->dst)) {
            if (p->callback_arg)
                stream_fail(p->callback_arg, error);
            return;
        }
}

static void tell(const struct quoted *q, int error)
{
    if (q->protocol == PROTO_UDP)
        tell_dgrams(q, error);
    else if (q->protocol == PROTO_TCP)
        tell_streams(q, error);
}

static void take_ports(struct quoted *q, const uint8_t *p)
{
    q->src_port = (uint16_t)(p[0] << 8 | p[1]);
    q->dst_port = (uint16_t)(p[2] << 8 | p[3]);
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
        p->len < outer + ICMP_HEADER + hl + PORTS)
        return 0;
    ip_addr_set_ip4_u32_val(q.dst, inner->dest.addr);
    q.protocol = IPH_PROTO(inner);
    take_ports(&q, icmp + ICMP_HEADER + hl);
    tell(&q, error4(icmp[1]));
    return 0;
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
    if (p->len < outer + ICMP_HEADER + IP6_HLEN + PORTS)
        return 0;
    icmp = (const uint8_t *)p->payload + outer;
    inner = (const struct ip6_hdr *)(icmp + ICMP_HEADER);
    if (icmp[0] != TYPE_UNREACHABLE6)
        return 0;
    memset(&q, 0, sizeof(q));
    IP_SET_TYPE_VAL(q.dst, IPADDR_TYPE_V6);
    memcpy(ip_2_ip6(&q.dst)->addr, inner->dest.addr, 16);
    ip6_addr_assign_zone(ip_2_ip6(&q.dst), IP6_UNICAST,
                         ip_current_input_netif());
    q.protocol = IP6H_NEXTH(inner);
    take_ports(&q, icmp + ICMP_HEADER + IP6_HLEN);
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

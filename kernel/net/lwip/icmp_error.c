/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ICMP's error messages (RFC 792, RFC 4443), told to the sockets that sent
 * what could not be delivered: datagram ones and streams (tcp(7), RFC 1122
 * 4.2.3.9, RFC 1191).
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
    CODE_TOO_BIG4 = 4,
};
enum { UNREACHABLE4 = 3, TIME_EXCEEDED4 = 11, BAD_PARAMETER4 = 12 };
enum { UNREACHABLE6 = 1, TOO_BIG6, TIME_EXCEEDED6, BAD_PARAMETER6 };

struct meaning {
    uint8_t error;
    bool hard; /* will not pass by itself: RFC 1122, 3.2.2.1 */
};

static struct meaning unreachable4(uint8_t code)
{
    static const struct meaning codes[] = {
        {ENETUNREACH, false},  {EHOSTUNREACH, false}, {ENOPROTOOPT, true},
        {ECONNREFUSED, true},  {EMSGSIZE, false},     {EOPNOTSUPP, false},
        {ENETUNREACH, true},   {EHOSTDOWN, true},     {ENONET, true},
        {ENETUNREACH, true},   {EHOSTUNREACH, true},  {ENETUNREACH, false},
        {EHOSTUNREACH, false}, {EHOSTUNREACH, true},  {EHOSTUNREACH, true},
        {EHOSTUNREACH, true},
    };

    return code < ARRAY_LEN(codes) ? codes[code]
                                   : (struct meaning){EHOSTUNREACH, false};
}

static struct meaning unreachable6(uint8_t code)
{
    static const struct meaning codes[] = {
        {ENETUNREACH, false},  {EACCES, true},       {EHOSTUNREACH, false},
        {EHOSTUNREACH, false}, {ECONNREFUSED, true}, {EACCES, true},
        {EACCES, true},
    };

    return code < ARRAY_LEN(codes) ? codes[code]
                                   : (struct meaning){EPROTO, true};
}

static void tell_stream(const struct dgram_icmp *m, uint32_t seq)
{
    struct net_addr local, remote;
    uint32_t mtu = m->too_big ? m->info : 0;

    from_ip(&local, &m->src, m->src_port);
    from_ip(&remote, &m->dst, m->dst_port);
    if (m->too_big && !mtu)
        mtu = MTU_UNTOLD;
    tcp_icmp_error(&local, &remote, seq, m->error, mtu);
}

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)get16(p) << 16 | get16(p + 2);
}

/* Completes m: quoted is the transport's header, off bytes into the packet,
 * len long as our packet had it. */
static void tell(struct dgram_icmp *m, struct pbuf *p, const uint8_t *quoted,
                 size_t off, size_t len)
{
    m->pbuf = p;
    m->off = off;
    m->len = len < p->tot_len - off ? len : p->tot_len - off;
    m->src_port = get16(quoted);
    m->dst_port = get16(quoted + 2);
    if (m->len < QUOTED)
        return;
    if (m->protocol == PROTO_TCP)
        tell_stream(m, get32(quoted + 4));
    else
        dgram_icmp(m);
}

static bool understand4(struct dgram_icmp *m, const uint8_t *icmp)
{
    struct meaning what = {EHOSTUNREACH, false};

    m->type = icmp[0];
    m->code = icmp[1];
    if (m->type == UNREACHABLE4)
        what = unreachable4(m->code);
    else if (m->type == BAD_PARAMETER4)
        what = (struct meaning){EPROTO, true};
    else if (m->type != TIME_EXCEEDED4)
        return false;
    m->error = what.error;
    m->hard = what.hard;
    m->too_big = m->type == UNREACHABLE4 && m->code == CODE_TOO_BIG4;
    if (m->too_big)
        m->info = get16(icmp + 6);
    else if (m->type == BAD_PARAMETER4)
        m->info = icmp[4]; /* the octet that is wrong */
    return true;
}

static bool understand6(struct dgram_icmp *m, const uint8_t *icmp)
{
    struct meaning what = {EHOSTUNREACH, false};

    m->type = icmp[0];
    m->code = icmp[1];
    if (m->type == UNREACHABLE6)
        what = unreachable6(m->code);
    else if (m->type == TOO_BIG6)
        what = (struct meaning){EMSGSIZE, false};
    else if (m->type == BAD_PARAMETER6)
        what = (struct meaning){EPROTO, true};
    else if (m->type != TIME_EXCEEDED6)
        return false;
    m->error = what.error;
    m->hard = what.hard;
    m->too_big = m->type == TOO_BIG6;
    m->info = get32(icmp + 4);
    return true;
}

/* Called with each ICMP packet, which is then handled as usual. */
static u8_t on_icmp4(void *arg, struct raw_pcb *pcb, struct pbuf *p,
                     const ip_addr_t *src)
{
    size_t outer = ip_current_header_tot_len(), off, hl;
    const struct ip_hdr *inner;
    const uint8_t *icmp;
    struct dgram_icmp m;

    (void)arg;
    (void)pcb;
    (void)src;
    if (p->len < outer + ICMP_HEADER + IP_HLEN)
        return 0;
    icmp = (const uint8_t *)p->payload + outer;
    inner = (const struct ip_hdr *)(icmp + ICMP_HEADER);
    hl = IPH_HL_BYTES(inner);
    off = outer + ICMP_HEADER + hl;
    memset(&m, 0, sizeof(m));
    if (p->len < off + QUOTED || !understand4(&m, icmp) ||
        lwip_ntohs(IPH_LEN(inner)) < hl)
        return 0;
    ip_addr_set_ip4_u32_val(m.src, inner->src.addr);
    ip_addr_set_ip4_u32_val(m.dst, inner->dest.addr);
    m.protocol = IPH_PROTO(inner);
    tell(&m, p, icmp + ICMP_HEADER + hl, off, lwip_ntohs(IPH_LEN(inner)) - hl);
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
    size_t outer = ip_current_header_tot_len();
    size_t off = outer + ICMP_HEADER + IP6_HLEN;
    const struct ip6_hdr *inner;
    const uint8_t *icmp;
    struct dgram_icmp m;

    (void)arg;
    (void)pcb;
    (void)src;
    if (p->len < off + QUOTED)
        return 0;
    icmp = (const uint8_t *)p->payload + outer;
    inner = (const struct ip6_hdr *)(icmp + ICMP_HEADER);
    memset(&m, 0, sizeof(m));
    if (!understand6(&m, icmp))
        return 0;
    take_ip6(&m.src, inner->src.addr);
    take_ip6(&m.dst, inner->dest.addr);
    m.protocol = IP6H_NEXTH(inner);
    tell(&m, p, icmp + ICMP_HEADER + IP6_HLEN, off, IP6H_PLEN(inner));
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

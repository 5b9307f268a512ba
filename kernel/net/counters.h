/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What happened since the start, by the names of RFC 4022 and RFC 4113, for
 * /proc/net/snmp and netstat.
 */
#ifndef EINKORN_KERNEL_NET_COUNTERS_H
#define EINKORN_KERNEL_NET_COUNTERS_H

#include <stdint.h>

struct net_counters {
    uint64_t tcp_active_opens, tcp_passive_opens;
    uint64_t tcp_attempt_fails, tcp_estab_resets;
    uint64_t tcp_in_segs, tcp_out_segs, tcp_resent_segs, tcp_out_resets;
    uint64_t tcp_timeouts, tcp_listen_overflows;
    uint64_t udp_in, udp_out, udp_receive_full;
};

extern struct net_counters net_counters;

#endif

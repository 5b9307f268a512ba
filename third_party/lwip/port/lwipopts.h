/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lwIP's configuration: raw API, no threads, memory from the kernel's
 * allocator without fixed pools, checksums and segmentation left to the
 * device where it can.
 */
#ifndef EINKORN_LWIPOPTS_H
#define EINKORN_LWIPOPTS_H

#include "kernel/core/alloc.h"

/* -- system -- */
#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_NETCONN 0
#define LWIP_SOCKET 0
#define LWIP_TIMERS 0 /* kernel/net/lwip/timers.c */
#define LWIP_STATS 0
#define LWIP_HOOK_FILENAME "lwip_hooks.h"

/* -- memory -- */
#define MEM_ALIGNMENT 8
#define MEM_LIBC_MALLOC 1
#define MEMP_MEM_MALLOC 1
#define mem_clib_malloc kmalloc
#define mem_clib_calloc(n, size) kzalloc((n) * (size))
#define mem_clib_free kfree
#define MEM_SIZE (64u << 20) /* a type's width only */
#define LWIP_SUPPORT_CUSTOM_PBUF 1
#define PBUF_LINK_ENCAPSULATION_HLEN 0

/* -- interfaces -- */
#define LWIP_SINGLE_NETIF 0
#define LWIP_HAVE_LOOPIF 1
#define LWIP_NETIF_LOOPBACK 1
#define LWIP_LOOPIF_MULTICAST 1
#define LWIP_LOOPBACK_MAX_PBUFS 0
#define LWIP_NETIF_HOSTNAME 1
#define LWIP_NETIF_STATUS_CALLBACK 1
#define LWIP_CHECKSUM_CTRL_PER_NETIF 1
#define LWIP_CHECKSUM_ON_COPY 0

/* -- Ethernet and IP -- */
#define LWIP_ARP 1
#define ARP_TABLE_SIZE 127
#define ARP_QUEUEING 1
#define ARP_QUEUE_LEN 16
#define ETHARP_SUPPORT_STATIC_ENTRIES 1
#define LWIP_IPV4 1
#define LWIP_IPV6 1
#define IP_REASSEMBLY 1
#define IP_REASS_MAX_PBUFS 512
#define IP_FRAG 1
#define LWIP_IPV6_FRAG 1
#define LWIP_IPV6_REASS 1
#define IPV6_FRAG_COPYHEADER 1 /* pointers of 8 bytes */
#define LWIP_IPV6_NUM_ADDRESSES 6
#define LWIP_IPV6_AUTOCONFIG 1
#define LWIP_ND6_NUM_NEIGHBORS 64
#define LWIP_ND6_NUM_DESTINATIONS 64
#define LWIP_IPV6_DHCP6 0
#define LWIP_ICMP 1
#define LWIP_ICMP6 1
#define LWIP_BROADCAST_PING 0
#define LWIP_MULTICAST_PING 0
#define LWIP_RAW 1
#define LWIP_IGMP 1
#define LWIP_IPV6_MLD 1
#define MEMP_NUM_MLD6_GROUP 64
#define LWIP_DHCP 1
#define LWIP_DHCP_DOES_ACD_CHECK 0
#define DHCP_DOES_ARP_CHECK 0
#define LWIP_DHCP_GET_NTP_SRV 0
#define LWIP_DHCP_MAX_DNS_SERVERS 3
#define LWIP_DNS 1 /* what DHCP tells; nobody asks through lwIP */
#define LWIP_MULTICAST_TX_OPTIONS 1
#define IP_SOF_BROADCAST 1
#define IP_SOF_BROADCAST_RECV 0
#define SO_REUSE 1
#define SO_REUSE_RXTOALL 1

/* -- UDP -- */
#define LWIP_UDP 1
#define LWIP_NETBUF_RECVINFO 1

#define IP_DEFAULT_TTL 64
#define UDP_LOCAL_PORT_RANGE_START 32768
#define UDP_LOCAL_PORT_RANGE_END 60999
#define UDP_ENSURE_LOCAL_PORT_RANGE(port)                                      \
    ((u16_t)((port) % 28232 + UDP_LOCAL_PORT_RANGE_START))

/* -- TCP is ours: kernel/net/tcp -- */
#define LWIP_TCP 0

#define LWIP_DISABLE_MEMP_SANITY_CHECKS 1

#endif

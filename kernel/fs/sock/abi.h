/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers of Linux's socket interface that its exported headers leave to the
 * C library: socket(2), send(2), recv(2), shutdown(2), cmsg(3).
 */
#ifndef EINKORN_KERNEL_FS_SOCK_ABI_H
#define EINKORN_KERNEL_FS_SOCK_ABI_H

#include <stdint.h>

enum {
    AF_UNSPEC = 0,
    AF_UNIX = 1,
    AF_INET = 2,
    AF_INET6 = 10,
    AF_NETLINK = 16,
};

enum {
    SOCK_STREAM = 1,
    SOCK_DGRAM = 2,
    SOCK_RAW = 3,
    SOCK_SEQPACKET = 5,
    SOCK_TYPE_MASK = 15,
    SOCK_NONBLOCK = 04000,
    SOCK_CLOEXEC = 02000000,
};

enum {
    MSG_OOB = 1,
    MSG_PEEK = 2,
    MSG_DONTROUTE = 4,
    MSG_CTRUNC = 8,
    MSG_TRUNC = 0x20,
    MSG_DONTWAIT = 0x40,
    MSG_EOR = 0x80,
    MSG_WAITALL = 0x100,
    MSG_ERRQUEUE = 0x2000,
    MSG_NOSIGNAL = 0x4000,
    MSG_MORE = 0x8000,
    MSG_WAITFORONE = 0x10000,
    MSG_FASTOPEN = 0x20000000,
    MSG_CMSG_CLOEXEC = 0x40000000,
};

enum { SHUT_RD = 0, SHUT_WR = 1, SHUT_RDWR = 2 };
enum {
    SOL_IP = 0,
    SOL_TCP = 6,
    SOL_UDP = 17,
    SOL_IPV6 = 41,
    SOL_ICMPV6 = 58,
    SOL_RAW = 255,
};
enum { SCM_RIGHTS = 1, SCM_CREDENTIALS = 2 };
enum { SOMAXCONN_DEFAULT = 4096, SOCKADDR_MAX = 128 };

struct cmsghdr {
    uint64_t len; /* header included */
    int32_t level, type;
};

struct ucred {
    int32_t pid;
    uint32_t uid, gid;
};

struct user_msghdr {
    uint64_t name;
    int32_t namelen, pad0;
    uint64_t iov, iovlen;
    uint64_t control, controllen;
    uint32_t flags, pad1;
};

struct user_mmsghdr {
    struct user_msghdr hdr;
    uint32_t len, pad;
};

/* netdevice(7); <linux/if.h> needs a C library. */
enum { IFNAMSIZ = 16, ARPHRD_ETHER = 1, ARPHRD_LOOPBACK = 772 };
enum {
    IFF_UP = 1,
    IFF_BROADCAST = 2,
    IFF_LOOPBACK = 8,
    IFF_RUNNING = 0x40,
    IFF_MULTICAST = 0x1000,
    IFF_LOWER_UP = 0x10000,
};

struct ifreq {
    char name[IFNAMSIZ];
    union {
        struct {
            uint16_t family;
            uint8_t data[14];
        } addr;
        int16_t flags;
        int32_t number; /* index, MTU, metric, queue length */
        uint8_t pad[24];
    };
};

struct ifconf {
    int32_t len, pad;
    uint64_t buf;
};

/* arp(7) */
struct arpreq {
    uint16_t family; /* of the protocol address */
    uint8_t ip[14];  /* as sockaddr_in: behind the port */
    uint16_t hw_family;
    uint8_t mac[14];
    int32_t flags;
    uint8_t netmask[16];
    char dev[IFNAMSIZ];
};

_Static_assert(sizeof(struct arpreq) == 68, "abi");
_Static_assert(sizeof(struct ifreq) == 40, "abi");
_Static_assert(sizeof(struct ifconf) == 16, "abi");
_Static_assert(sizeof(struct cmsghdr) == 16, "abi");
_Static_assert(sizeof(struct user_msghdr) == 56, "abi");
_Static_assert(sizeof(struct user_mmsghdr) == 64, "abi");

#endif

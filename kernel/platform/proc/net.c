/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Network devices: a tap with virtio-net header takes and gives frames as
 * they are, one host call each; stream.c does the same over a socket.
 */
#include "kernel/platform/proc/gate.h"

#include <linux/uio.h>

enum { NR_IOV_MAX = 64 };

_Static_assert(sizeof(struct iovec) == sizeof(struct abi_iov), "layout");

static int64_t tap_send(uint32_t dev, const struct abi_packet *packet)
{
    return hostcall3(__NR_writev, (uint64_t)gate.net[dev].fd,
                     (uint64_t)packet->iov, packet->nr_iov);
}

static void set_nr_buffers(const struct abi_iov *iov)
{
    if (iov->len_bytes >= ABI_NET_HDR_SIZE) {
        uint8_t *hdr = (uint8_t *)iov->base;

        hdr[10] = 1;
        hdr[11] = 0;
    }
}

/* One spare byte behind the buffers tells a frame that was too large. */
static int64_t tap_recv(uint32_t dev, struct abi_packet *packet)
{
    struct abi_iov iov[NR_IOV_MAX + 1];
    uint64_t room_bytes = 0;
    uint32_t i, nr = packet->nr_iov;
    uint8_t spare;
    int64_t ret;

    if (!nr || nr > NR_IOV_MAX)
        return -EINVAL;
    for (i = 0; i < nr; i++) {
        iov[i] = packet->iov[i];
        room_bytes += iov[i].len_bytes;
    }
    iov[nr] = (struct abi_iov){(uint64_t)&spare, 1};
    do
        ret = hostcall3(__NR_readv, (uint64_t)gate.net[dev].fd, (uint64_t)iov,
                        nr + 1);
    while (ret > (int64_t)room_bytes || ret == -EINTR);
    if (ret < 0)
        return ret;
    set_nr_buffers(iov);
    packet->len_bytes = (uint32_t)ret;
    return 0;
}

/* A frame that the device itself refuses (down, too large) counts as sent and
 * lost, as on a wire; only a full queue is the caller's business. */
static int must_retry(int64_t ret)
{
    return ret == -EAGAIN || ret == -EINTR || ret == -ENOBUFS;
}

int64_t gate_net_send(uint32_t dev, const struct abi_packet *packets,
                      uint32_t nr_packets)
{
    uint32_t done;
    int64_t ret;

    if (dev >= gate.boot.nr_net)
        return -ENODEV;
    for (done = 0; done < nr_packets; done++) {
        ret = gate.net[dev].kind == GATE_NET_TAP
                  ? tap_send(dev, &packets[done])
                  : gate_stream_send(dev, &packets[done]);
        if (must_retry(ret)) {
            gate_arm(&gate.net[dev].want_write);
            return done ? (int64_t)done : -EAGAIN;
        }
        if (ret == -EFAULT)
            return done ? (int64_t)done : ret;
    }
    return done;
}

int64_t gate_net_recv(uint32_t dev, struct abi_packet *packets,
                      uint32_t nr_packets)
{
    uint32_t done;
    int64_t ret;

    if (dev >= gate.boot.nr_net)
        return -ENODEV;
    for (done = 0; done < nr_packets; done++) {
        ret = gate.net[dev].kind == GATE_NET_TAP
                  ? tap_recv(dev, &packets[done])
                  : gate_stream_recv(dev, &packets[done]);
        if (ret == -EAGAIN)
            gate_arm(&gate.net[dev].want_read);
        if (ret < 0)
            return done ? (int64_t)done : ret;
    }
    return done;
}

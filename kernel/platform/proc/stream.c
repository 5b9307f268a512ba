/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ethernet frames over a unix stream socket, each behind its length in four
 * big-endian bytes, as QEMU's "-netdev stream" and passt speak. The socket
 * carries no virtio-net header: it is stripped here and given back as zeros.
 */
#include "kernel/platform/proc/gate.h"

enum { PREFIX = 4, FRAME_MAX = 65535 + 14, NR_IOV_MAX = 64 };

/* Bytes in [begin, end) of data. */
struct buffer {
    uint32_t begin, end;
    uint8_t data[2 * (FRAME_MAX + PREFIX)];
};

static struct buffer rx[ABI_MAX_NET], tx[ABI_MAX_NET];

static uint32_t get_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
           p[3];
}

static void copy(void *to, const void *from, uint64_t len_bytes)
{
    __asm__ volatile("rep movsb"
                     : "+D"(to), "+S"(from), "+c"(len_bytes)
                     :
                     : "memory");
}

/* Send what a full socket left over earlier. */
static int64_t flush(uint32_t dev)
{
    struct buffer *b = &tx[dev];
    int64_t ret;

    while (b->begin < b->end) {
        ret = hostcall3(__NR_write, (uint64_t)gate.net[dev].fd,
                        (uint64_t)(b->data + b->begin), b->end - b->begin);
        if (ret <= 0)
            return ret ? ret : -EPIPE;
        b->begin += (uint32_t)ret;
    }
    b->begin = b->end = 0;
    return 0;
}

/* The kernel knows nothing of a frame that is half sent: whenever it looks at
 * the device, the rest goes on. */
static void push_rest(uint32_t dev)
{
    if (flush(dev) == -EAGAIN)
        gate_arm(&gate.net[dev].want_write);
}

/* Copy the packet without its header behind a length. */
static int64_t gather(struct buffer *b, const struct abi_packet *packet)
{
    uint32_t i, skip = ABI_NET_HDR_SIZE, len = PREFIX;

    for (i = 0; i < packet->nr_iov; i++) {
        struct abi_iov v = packet->iov[i];
        uint32_t cut = v.len_bytes < skip ? (uint32_t)v.len_bytes : skip;

        skip -= cut;
        v.len_bytes -= cut;
        if (v.len_bytes > FRAME_MAX + PREFIX - len)
            return -EMSGSIZE;
        copy(b->data + len, (const void *)(v.base + cut), v.len_bytes);
        len += (uint32_t)v.len_bytes;
    }
    b->data[0] = 0;
    b->data[1] = (uint8_t)((len - PREFIX) >> 16);
    b->data[2] = (uint8_t)((len - PREFIX) >> 8);
    b->data[3] = (uint8_t)(len - PREFIX);
    b->begin = 0;
    b->end = len;
    return 0;
}

int64_t gate_stream_send(uint32_t dev, const struct abi_packet *packet)
{
    int64_t ret = flush(dev);

    if (!ret)
        ret = gather(&tx[dev], packet);
    if (ret)
        return ret;
    push_rest(dev); /* a full socket: the rest goes before the next one */
    return 0;
}

/* Make the next whole frame contiguous; -EAGAIN if it has not arrived. */
static int64_t fill(uint32_t dev, uint32_t *len)
{
    struct buffer *b = &rx[dev];
    int64_t ret;

    for (;;) {
        uint32_t have = b->end - b->begin;

        *len = have >= PREFIX ? get_be32(b->data + b->begin) : 0;
        if (*len > FRAME_MAX)
            return -EPIPE; /* the stream is beyond repair */
        if (have >= PREFIX && have >= PREFIX + *len)
            return 0;
        if (b->begin) {
            copy(b->data, b->data + b->begin, have);
            b->begin = 0;
            b->end = have;
        }
        ret = hostcall3(__NR_read, (uint64_t)gate.net[dev].fd,
                        (uint64_t)(b->data + have), sizeof(b->data) - have);
        if (ret <= 0)
            return ret == -EINTR ? -EAGAIN : ret ? ret : -EPIPE;
        b->end += (uint32_t)ret;
    }
}

static int scatter(struct abi_packet *packet, const uint8_t *from,
                   uint32_t len_bytes)
{
    static const uint8_t header[ABI_NET_HDR_SIZE] = {[10] = 1};
    const struct abi_iov *v = packet->iov;
    uint64_t done, n;
    uint32_t i;

    if (!packet->nr_iov || v->len_bytes < ABI_NET_HDR_SIZE)
        return 0;
    copy((void *)v->base, header, ABI_NET_HDR_SIZE);
    done = 0;
    for (i = 0; i < packet->nr_iov && done < len_bytes; i++) {
        uint64_t skip = i ? 0 : ABI_NET_HDR_SIZE;

        n = v[i].len_bytes - skip;
        if (n > len_bytes - done)
            n = len_bytes - done;
        copy((void *)(v[i].base + skip), from + done, n);
        done += n;
    }
    packet->len_bytes = (uint32_t)done + ABI_NET_HDR_SIZE;
    return done == len_bytes;
}

int64_t gate_stream_recv(uint32_t dev, struct abi_packet *packet)
{
    struct buffer *b = &rx[dev];
    uint32_t len;
    int64_t ret;

    if (packet->nr_iov > NR_IOV_MAX)
        return -EINVAL;
    push_rest(dev);
    for (;;) {
        const uint8_t *from;

        ret = fill(dev, &len);
        if (ret)
            return ret;
        from = b->data + b->begin + PREFIX;
        b->begin += PREFIX + len;
        if (scatter(packet, from, len))
            return 0;
    }
}

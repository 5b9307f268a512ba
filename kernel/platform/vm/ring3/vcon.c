/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-console (virtio 1.2, 5.3) of one port: queue 0 gives input, queue 1
 * takes output. Who offers several need not have a console among them. A reader
 * that does not read leaves its buffers with the device, and writes find no
 * room.
 */
#include "kernel/platform/vm/ring3/ring3.h"
#include "kernel/platform/vm/ring3/virtio.h"
#include "lib/string.h"

enum { IN_BUFS = 4, IN_BYTES = 1024, OUT_BUFS = 8, OUT_BYTES = 4096 };
enum { DRAIN_NS = 10000000 };
#define F_MULTIPORT (UINT64_C(1) << 1)

static struct {
    bool up;
    struct virtio_dev dev;
    struct virtq in, out;
    uint32_t room;   /* bit mask of free output buffers */
    uint16_t desc;   /* input buffer that is being read, ... */
    uint32_t at, nr; /* ... from here to there; at == nr: none */
} con;

bool vcon_up(void)
{
    return con.up;
}

void vcon_attach(const struct virtio_dev *dev)
{
    uint64_t features;

    if (con.up) /* the first one counts */
        return;
    con.dev = *dev;
    features = virtio_negotiate(&con.dev, F_MULTIPORT);
    if (features & F_MULTIPORT) { /* serves others, as a guest's agent */
        con.dev.transport->set_status(&con.dev, 0);
        return;
    }
    if (!features ||
        !virtq_init(&con.in, &con.dev, 0, IN_BUFS, IN_BYTES, features) ||
        !virtq_init(&con.out, &con.dev, 1, OUT_BUFS, OUT_BYTES, features))
        die("a virtio console lacks what version 1.2 asks for");
    for (uint16_t i = 0; i < con.in.nr; i++) {
        con.in.desc[i].len = IN_BYTES;
        con.in.desc[i].flags = VIRTQ_WRITE;
        virtq_offer(&con.in, i);
    }
    con.room = (1u << con.out.nr) - 1;
    virtio_start(&con.dev);
    virtq_ask(&con.in, 0);
    virtq_ask(&con.out, 0);
    virtq_publish(&con.in);
    con.up = true;
}

/* ---- output -------------------------------------------------------------- */

static void take_back(void)
{
    struct virtq_used_elem elem;

    while (virtq_has_used(&con.out))
        if (virtq_take(&con.out, &elem))
            con.room |= 1u << elem.id;
}

/* If not, an interrupt will come when there is. */
static bool has_room(void)
{
    take_back();
    if (!con.room) {
        virtq_ask(&con.out, 1);
        take_back();
    }
    return con.room;
}

static void put(const char *buf, uint64_t len_bytes)
{
    uint16_t desc = (uint16_t)__builtin_ctz(con.room);

    con.room &= con.room - 1;
    memcpy(virtq_page(&con.out, desc), buf, len_bytes);
    con.out.desc[desc].len = (uint32_t)len_bytes;
    virtq_offer(&con.out, desc);
}

int64_t vcon_write(const char *buf, uint64_t len_bytes)
{
    uint64_t done = 0;

    while (done < len_bytes && has_room()) {
        uint64_t n = len_bytes - done;

        n = n < OUT_BYTES ? n : OUT_BYTES;
        put(buf + done, n);
        done += n;
    }
    virtq_publish(&con.out);
    return done || (!len_bytes && has_room()) ? (int64_t)done : -EAGAIN;
}

static bool is_drained(void)
{
    take_back();
    return con.room == (1u << con.out.nr) - 1;
}

void vcon_drain(void)
{
    while (con.up && !is_drained() && !vcpu_stop_wanted()) {
        virtq_ask(&con.out, 1);
        if (!is_drained())
            vm_call(VM_WAIT, DRAIN_NS, 0, 0, 0);
    }
}

/* ---- input --------------------------------------------------------------- */

/* If not, an interrupt will come when there is. */
static bool has_input(void)
{
    if (!virtq_has_used(&con.in))
        virtq_ask(&con.in, 1);
    return virtq_has_used(&con.in);
}

static void next_buffer(void)
{
    struct virtq_used_elem elem;

    con.at = con.nr = 0;
    if (!virtq_take(&con.in, &elem))
        return;
    con.desc = (uint16_t)elem.id;
    con.nr = elem.len < IN_BYTES ? elem.len : IN_BYTES;
}

uint64_t vcon_read(uint8_t *buf, uint64_t len_bytes)
{
    uint64_t done = 0;

    while (done < len_bytes) {
        uint64_t n = con.nr - con.at;

        if (!n) {
            if (!has_input())
                break;
            next_buffer();
            continue;
        }
        n = n < len_bytes - done ? n : len_bytes - done;
        memcpy(buf + done, virtq_page(&con.in, con.desc) + con.at, n);
        done += n;
        con.at += (uint32_t)n;
        if (con.at == con.nr)
            virtq_offer(&con.in, con.desc);
    }
    virtq_publish(&con.in);
    return done;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's side of virtqueues, for tests of einkorn-kvm's devices: memory in
 * two pieces with nothing around them, and one queue's rings at known places.
 */
#ifndef EINKORN_TESTS_VIRTQ_GUEST_H
#define EINKORN_TESTS_VIRTQ_GUEST_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tender/kvm/gmem.h"

enum { LOW_BYTES = 64 * 1024, HIGH_BYTES = 16 * 1024, RING_BYTES = 8192 };
enum { AVAIL_AT = 4096, USED_AT = 5120, DATA_AT = 2 * RING_BYTES };
enum { NEXT = 1, WRITE = 2, INDIRECT = 4 };
#define HIGH_GPA UINT64_C(0x100000000)

struct guest {
    uint8_t *low, *high;
    struct gmem mem;
};

static void guest_init(struct guest *g)
{
    g->low = calloc(1, LOW_BYTES);
    g->high = calloc(1, HIGH_BYTES);
    if (!g->low || !g->high)
        abort();
    g->mem = (struct gmem){
        .regions = {{0, LOW_BYTES, g->low}, {HIGH_GPA, HIGH_BYTES, g->high}},
        .nr_regions = 2};
}

static inline void guest_free(const struct guest *g)
{
    free(g->low);
    free(g->high);
}

static inline uint64_t guest_ring(uint32_t queue)
{
    return (uint64_t)queue * RING_BYTES;
}

static inline void guest_desc(const struct guest *g, uint32_t queue,
                              uint32_t id, uint64_t addr, uint32_t len,
                              uint16_t flags, uint16_t next)
{
    uint8_t *at = g->low + guest_ring(queue) + (size_t)16 * id;

    memcpy(at, &addr, 8);
    memcpy(at + 8, &len, 4);
    memcpy(at + 12, &flags, 2);
    memcpy(at + 14, &next, 2);
}

static inline uint16_t *guest_avail(const struct guest *g, uint32_t queue)
{
    return (uint16_t *)(g->low + guest_ring(queue) + AVAIL_AT);
}

static inline uint16_t *guest_used(const struct guest *g, uint32_t queue)
{
    return (uint16_t *)(g->low + guest_ring(queue) + USED_AT);
}

/* Shows one more head to the device. */
static inline void guest_offer(const struct guest *g, uint32_t queue,
                               uint32_t num, uint16_t head)
{
    uint16_t *avail = guest_avail(g, queue);

    avail[2 + avail[1] % num] = head;
    avail[1]++;
}

#endif

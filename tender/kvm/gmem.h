/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's RAM as devices see it: an address from the guest becomes a host
 * pointer only here, and only if the whole range lies in RAM. Read-only slots
 * (image, kernel) are not RAM: no device reaches them.
 */
#ifndef EINKORN_TENDER_KVM_GMEM_H
#define EINKORN_TENDER_KVM_GMEM_H

#include <stdint.h>

enum { GMEM_MAX_REGIONS = 4 };

struct gmem {
    struct gmem_region {
        uint64_t gpa, len_bytes;
        uint8_t *host;
    } regions[GMEM_MAX_REGIONS];
    uint32_t nr_regions;
};

/* NULL if any byte of [gpa, gpa + len_bytes) is not RAM. */
static inline void *gmem_ptr(const struct gmem *mem, uint64_t gpa,
                             uint64_t len_bytes)
{
    for (uint32_t i = 0; i < mem->nr_regions; i++) {
        const struct gmem_region *r = &mem->regions[i];
        uint64_t off = gpa - r->gpa;

        if (gpa >= r->gpa && off < r->len_bytes &&
            len_bytes <= r->len_bytes - off)
            return r->host + off;
    }
    return 0;
}

#endif

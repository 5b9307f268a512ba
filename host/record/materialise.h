/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A tree written out into an empty directory that nobody else can reach.
 */
#ifndef EINKORN_HOST_RECORD_MATERIALISE_H
#define EINKORN_HOST_RECORD_MATERIALISE_H

#include <stdint.h>

#include "host/common/err.h"
#include "host/image/tree.h"
#include "host/record/idmap.h"

/* A sandbox has no greater ids. */
static inline uint32_t materialised_id(uint32_t id)
{
    return id < IDMAP_NR_IDS ? id : 0;
}

/* Write everything but devices below directory dir_fd. The bytes of a file
 * are at data + source_off. Uses the target of
 * files with several names. */
int materialise(const struct tree *t, const uint8_t *data, int dir_fd,
                struct err *err);

#endif

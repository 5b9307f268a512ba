/* SPDX-License-Identifier: BSD-2-Clause */
/* What the control group of an instance may use. */
#ifndef EINKORN_HOST_INSTANCE_LIMIT_H
#define EINKORN_HOST_INSTANCE_LIMIT_H

#include <stdint.h>

struct image;
struct spec;

/* Bytes for spec->mem_bytes of the instance: on proc just these; a monitor
 * bounds its machine's memory itself and needs more of its own. 0: no limit. */
uint64_t limit_bytes(const struct spec *spec, const struct image *image);

#endif

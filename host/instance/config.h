/* SPDX-License-Identifier: BSD-2-Clause */
/* The two blocks of strings about an instance: what its kernel is told
 * (abi/config.h), and what the host remembers (docs/cli.md). */
#ifndef EINKORN_HOST_INSTANCE_CONFIG_H
#define EINKORN_HOST_INSTANCE_CONFIG_H

#include "host/common/strings.h"
#include "host/instance/image.h"
#include "host/instance/spec.h"
#include "host/instance/store.h"
#include "host/network/network.h"
#include "host/volume/volume.h"

struct plan {
    const struct spec *spec;
    const struct image *image;
    const struct network *net;
    const char *id;
    const char *name;
    int64_t created_ns; /* since 1970 */
};

/* For the kernel. */
void config_build(struct strings *out, const struct plan *plan,
                  const struct volumes *volumes);

/* For `ps` and `inspect`. */
void record_build(struct strings *out, const struct plan *plan);

#endif

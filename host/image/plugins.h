/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packages that bring plug-ins of a program: nobody depends on them, yet who
 * has installed them wants them (PHP's extensions, PowerDNS's backends).
 */
#ifndef EINKORN_HOST_IMAGE_PLUGINS_H
#define EINKORN_HOST_IMAGE_PLUGINS_H

#include "host/image/dpkg.h"

/* Calls each(ctx, package) for installed packages of the same source as the
 * first of the nr taken ones that depend on one of those and have shared
 * objects in a directory of their own kind, not among the libraries. */
void plugins_each(const struct dpkg *d, struct dpkg_package *const *taken,
                  size_t nr, void (*each)(void *ctx, struct dpkg_package *),
                  void *ctx);

#endif

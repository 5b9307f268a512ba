/* SPDX-License-Identifier: BSD-2-Clause */
/* A new volume begins with what the image has at its place, as Docker does it:
 * a database's directory has its owner and first files then. */
#ifndef EINKORN_HOST_VOLUME_POPULATE_H
#define EINKORN_HOST_VOLUME_POPULATE_H

#include "host/common/err.h"

/* Copies the image's directory `guest`, if it has one, to the directory at
 * `path`, if that is empty; owners too if we are root. Devices and
 * set-user-id bits are left out. */
int populate_if_empty(const char *path, const char *image, const char *guest,
                      struct err *err);

/* rm -r, links not followed. -1 and errno. */
int populate_remove(const char *path);

#endif

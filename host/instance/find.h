/* SPDX-License-Identifier: BSD-2-Clause */
/* What the store's readers share: find.c reads, search.c finds by name. */
#ifndef EINKORN_HOST_INSTANCE_FIND_H
#define EINKORN_HOST_INSTANCE_FIND_H

#include <dirent.h>
#include <stdbool.h>

#include "host/instance/store.h"

/* All digits of an id. */
bool inst_is_id(const char *text);

/* Opens and reads the instance of that id; -1: there is none, or it is no
 * instance's file. Release with inst_close(). */
int store_open_id(const struct store *store, const char *id, struct inst *inst);

/* The directory, to be read from its beginning; NULL: failed. */
DIR *store_list(int dir_fd, struct err *err);

#endif

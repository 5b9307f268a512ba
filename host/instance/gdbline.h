/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a machine's monitor (einkorn-kvm, QEMU) waits for gdb: the port of
 * `run --gdb` on the loopback interface, or a socket beside the instance's
 * file, for `einkorn debug`, which only the instance's owner can reach.
 */
#ifndef EINKORN_HOST_INSTANCE_GDBLINE_H
#define EINKORN_HOST_INSTANCE_GDBLINE_H

#include <stddef.h>

#include "host/common/err.h"
#include "host/instance/spec.h"
#include "host/instance/store.h"

/* A listening socket, or -1. That is an error only if a port was asked for. */
int gdbline_open(const struct spec *spec, const struct store *store,
                 const char *id, struct err *err);
void gdbline_remove(const struct store *store, const char *id);

/* What gdb's "target remote" takes for this instance, in a process that was
 * started by exec with store's descriptors, which this leaves open for it. */
int gdbline_target(const struct store *store, const struct inst *inst,
                   char *text, size_t text_len, struct err *err);

#endif

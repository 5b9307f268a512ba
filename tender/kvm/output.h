/* SPDX-License-Identifier: BSD-2-Clause */
/* Output to descriptors that others may share, so that their flags are not
 * ours to change. */
#ifndef EINKORN_TENDER_KVM_OUTPUT_H
#define EINKORN_TENDER_KVM_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All of it, waiting for a reader that takes its time; what nobody reads any
 * more is lost. */
void output_write(int fd, const void *data, size_t len_bytes);
bool output_has_room(int fd);
/* What the reader has room for now: bytes taken, or -1 if it is gone. */
int64_t output_try(int fd, const void *data, size_t len_bytes);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing to the instance's standard streams. */
#ifndef EINKORN_TENDER_KVM_OUTPUT_H
#define EINKORN_TENDER_KVM_OUTPUT_H

#include <stddef.h>

/* Writes all of it, waiting where the reader is slow; what a reader that is
 * gone would have got is lost. */
void output_write(int fd, const void *data, size_t len_bytes);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What CPUID says on this processor, as a table for trampolines.
 */
#ifndef EINKORN_HOST_PATCH_CPUID_H
#define EINKORN_HOST_PATCH_CPUID_H

#include <stdint.h>

#include "abi/sidecar.h"

/* All standard and extended leaves whose meaning of ecx is known; the caller
 * frees *table. Returns how many entries, at least one. */
uint32_t cpuid_collect(struct sidecar_cpuid **table);

#endif

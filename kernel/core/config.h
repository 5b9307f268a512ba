/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Look-ups in the instance's configuration strings (abi/config.h), which are
 * checked once at start.
 */
#ifndef EINKORN_KERNEL_CORE_CONFIG_H
#define EINKORN_KERNEL_CORE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Panics with the offending key if the strings are malformed or unknown. */
void config_init(void);
/* The index-th value of key, or NULL. Valid for the instance's life. */
const char *config_get(const char *key, unsigned index);
uint64_t config_get_u64(const char *key, uint64_t otherwise);
uint64_t config_get_u64_at(const char *key, unsigned index, uint64_t otherwise);

/* Is this one of abi/config.h's keys? Not NUL-terminated. */
bool config_key_known(const char *key, size_t len);

#endif

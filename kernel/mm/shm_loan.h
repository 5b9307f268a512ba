/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lending shareable pages (kernel/core/loan.h).
 */
#ifndef EINKORN_KERNEL_MM_SHM_LOAN_H
#define EINKORN_KERNEL_MM_SHM_LOAN_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/core/loan.h"

/* These bytes, as shm_ptr() shows them, of allocated pages: until the loan
 * ends they keep content and place, even if they are freed. One reference;
 * NULL: no memory. */
struct loan *shm_lend(const void *mem, uint64_t len_bytes);

/* shm.c: shm_free() of what is not on loan. */
void shm_release(uint64_t off, size_t nr_pages);

#endif

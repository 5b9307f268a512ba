/* SPDX-License-Identifier: BSD-2-Clause */
/* A monitor lives as long as its instance, and there may be 10,000. */
#ifndef EINKORN_HOST_INSTANCE_GIVEBACK_H
#define EINKORN_HOST_INSTANCE_GIVEBACK_H

/* Unmaps the pages that the start used and waiting does not: our own text,
 * which comes back from the page cache when it is run, and the stack below
 * the caller. */
void giveback_start(void);

#endif

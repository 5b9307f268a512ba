/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A tender's one-line messages: "einkorn-proc: open image /x: no such file".
 */
#ifndef EINKORN_TENDER_SAY_H
#define EINKORN_TENDER_SAY_H

#include <stdint.h>

extern const char tender_name[] __attribute__((visibility("hidden")));

/* Print a line on standard error. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The same, then exit with HANDOVER_EXIT_FAILED. */
void die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
/* What a host call's -errno means, in words. */
const char *errno_text(int64_t negative_errno);

#endif

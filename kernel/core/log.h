/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's log: lines on the console's error stream, from the first
 * instruction on. Levels above config's "loglevel" cost a compare.
 */
#ifndef EINKORN_KERNEL_CORE_LOG_H
#define EINKORN_KERNEL_CORE_LOG_H

#include <stdbool.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* One line "einkorn: [seconds] text"; a newline is added. */
void klog(enum log_level level, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void klog_set_level(enum log_level level);

/* Our bug: text, registers if any, backtrace with symbols; ends the instance
 * with status 134 (128 + SIGABRT). */
_Noreturn void panic(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));

#define assert(cond)                                                           \
    ((cond) ? (void)0 : panic("%s:%d: %s", __FILE__, __LINE__, #cond))

#endif

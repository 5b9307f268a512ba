/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A probe makes calls and prints what came back, a line each; the same lines
 * are wanted from Linux and from an instance.
 */
#ifndef EINKORN_TESTS_PROBE_H
#define EINKORN_TESTS_PROBE_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline void said(const char *what, long ret)
{
    if (ret == -1)
        printf("%s: %s\n", what, strerrorname_np(errno));
    else
        printf("%s: %ld\n", what, ret);
}

/* The result itself, or only whether there was one. */
#define P(expr)                                                                \
    do {                                                                       \
        errno = 0;                                                             \
        long ret_ = (long)(expr);                                              \
        said(#expr, ret_);                                                     \
    } while (0)
#define OK(expr)                                                               \
    do {                                                                       \
        errno = 0;                                                             \
        long ret_ = (long)(expr);                                              \
        said(#expr, ret_ == -1 ? -1 : 0);                                      \
    } while (0)
/* In a loop: with the variable's value. */
#define PI(i, expr)                                                            \
    do {                                                                       \
        char text_[200];                                                       \
        errno = 0;                                                             \
        long ret_ = (long)(expr);                                              \
        snprintf(text_, sizeof(text_), "%s [%s=%ld]", #expr, #i, (long)(i));   \
        said(text_, ret_);                                                     \
    } while (0)

#endif

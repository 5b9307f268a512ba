/* SPDX-License-Identifier: BSD-2-Clause */
/* Failing loudly in guest programs: the first one ends the program. */
#ifndef EINKORN_TESTS_GUEST_CHECK_H
#define EINKORN_TESTS_GUEST_CHECK_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(cond)                                                            \
    do {                                                                       \
        if (!(cond)) {                                                         \
            printf("%s:%d: %s (errno %d: %s)\n", __FILE__, __LINE__, #cond,    \
                   errno, strerror(errno));                                    \
            exit(1);                                                           \
        }                                                                      \
    } while (0)

#endif

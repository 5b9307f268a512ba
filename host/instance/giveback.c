/* SPDX-License-Identifier: BSD-2-Clause */
/* A monitor's memory: see giveback.h. */
#include "host/instance/giveback.h"

#include <stdint.h>
#include <sys/mman.h>

/* cmd/einkorn/einkorn.ld */
extern char text_begin[] __attribute__((visibility("hidden")));
extern char text_end[] __attribute__((visibility("hidden")));

enum { PAGE = 4096, STACK_USED = 128 * 1024 };

static void drop(uintptr_t begin, uintptr_t end)
{
    /* Nothing depends on it. */
    (void)!madvise((void *)begin, end - begin, MADV_DONTNEED);
}

/* One page stays for the frames of the call itself. */
static void drop_stack(void)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0) & -PAGE;

    drop(here - STACK_USED, here - PAGE);
}

void giveback_start(void)
{
    drop_stack();
    drop((uintptr_t)text_begin, (uintptr_t)text_end);
}

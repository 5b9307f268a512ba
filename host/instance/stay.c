/* SPDX-License-Identifier: BSD-2-Clause */
/* Staying on one processor: see stay.h. The C library's functions would read
 * the vDSO, whose pages cost more to map than the calls. */
#include "host/instance/stay.h"

#include <limits.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    WORD_BITS = CHAR_BIT * sizeof(unsigned long),
    MASK_WORDS = 1024 / WORD_BITS, /* of more, Linux says EINVAL */
};

static unsigned long allowed[MASK_WORDS];
static long allowed_bytes; /* 0: not staying */

static bool several(const unsigned long *mask, long bytes)
{
    int nr = 0;

    for (long i = 0; i < bytes / (long)sizeof(*mask); i++) {
        nr += __builtin_popcountl(mask[i]);
    }
    return nr > 1;
}

void stay_begin(void)
{
    unsigned long here[MASK_WORDS] = {0};
    unsigned cpu = 0;
    long bytes = syscall(SYS_sched_getaffinity, 0, sizeof(allowed), allowed);

    if (bytes <= 0 || !several(allowed, bytes) ||
        syscall(SYS_getcpu, &cpu, NULL, NULL) < 0 ||
        cpu / WORD_BITS >= MASK_WORDS) {
        return;
    }
    here[cpu / WORD_BITS] = 1UL << (cpu % WORD_BITS);
    if (syscall(SYS_sched_setaffinity, 0, bytes, here) == 0) {
        allowed_bytes = bytes;
    }
}

void stay_end(pid_t pid)
{
    if (allowed_bytes == 0) {
        return;
    }
    (void)!syscall(SYS_sched_setaffinity, pid, allowed_bytes, allowed);
    if (pid == 0) {
        allowed_bytes = 0;
    }
}

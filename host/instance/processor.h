/* SPDX-License-Identifier: BSD-2-Clause */
/* What an instance is told about the processor, found once for each boot of
 * the host: it takes 50 ms to measure, and CPUID 10 to 40 us in a machine that
 * is virtual itself. */
#ifndef EINKORN_HOST_INSTANCE_PROCESSOR_H
#define EINKORN_HOST_INSTANCE_PROCESSOR_H

#include <stdint.h>

struct processor {
    uint64_t tsc_hz; /* 0: the host itself does not keep time by it */
    uint64_t number; /* lib/processor.h */
};

/* From RUN/processor, or found out and kept there. */
void processor_know(const char *run_dir, struct processor *out);

#endif

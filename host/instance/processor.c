/* SPDX-License-Identifier: BSD-2-Clause */
/* Measuring the time-stamp counter, asking CPUID: see processor.h. */
#include "host/instance/processor.h"

#include <cpuid.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <x86gprintrin.h>

#include "host/instance/boot_cache.h"
#include "lib/processor.h"

enum { MEASURE_NS = 50 * 1000 * 1000 };

static int read_text(const char *path, char *out, size_t cap)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len;

    if (fd < 0) {
        return -1;
    }
    len = read(fd, out, cap - 1);
    close(fd);
    out[len < 0 ? 0 : len] = '\0';
    return len < 0 ? -1 : 0;
}

/* A host that distrusts its counter has good reasons. */
static int is_trusted(void)
{
    char name[64];

    if (read_text("/sys/devices/system/clocksource/clocksource0/"
                  "current_clocksource",
                  name, sizeof(name)) < 0) {
        return 1;
    }
    return strcmp(name, "tsc\n") == 0 || strcmp(name, "kvm-clock\n") == 0 ||
           strncmp(name, "hyperv", 6) == 0;
}

/* The pair with the least time between its two clock readings. */
static void sample(uint64_t *tsc, uint64_t *ns)
{
    uint64_t best = UINT64_MAX;

    for (int i = 0; i < 16; i++) {
        struct timespec t;
        uint64_t before = __rdtsc(), after;

        clock_gettime(CLOCK_MONOTONIC, &t);
        after = __rdtsc();
        if (after - before < best) {
            best = after - before;
            *tsc = before + (after - before) / 2;
            *ns = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
        }
    }
}

static uint64_t measure(void)
{
    struct timespec pause = {.tv_nsec = MEASURE_NS};
    uint64_t tsc0, ns0, tsc1, ns1;

    sample(&tsc0, &ns0);
    nanosleep(&pause, NULL);
    sample(&tsc1, &ns1);
    return (uint64_t)((unsigned __int128)(tsc1 - tsc0) * 1000000000u /
                      (ns1 - ns0));
}

static uint64_t ask_cpuid(void)
{
    struct processor_leaves leaves = {0};
    uint32_t unused;

    __cpuid(1, leaves.eax1, unused, leaves.ecx1, leaves.edx1);
    __cpuid_count(7, 0, unused, leaves.ebx7, leaves.ecx7, leaves.edx7);
    return processor_number(&leaves);
}

void processor_know(const char *run_dir, struct processor *out)
{
    char text[BOOT_CACHE_MAX], *end;

    if (boot_cache_read(run_dir, "processor", text) == 0) {
        out->tsc_hz = strtoull(text, &end, 10);
        out->number = strtoull(end, NULL, 10);
        return;
    }
    out->tsc_hz = is_trusted() ? measure() : 0;
    out->number = ask_cpuid();
    snprintf(text, sizeof(text), "%" PRIu64 " %" PRIu64, out->tsc_hz,
             out->number);
    boot_cache_write(run_dir, "processor", text);
}

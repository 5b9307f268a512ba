/* SPDX-License-Identifier: BSD-2-Clause */
/* Measuring the time-stamp counter: see tsc.h. */
#include "host/instance/tsc.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <x86gprintrin.h>

#include "host/instance/dirs.h"

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

static void read_boot_id(char boot_id[64])
{
    if (read_text("/proc/sys/kernel/random/boot_id", boot_id, 64) < 0) {
        snprintf(boot_id, 64, "unknown");
    }
    boot_id[strcspn(boot_id, "\n")] = '\0';
}

/* Is this file of this boot? In memory it must be; asking costs 10 µs. */
static bool is_current(int fd, const char *text)
{
    char boot_id[64];
    size_t len;

    if (dirs_in_memory(fd)) {
        return true;
    }
    read_boot_id(boot_id);
    len = strlen(boot_id);
    return strncmp(text, boot_id, len) == 0 && text[len] == ' ';
}

/* "BOOT_ID HZ\n" */
static int read_cached(const char *path, uint64_t *hz)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), rc = -1;
    char text[96], *space;
    ssize_t len = read(fd, text, sizeof(text) - 1);

    text[len < 0 ? 0 : len] = '\0';
    space = strchr(text, ' ');
    if (space != NULL && strchr(space, '\n') != NULL && is_current(fd, text)) {
        *hz = strtoull(space + 1, NULL, 10);
        rc = 0;
    }
    close(fd);
    return rc;
}

static void write_cached(const char *path, const char *boot_id, uint64_t hz)
{
    char tmp[DIR_MAX + 32], text[96];
    int len = snprintf(text, sizeof(text), "%s %" PRIu64 "\n", boot_id, hz);
    int fd;

    snprintf(tmp, sizeof(tmp), "%s.%d", path, getpid());
    fd = open(tmp, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0) {
        return; /* measured again next time */
    }
    if (write(fd, text, (size_t)len) == len) {
        rename(tmp, path);
    } else {
        unlink(tmp);
    }
    close(fd);
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

uint64_t tsc_hz(const char *run_dir)
{
    char path[DIR_MAX + 16], boot_id[64];
    uint64_t hz = 0;

    snprintf(path, sizeof(path), "%s/tsc", run_dir);
    if (read_cached(path, &hz) == 0) {
        return hz;
    }
    read_boot_id(boot_id);
    hz = is_trusted() ? measure() : 0;
    write_cached(path, boot_id, hz);
    return hz;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the command line asked for, checked for form; the steps of the start
 * that work from it. Each step ends the tender with a message if it fails.
 */
#ifndef EINKORN_TENDER_LAUNCH_H
#define EINKORN_TENDER_LAUNCH_H

#include "abi/gate.h"

#include <stdint.h>

enum { LAUNCH_MAX_SET = 64, LAUNCH_MAX_NS = 8 };

struct launch {
    const char *kernel, *image, *sidecar, *config; /* FILE or NULL */
    const char *set[LAUNCH_MAX_SET];
    uint32_t nr_set, nr_net, nr_blk, nr_chan, vcpus, nr_ns;
    int32_t netns, mntns;       /* -1: none */
    int32_t ns[LAUNCH_MAX_NS];  /* further namespaces to enter */
    int32_t uid, gid;           /* -1: default */
    uint64_t mem_bytes, tsc_hz; /* 0: find out */
    int env, unshare, jit, use_stdin, stats, verbose;
    int tty; /* -1: look */
};

/* What the host told the process at its start (ELF auxiliary vector). */
struct host_info {
    uint64_t hwcap, hwcap2, vdso, uid, stack_end;
    char **argv, **envp;
};

/* args.c: fills launch, and the ports in gate. */
void args_parse(struct launch *launch, char **argv);
/* "@N" or a path, opened read-only; `what` names it in messages. */
int32_t args_open(const char *what, const char *file);

/* kernel.c: map the library OS, apply its relocations; returns its entry. */
uint64_t kernel_load(const char *file);

/* windows.c: heap, shareable object, image, sidecar, configuration. */
void windows_map(const struct launch *launch, char *const *envp);

/* boot.c: the rest of struct abi_boot; clock.c: the TSC's frequency. */
void boot_fill(const struct launch *launch, const struct host_info *host);
uint64_t clock_tsc_hz(void);

/* devices.c: bring taps, sockets and files into the state the gate needs. */
void devices_prepare(void);
void console_prepare(void);

/* signals.c: handlers, this thread's signal stack and tick timer. */
void signals_install(void);
void signals_thread(struct gate_cpu_area *area);

/* confine.c: namespaces, root, identity, capabilities, limits. */
void confine(const struct launch *launch);
/* Close every descriptor that the gate does not use. */
void confine_descriptors(void);

/* threads.c: the further virtual CPUs, parked. */
void threads_start(uint32_t nr);

/* filter.c: close the cage. */
void filter_install(void);
/* document.c: docs/host-calls.md on standard output. */
void rules_print(void);

#endif

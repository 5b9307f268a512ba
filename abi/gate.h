/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between the tender einkorn-proc and the gate of platform "proc", which are
 * linked into one program: the tender fills this in before it closes the
 * cage, the gate (kernel/platform/proc) works from it afterwards.
 *
 * The gate's code lies alone in [gate_begin, gate_end): the seccomp filter
 * lets host calls pass only from there.
 */
#ifndef EINKORN_ABI_GATE_H
#define EINKORN_ABI_GATE_H

#include "abi/platform.h"

#include <stddef.h>
#include <stdint.h>

#define GATE_MAX_CPU ABI_MAX_VCPU
#define GATE_CPU_AREA 65536 /* a power of two: the handler finds its CPU so */
#define GATE_BOOT_STACK 65536

/* Host signals that the gate keeps for itself. */
#define GATE_SIG_TICK 27 /* SIGPROF */
#define GATE_SIG_KICK 23 /* SIGURG */

enum gate_net_kind { GATE_NET_TAP, GATE_NET_STREAM };

/* An output stream whose writes may block is asked before each of them. */
enum gate_out_kind { GATE_OUT_NONBLOCK, GATE_OUT_ASK };

/*
 * A descriptor that wait() looks at. Armed: report it when it is readable (or
 * writable). A report disarms; the next refusal of a call arms it again, so
 * input that the kernel leaves alone does not keep the CPU awake.
 */
struct gate_port {
    int32_t fd;
    uint8_t want_read, want_write;
    uint8_t kind; /* enum gate_net_kind, gate_out_kind */
    uint8_t reserved;
};

/* One virtual CPU; the rest of its area is its host signal stack. */
struct gate_cpu {
    struct abi_vcpu *vcpu; /* NULL until vcpu_init() */
    uint64_t early_stop;   /* stop_signals before that */
    uint32_t early_pending;
    int32_t tid;
    int32_t timer;       /* host timer behind tick() */
    uint32_t go;         /* futex: 1 once vcpu_start() filled in the rest */
    uint64_t entry, arg; /* where a parked thread starts */
    uint64_t stack_top;
};

struct gate_cpu_area {
    struct gate_cpu cpu;
    uint8_t stack[GATE_CPU_AREA - sizeof(struct gate_cpu)];
} __attribute__((aligned(GATE_CPU_AREA)));

struct gate_state {
    struct abi_boot boot;
    int32_t image_fd, sidecar_fd, shm_fd;
    int32_t tty_fd; /* terminal behind the console or -1 */
    int32_t pid;
    uint32_t sampled; /* has the clock been asked? */
    uint64_t vdso;    /* host's, where its clock is to be looked for; 0: not */
    uint64_t vdso_begin, vdso_end; /* host's fast clock; 0: none */
    int64_t (*vdso_clock_gettime)(int clock, void *timespec);
    struct gate_port console;
    struct gate_port out[2]; /* descriptors 1 and 2 */
    struct gate_port net[ABI_MAX_NET];
    struct gate_port chan[ABI_MAX_CHAN];
    int32_t blk_fd[ABI_MAX_BLK];
};

#pragma GCC visibility push(hidden) /* linked together: no detours */

extern struct gate_state gate;
extern struct gate_cpu_area gate_area[GATE_MAX_CPU];
extern const struct abi_ops gate_ops;
extern const char gate_begin[], gate_end[];

/* Host signal handlers, to be installed with SA_SIGINFO | SA_ONSTACK and
 * gate_restorer; the context is Linux's struct ucontext. */
void gate_on_exception(int sig, void *info, void *context);
void gate_on_event(int sig, void *info, void *context);
void gate_restorer(void);

/* Leave the tender: set up the CPU's GS base and stack, call entry(arg). */
_Noreturn void gate_enter(uint64_t entry, uint64_t arg, uint64_t stack_top);
/* A virtual CPU's thread waits here for vcpu_start(). */
_Noreturn void gate_park(struct gate_cpu *cpu);

#pragma GCC visibility pop

#endif

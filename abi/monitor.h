/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between the own monitor (einkorn-kvm) and platform "vm", beyond what any
 * PVH loader does (docs/kvm.md). The boot file names its tables in a note, so
 * that the monitor fills them instead of the shim; a page in the guest's
 * memory says what the monitor did and what the machine is like.
 */
#ifndef EINKORN_ABI_MONITOR_H
#define EINKORN_ABI_MONITOR_H

#include <stdint.h>

/* ELF note: name "Einkorn", type 1, this structure. Addresses of tables are
 * physical, one page each but pd (four); those of sections are virtual. */
#define MONITOR_NOTE_TYPE 1u
struct monitor_note {
    uint64_t entry; /* 64-bit, virtual; rdi = PVH start info, rsi = monitor
                       page, both physical; tables below filled and in use */
    uint64_t pml4, pdpt, pd, shim_pdpt, shim_pd, shim_pt;
    uint64_t text, rodata, data, end; /* the shim's sections */
};

#define MONITOR_MAGIC UINT64_C(0x314e4f4d4e4b4945) /* "EIKNMON1" */

enum monitor_flag {
    /* Ring 3 runs on the real processor whatever CPUID says, `syscall` does
     * not leave ring 3, and `int n` raises #UD there (kvm_pvm). */
    MONITOR_NATIVE_RING3 = 1,
};

/* Written by the monitor. The clock is refreshed by MONITOR_DO_CLOCK. */
struct monitor_page {
    uint64_t magic;
    uint64_t flags;   /* enum monitor_flag */
    uint64_t tsc_hz;  /* the guest's counter is the host's */
    uint64_t tsc;     /* one instant on three clocks, as in */
    uint64_t mono_ns; /* struct abi_clock_sample */
    int64_t real_ns;
};

/* Ports. Strings (`rep outsb`) cost one exit. */
#define MONITOR_PORT_ERR 0x402 /* standard error; reads MONITOR_READBACK */
#define MONITOR_PORT_OUT 0x403 /* standard output; the same */
#define MONITOR_PORT_DO 0x404  /* enum monitor_do */
#define MONITOR_READBACK 0x65

enum monitor_do { MONITOR_DO_CLOCK = 1 };

_Static_assert(sizeof(struct monitor_note) == 88, "abi");
_Static_assert(sizeof(struct monitor_page) == 48, "abi");

#endif

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

#include "abi/layout.h"

/* What ring 3 is to find at an address when the boot file is entered; phys 0:
 * fresh memory, zeroes. */
struct monitor_map {
    uint64_t addr, phys, len_bytes;
    uint64_t prot; /* ABI_PROT_* */
};

/* ELF note: name "Einkorn", type 1, this structure. Addresses of tables are
 * physical, one page each but pd (four); those of sections are virtual. */
#define MONITOR_NOTE_TYPE 1u
struct monitor_note {
    uint64_t entry; /* 64-bit, virtual; rdi = PVH start info, rsi = monitor
                       page, both physical; tables below filled and in use */
    uint64_t pml4, pdpt, pd, shim_pdpt, shim_pd, shim_pt;
    uint64_t text, rodata, data, end; /* the shim's sections */
    /* For the debugger: 16 bytes of code for each vector (virtual), and the
     * book of what is mapped but was not touched yet (abi/origin.h): the
     * top-level table's shadow, and the place of a pointer into the direct
     * map, to 32 bits for each page: the page number of its shadow if it is a
     * table (both physical). */
    uint64_t trap_stubs, top_shadow, shadows;
    /* Where a further CPU begins (virtual), in the same state as the first;
     * the shim gives it everything else. */
    uint64_t cpu_entry;
    /* struct monitor_map[] up to one of length 0, physical; 0: nothing of the
     * program's and kernel's half is prepared. Otherwise all that a start maps
     * until the kernel runs is there, in tables with their shadows
     * (abi/origin.h): those, the monitor's own at MONITOR_*_AT, the kernel and
     * its windows (abi/layout.h). What was given out for it is not in the
     * loader's memory map. */
    uint64_t maps;
};

/* Beside the boot file's part in ring 3: the monitor's page and the buffer of
 * requests, and the bundle's header. */
#define MONITOR_PAGE_AT (ABI_PLATFORM_BASE + 0x140000)
#define MONITOR_HEADER_AT (ABI_PLATFORM_BASE + 0x141000)
#define MONITOR_IO_AT (ABI_PLATFORM_BASE + 0x150000)

#define MONITOR_DIRECT_MAP UINT64_C(0xffff800000000000)

#define MONITOR_MAGIC UINT64_C(0x314e4f4d4e4b4945) /* "EIKNMON1" */

enum monitor_flag {
    /* Ring 3 runs on the real processor whatever CPUID says, `syscall` does
     * not leave ring 3, and `int n` raises #UD there (kvm_pvm). */
    MONITOR_NATIVE_RING3 = 1,
    /* Time is to be taken from KVM's clock, not from this page. */
    MONITOR_KVM_CLOCK = 2,
};

/* Written by the monitor: the clock by MONITOR_DO_CLOCK, what input there is
 * by MONITOR_DO_READ, what was taken by MONITOR_DO_OUT. Output and input pass
 * through a buffer in the guest's memory, so that each costs one exit. */
struct monitor_page {
    uint64_t magic;
    uint64_t flags;   /* enum monitor_flag */
    uint64_t tsc_hz;  /* the guest's counter is the host's */
    uint64_t tsc;     /* one instant on three clocks, as in */
    uint64_t mono_ns; /* struct abi_clock_sample */
    int64_t real_ns;
    uint64_t io_gpa;   /* the buffer, MONITOR_IO_BYTES */
    uint32_t in_bytes; /* that the last MONITOR_DO_READ left there */
    uint32_t in_ended; /* 1: there will be none any more */
    uint64_t copy_to;  /* of MONITOR_DO_COPY, written by the guest */
    uint64_t copy_from;
    uint32_t out_bytes; /* that the last MONITOR_DO_OUT or _ERR took */
    uint32_t out_state; /* enum monitor_out, then */
    uint32_t nr_vcpus;
    uint32_t reserved;
    uint64_t series_step;  /* of MONITOR_DO_SERIES, written by the guest */
    uint64_t kernel_entry; /* of the kernel that is mapped, and where it lies */
    uint64_t kernel_base, kernel_bytes;
};

enum monitor_out {
    MONITOR_OUT_READY = 0,
    MONITOR_OUT_STALLED = 1, /* MONITOR_IN_LINE is raised when it reads */
    MONITOR_OUT_GONE = 2,    /* nobody reads any more */
};

/* Feature bit of the own monitor's 9P devices: queue 1 takes buffers for what
 * comes unasked, one message each: the server's notices or a watch's events
 * (host/volume/lease.h). What came before an answer is there before it. */
#define MONITOR_9P_NOTICES 23
#define MONITOR_NOTICE_BYTES 1024

#define MONITOR_IO_BYTES UINT64_C(0x10000)
#define MONITOR_IN_LINE 4
/* There is no interrupt controller but each CPU's own: line n is a message, an
 * edge with vector MONITOR_LINE0_VECTOR + n, to the first CPU. */
#define MONITOR_LINE0_VECTOR 33
#define MONITOR_COPY_MAX UINT64_C(0x10000)

/* Ports: standard error byte by byte (reads MONITOR_READBACK), and requests
 * of 32 bits, an operation with a number of bytes. */
#define MONITOR_PORT_ERR 0x402
#define MONITOR_PORT_DO 0x408
#define MONITOR_READBACK 0x65
#define MONITOR_REQUEST(op, bytes) ((uint32_t)(op) | (uint32_t)(bytes) << 8)

enum monitor_do {
    MONITOR_DO_CLOCK = 1,
    MONITOR_DO_OUT = 2,   /* that many bytes to standard output ... */
    MONITOR_DO_ERR = 3,   /* ... or standard error, as far as it reads */
    MONITOR_DO_READ = 4,  /* at most that many of standard input; if there are
                             none, MONITOR_IN_LINE is raised when some come */
    MONITOR_DO_COPY = 5,  /* that many bytes, at most MONITOR_COPY_MAX, by
                             physical addresses; copy_from 0: zeroes */
    MONITOR_DO_UP = 6,    /* the kernel is about to be entered */
    MONITOR_DO_START = 7, /* the virtual CPU of that number begins */
    /* So many bytes of 64-bit words at copy_to: the first is copy_from, the
     * next ones series_step more each. */
    MONITOR_DO_SERIES = 8,
};

_Static_assert(sizeof(struct monitor_note) == 128, "abi");
_Static_assert(sizeof(struct monitor_page) == 128, "abi");

#endif

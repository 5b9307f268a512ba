/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between the two halves of platform "vm": the shim (ring 0) and the part that
 * shares ring 3 with the kernel and the program. A call is a `syscall` whose
 * return address lies in the ring-3 part's gate; number in rax, arguments in
 * rdi, rsi, rdx, r10, r8, result in rax. Any other `syscall` is the program's.
 */
#ifndef EINKORN_VM_HCALL_H
#define EINKORN_VM_HCALL_H

#include "abi/layout.h"
#include "abi/origin.h"

/* What lies where in the platform's own window. */
#define VM_RING3_BASE ABI_PLATFORM_BASE
/* Under one page table with the ring-3 part: boot.S has these numbers, too;
 * at 0x140000 the own monitor's (abi/monitor.h). */
#define VM_HANDOVER (ABI_PLATFORM_BASE + 0x100000)
#define VM_KVM_CLOCK_AT (ABI_PLATFORM_BASE + 0x110000) /* pvclock.h */
#define VM_BOOT_STACK (ABI_PLATFORM_BASE + 0x120000)
#define VM_BOOT_STACK_SIZE 0x10000
#define VM_MMIO (ABI_PLATFORM_BASE + 0x30000000)
#define VM_DMA (ABI_PLATFORM_BASE + 0x40000000)
#define VM_BUNDLE (ABI_PLATFORM_BASE + 0x4000000000)

#define VM_CS 0x33 /* Linux's selectors for 64-bit programs */
#define VM_SS 0x2b

/* The error stream's port where firmware writes to MONITOR_PORT_ERR itself
 * (SeaBIOS and OVMF do); looked at first. */
#define VM_PORT_ERR_2 0x405

/* Messages of PCI devices: what they write to the local APIC. */
#define VM_MSI_VECTOR 62

enum vm_hcall {
    VM_VCPU_INIT,   /* (struct abi_vcpu *) */
    VM_WAIT,        /* (ns): until pending, device interrupt or ns passed */
    VM_TICK,        /* (period_ns) */
    VM_EXIT,        /* (status) */
    VM_VCPU_START,  /* (index, struct abi_vcpu *): at the ring-3 part's entry
                       for it, with rdi = vcpu and no stack */
    VM_VCPU_KICK,   /* (index): it looks at its pending byte */
    VM_MEM_SET,     /* (addr, len, origin): see enum vm_origin */
    VM_MEM_PROTECT, /* (addr, len, prot) */
    VM_MEM_DISCARD, /* (addr, len) */
    VM_MEM_MOVE,    /* (old_addr, old_len, new_addr, new_len) */
    VM_SHM_PUNCH,   /* (offset, len) */
    /* Until VM_SEAL only: */
    VM_MAP_MMIO,  /* (addr, phys): one page, uncached */
    VM_DMA_ALLOC, /* (addr, len): returns physical address, zeroed */
    VM_IRQ,       /* (line, ack register's address or 0, value for it) */
    VM_PCI_READ,  /* (function | register): 32 bits */
    VM_PCI_WRITE, /* (function | register, value) */
    VM_KVM_CLOCK, /* (): KVM's clock appears at VM_KVM_CLOCK_AT */
    VM_SEAL,      /* (kernel_base, kernel_len, flags, tsc_hz) */
    VM_NR_HCALLS,
};

/* What the shim knows when it enters the ring-3 part, at VM_HANDOVER. */
struct vm_handover {
    uint64_t ram_bytes;    /* that may be given out */
    uint64_t bundle_bytes; /* mapped at VM_BUNDLE, read-only */
    uint32_t input_ended;  /* by the tool: standard input has no more bytes */
    uint32_t monitor_page; /* abi/monitor.h, physical; 0: another's */
    uint32_t nr_cpus;      /* 0: nobody said so to the shim */
    uint32_t reserved;
    char cmdline[2048];
};

#endif

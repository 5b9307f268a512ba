/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Breakpoints and single steps, in the two ways that hosts need (docs/kvm.md,
 * "Debugging"): by KVM's own guest debugging where the processor does it, and
 * where ring 3 runs beside KVM (kvm_pvm), by stopping at the first instruction
 * of the guest's own handlers and taking the exception back.
 */
#ifndef EINKORN_TENDER_KVM_BREAKS_H
#define EINKORN_TENDER_KVM_BREAKS_H

#include "tender/kvm/hold.h"
#include "tender/kvm/monitor.h"

enum break_kind {
    BREAK_SOFT = 0, /* as in gdb's Z packets */
    BREAK_HARD = 1,
    BREAK_WRITE = 2,
    BREAK_READ = 3,
    BREAK_ACCESS = 4,
};

enum break_go {
    BREAK_OFF,  /* nobody debugs */
    BREAK_GO,   /* run to the next event */
    BREAK_STEP, /* one instruction */
};

/* All but breaks_exit(): while the virtual CPU stands still. */

/* 1: done. 0: this host cannot do that kind. -1: not at that address. */
int breaks_insert(struct machine *m, enum break_kind kind, uint64_t addr,
                  uint32_t len_bytes);
int breaks_remove(struct machine *m, enum break_kind kind, uint64_t addr,
                  uint32_t len_bytes);
void breaks_remove_all(struct machine *m);
/* Puts back into bytes read from addr what breakpoints stand on. */
void breaks_hide(uint64_t addr, uint8_t *bytes, uint64_t len_bytes);
/* Prepares the virtual CPU for going on so. */
void breaks_arm(struct vcpu *v, enum break_go go);

/* On the virtual CPU's thread: KVM_RUN ended for debugging. Stands still if
 * that is the debugger's, otherwise sees to it that the guest goes on. */
void breaks_exit(struct vcpu *v);

#endif

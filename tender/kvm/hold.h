/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Holding the virtual CPUs still for the debugger, all or none. The debugger's
 * thread asks, or one of them has a reason; each parks itself between two runs,
 * where its state is whole, and stays until it is let go. While all are parked,
 * their registers are the debugger's to read and write.
 */
#ifndef EINKORN_TENDER_KVM_HOLD_H
#define EINKORN_TENDER_KVM_HOLD_H

#include "tender/kvm/monitor.h"

/* Why they stand still: Linux's number of a signal, and for a watchpoint its
 * kind (2, 3, 4 as in gdb's Z packets; 0: none) and the address. */
struct hold_why {
    int signal;
    bool soft; /* a software breakpoint */
    int watch;
    uint64_t addr;
    uint32_t vcpu; /* whose reason it is; set here */
};

enum { HOLD_NOBODY = -1 };

/* Before they run, if there is a debugger. */
void hold_init(void);

/* ---- a virtual CPU's thread -------------------------------------------- */

/* Once, before it runs for the first time. */
void hold_begin(struct vcpu *v);
/* Before each KVM_RUN: it returns at once, with whatever is under way done,
 * if the debugger waits. */
void hold_before_run(struct vcpu *v);
/* After KVM_RUN was interrupted: stands still if that was meant. */
void hold_if_asked(struct vcpu *v);
/* Stands still, and so do the others. Where they do so already for another's
 * reason, this one is forgotten: it must come again. */
void hold_here(struct vcpu *v, struct hold_why why);

/* ---- any thread --------------------------------------------------------- */

/* Asks all to stand still; they do so soon. */
void hold_ask(void);

/* ---- the debugger's thread --------------------------------------------- */

/* Readable when all have come to stand; hold_reason() then says why. */
int hold_event_fd(void);
/* False: they run. Takes the event. */
bool hold_reason(struct hold_why *why);
/* Lets them go on; `only` one of them, unless it is HOLD_NOBODY. */
void hold_release(int only);
/* The others too, if one went on alone. */
void hold_release_others(void);

#endif

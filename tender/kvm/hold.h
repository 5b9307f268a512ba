/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Holding the virtual CPU still for the debugger. The debugger's thread asks;
 * the virtual CPU's thread parks itself between two runs, where its state is
 * whole, and stays until it is let go. While it is parked, its registers are
 * the debugger's to read and write.
 */
#ifndef EINKORN_TENDER_KVM_HOLD_H
#define EINKORN_TENDER_KVM_HOLD_H

#include "tender/kvm/monitor.h"

/* Why it stands still: Linux's number of a signal, and for a watchpoint its
 * kind (2, 3, 4 as in gdb's Z packets; 0: none) and the address. */
struct hold_why {
    int signal;
    bool soft; /* a software breakpoint */
    int watch;
    uint64_t addr;
};

/* On the virtual CPU's thread, before it runs for the first time. */
void hold_init(struct machine *m);

/* ---- the virtual CPU's thread ------------------------------------------ */

/* Before each KVM_RUN: it returns at once, with whatever is under way done,
 * if the debugger waits. */
void hold_before_run(struct machine *m);
/* After KVM_RUN was interrupted: stands still if that was meant. */
void hold_if_asked(void);
/* Stands still. */
void hold_here(struct hold_why why);
/* Asks oneself: the next hold_if_asked() stands still. */
void hold_ask_self(void);

/* ---- the debugger's thread --------------------------------------------- */

/* Asks the virtual CPU to stand still; it does so soon. */
void hold_ask(void);
/* Readable when it has come to stand; hold_reason() then says why. */
int hold_event_fd(void);
/* False: it runs. Takes the event. */
bool hold_reason(struct hold_why *why);
/* Lets it go on. */
void hold_release(void);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Which breakpoints and watchpoints there are (breaks.c), for who makes the
 * virtual CPUs stop at them (breaks_run.c). */
#ifndef EINKORN_TENDER_KVM_BREAKS_BOOK_H
#define EINKORN_TENDER_KVM_BREAKS_BOOK_H

#include "tender/kvm/breaks.h"

bool breaks_soft_at(uint64_t addr);
/* Adds the processor's breakpoints and watchpoints to a virtual CPU's. */
void breaks_use_hard(struct kvm_guest_debug *d);
/* If dr6 says that a watchpoint was met: which one. */
void breaks_hard_met(uint64_t dr6, struct hold_why *why);
/* DR7 for a breakpoint of one byte in register i, and its fixed bit. */
uint64_t breaks_dr7(int i);
/* The page tables, which all virtual CPUs share, as one says that stands still:
 * KVM has others wait until that one comes out of the guest. */
uint64_t breaks_cr3(const struct vcpu *v);

#endif

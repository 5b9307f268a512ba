/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's memory by its own virtual addresses, for the debugger. Follows
 * the page tables, and where a page was not touched yet, the shim's book of
 * what it would be (abi/origin.h): so a breakpoint can stand in code that has
 * not run, and nothing in the guest changes by looking.
 */
#ifndef EINKORN_TENDER_KVM_GVA_H
#define EINKORN_TENDER_KVM_GVA_H

#include "tender/kvm/monitor.h"

/* Both return how many bytes could be had; cr3 names the page tables. Writing
 * goes through the pages' protection, but not to zeroes without a page. What
 * is written to a page of a file is seen by this machine only. */
uint64_t gva_read(const struct machine *m, uint64_t cr3, uint64_t addr,
                  void *to, uint64_t len_bytes);
uint64_t gva_write(const struct machine *m, uint64_t cr3, uint64_t addr,
                   const void *from, uint64_t len_bytes);

#endif

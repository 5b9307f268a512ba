/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtual CPU's registers as gdb sees them: numbered as in the target
 * description that we send (gdb manual, appendix G.5.11), little-endian.
 */
#ifndef EINKORN_TENDER_KVM_GDB_REGS_H
#define EINKORN_TENDER_KVM_GDB_REGS_H

#include "tender/kvm/monitor.h"

enum { GDB_NR_REGS = 59, GDB_REG_MAX = 16 };

struct gdb_regs {
    struct kvm_regs general;
    struct kvm_sregs special;
    struct kvm_fpu fpu;
};

/* While the virtual CPU stands still. False: KVM refused. */
bool gdb_regs_load(const struct vcpu *v, struct gdb_regs *regs);
bool gdb_regs_store(const struct vcpu *v, const struct gdb_regs *regs);

/* Size of register n in bytes; 0: there is none. */
uint32_t gdb_reg_size(uint32_t n);
void gdb_reg_get(const struct gdb_regs *regs, uint32_t n,
                 uint8_t out[GDB_REG_MAX]);
/* Selectors and the coprocessor's pointers stay as they are. */
void gdb_reg_set(struct gdb_regs *regs, uint32_t n,
                 const uint8_t in[GDB_REG_MAX]);

/* The target description, XML, made at the first call. */
const char *gdb_regs_xml(uint32_t *len_bytes);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* See gdb_regs.h. */
#include "tender/kvm/gdb_regs.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

enum {
    RIP = 16,
    EFLAGS = 17,
    SEGMENTS = 18,
    ST = 24,
    CONTROL = 32,
    XMM = 40,
    MXCSR = 56,
    FS_BASE = 57,
    GS_BASE = 58,
};

static const char *const names[GDB_NR_REGS] = {
    "rax",   "rbx",     "rcx",    "rdx",   "rsi",   "rdi",   "rbp",   "rsp",
    "r8",    "r9",      "r10",    "r11",   "r12",   "r13",   "r14",   "r15",
    "rip",   "eflags",  "cs",     "ss",    "ds",    "es",    "fs",    "gs",
    "st0",   "st1",     "st2",    "st3",   "st4",   "st5",   "st6",   "st7",
    "fctrl", "fstat",   "ftag",   "fiseg", "fioff", "foseg", "fooff", "fop",
    "xmm0",  "xmm1",    "xmm2",   "xmm3",  "xmm4",  "xmm5",  "xmm6",  "xmm7",
    "xmm8",  "xmm9",    "xmm10",  "xmm11", "xmm12", "xmm13", "xmm14", "xmm15",
    "mxcsr", "fs_base", "gs_base"};

bool gdb_regs_load(const struct vcpu *v, struct gdb_regs *regs)
{
    return ioctl(v->fd, KVM_GET_REGS, &regs->general) == 0 &&
           ioctl(v->fd, KVM_GET_SREGS, &regs->special) == 0 &&
           ioctl(v->fd, KVM_GET_FPU, &regs->fpu) == 0;
}

bool gdb_regs_store(const struct vcpu *v, const struct gdb_regs *regs)
{
    struct kvm_mp_state runnable = {.mp_state = KVM_MP_STATE_RUNNABLE};

    /* It may have been waiting in an instruction that is left now. */
    ioctl(v->fd, KVM_SET_MP_STATE, &runnable);
    return ioctl(v->fd, KVM_SET_SREGS, &regs->special) == 0 &&
           ioctl(v->fd, KVM_SET_FPU, &regs->fpu) == 0 &&
           ioctl(v->fd, KVM_SET_REGS, &regs->general) == 0;
}

uint32_t gdb_reg_size(uint32_t n)
{
    if (n >= GDB_NR_REGS)
        return 0;
    if (n <= RIP || n >= FS_BASE)
        return 8;
    if (n >= ST && n < CONTROL)
        return 10;
    return n >= XMM && n < MXCSR ? 16 : 4;
}

/* Two bits for each register where the saved form has one. */
static uint32_t full_tags(uint8_t in_use)
{
    uint32_t tags = 0;

    for (int i = 0; i < 8; i++)
        if (!(in_use >> i & 1))
            tags |= 3u << 2 * i;
    return tags;
}

static uint32_t control_reg(const struct kvm_fpu *fpu, uint32_t i)
{
    const uint32_t values[8] = {fpu->fcw, fpu->fsw, full_tags(fpu->ftwx)};

    return i == 7 ? fpu->last_opcode : values[i];
}

static uint32_t selector(const struct kvm_sregs *s, uint32_t i)
{
    const struct kvm_segment *order[] = {&s->cs, &s->ss, &s->ds,
                                         &s->es, &s->fs, &s->gs};

    return order[i]->selector;
}

/* gdb's order is not KVM's. */
static __u64 *general(struct kvm_regs *r, uint32_t n)
{
    __u64 *order[] = {&r->rax, &r->rbx, &r->rcx, &r->rdx, &r->rsi, &r->rdi,
                      &r->rbp, &r->rsp, &r->r8,  &r->r9,  &r->r10, &r->r11,
                      &r->r12, &r->r13, &r->r14, &r->r15, &r->rip, &r->rflags};

    return order[n];
}

/* Where a register lies as it is; NULL: it must be put together. */
static void *place(struct gdb_regs *regs, uint32_t n)
{
    if (n <= EFLAGS)
        return general(&regs->general, n);
    if (n >= ST && n < CONTROL)
        return regs->fpu.fpr[n - ST];
    if (n >= XMM && n < MXCSR)
        return regs->fpu.xmm[n - XMM];
    if (n == MXCSR)
        return &regs->fpu.mxcsr;
    if (n == FS_BASE)
        return &regs->special.fs.base;
    return n == GS_BASE ? &regs->special.gs.base : NULL;
}

void gdb_reg_get(const struct gdb_regs *regs, uint32_t n,
                 uint8_t out[GDB_REG_MAX])
{
    struct gdb_regs copy = *regs;
    const void *at = place(&copy, n);
    uint32_t value;

    if (at) {
        memcpy(out, at, gdb_reg_size(n));
        return;
    }
    value = n < ST ? selector(&regs->special, n - SEGMENTS)
                   : control_reg(&regs->fpu, n - CONTROL);
    memcpy(out, &value, sizeof(value));
}

void gdb_reg_set(struct gdb_regs *regs, uint32_t n,
                 const uint8_t in[GDB_REG_MAX])
{
    void *at = place(regs, n);
    uint16_t half;

    memcpy(&half, in, sizeof(half));
    if (at)
        memcpy(at, in, gdb_reg_size(n));
    else if (n == CONTROL)
        regs->fpu.fcw = half;
    else if (n == CONTROL + 1)
        regs->fpu.fsw = half;
}

/* ---- the description ---------------------------------------------------- */

static const char head[] =
    "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\">"
    "<target><architecture>i386:x86-64</architecture>"
    "<feature name=\"org.gnu.gdb.i386.core\">";
static const char sse[] =
    "</feature><feature name=\"org.gnu.gdb.i386.sse\">"
    "<vector id=\"v4f\" type=\"ieee_single\" count=\"4\"/>"
    "<vector id=\"v2d\" type=\"ieee_double\" count=\"2\"/>"
    "<vector id=\"v16i8\" type=\"int8\" count=\"16\"/>"
    "<vector id=\"v8i16\" type=\"int16\" count=\"8\"/>"
    "<vector id=\"v4i32\" type=\"int32\" count=\"4\"/>"
    "<vector id=\"v2i64\" type=\"int64\" count=\"2\"/>"
    "<union id=\"vec128\"><field name=\"v4_float\" type=\"v4f\"/>"
    "<field name=\"v2_double\" type=\"v2d\"/>"
    "<field name=\"v16_int8\" type=\"v16i8\"/>"
    "<field name=\"v8_int16\" type=\"v8i16\"/>"
    "<field name=\"v4_int32\" type=\"v4i32\"/>"
    "<field name=\"v2_int64\" type=\"v2i64\"/>"
    "<field name=\"uint128\" type=\"uint128\"/></union>";
static const char segments[] =
    "</feature><feature name=\"org.gnu.gdb.i386.segments\">";
static const char tail[] = "</feature></target>";

static const char *type_of(uint32_t n)
{
    if (n == 6 || n == 7)
        return "data_ptr";
    if (n == RIP)
        return "code_ptr";
    if (n >= ST && n < CONTROL)
        return "i387_ext";
    if (n >= XMM && n < MXCSR)
        return "vec128";
    return gdb_reg_size(n) == 8 ? "int64" : "int32";
}

const char *gdb_regs_xml(uint32_t *len_bytes)
{
    static char text[8192];
    static uint32_t len;

    for (uint32_t n = 0; n < GDB_NR_REGS && (n || !len); n++) {
        const char *before = n == 0         ? head
                             : n == XMM     ? sse
                             : n == FS_BASE ? segments
                                            : "";

        len += (uint32_t)snprintf(
            text + len, sizeof(text) - len,
            "%s<reg name=\"%s\" bitsize=\"%u\" type=\"%s\"/>%s", before,
            names[n], gdb_reg_size(n) * 8, type_of(n),
            n == GDB_NR_REGS - 1 ? tail : "");
    }
    *len_bytes = len;
    return text;
}

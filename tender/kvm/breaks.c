/* SPDX-License-Identifier: BSD-2-Clause */
/* See breaks.h and breaks_book.h. Follows the AMD64 manual, volume 2, 13.1. */
#include "tender/kvm/breaks_book.h"

#include <string.h>
#include <sys/ioctl.h>

#include "tender/kvm/gva.h"

enum { MAX_SOFT = 256, MAX_HARD = 4, INT3 = 0xcc };
enum { DR7_GE = 0x200, DR7_FIXED = 0x400 };

static struct {
    uint64_t addr;
    uint8_t was;
    bool used;
} soft[MAX_SOFT];

static struct hard {
    uint64_t addr;
    enum break_kind kind;
    uint32_t len_bytes; /* 0: unused */
} hard[MAX_HARD];

uint64_t breaks_cr3(const struct vcpu *v)
{
    struct kvm_sregs sregs = {0};

    ioctl(v->fd, KVM_GET_SREGS, &sregs);
    return sregs.cr3;
}

/* ---- software breakpoints ----------------------------------------------- */

static int find_soft(uint64_t addr)
{
    for (int i = 0; i < MAX_SOFT; i++)
        if (soft[i].used && soft[i].addr == addr)
            return i;
    return -1;
}

static int insert_soft(struct machine *m, uint64_t addr)
{
    const uint8_t int3 = INT3;
    uint64_t cr3 = breaks_cr3(&m->vcpus[0]);
    int i = 0;

    if (find_soft(addr) >= 0)
        return 1;
    while (i < MAX_SOFT && soft[i].used)
        i++;
    if (i == MAX_SOFT || gva_read(m, cr3, addr, &soft[i].was, 1) != 1 ||
        gva_write(m, cr3, addr, &int3, 1) != 1)
        return -1;
    soft[i].addr = addr;
    soft[i].used = true;
    return 1;
}

static int remove_soft(struct machine *m, uint64_t addr)
{
    uint64_t cr3 = breaks_cr3(&m->vcpus[0]);
    int i = find_soft(addr);
    uint8_t now = 0;

    if (i < 0)
        return 1;
    soft[i].used = false;
    /* Unless something else is mapped there by now. */
    if (gva_read(m, cr3, addr, &now, 1) == 1 && now == INT3)
        gva_write(m, cr3, addr, &soft[i].was, 1);
    return 1;
}

bool breaks_soft_at(uint64_t addr)
{
    return find_soft(addr) >= 0;
}

void breaks_hide(uint64_t addr, uint8_t *bytes, uint64_t len_bytes)
{
    for (int i = 0; i < MAX_SOFT; i++)
        if (soft[i].used && soft[i].addr - addr < len_bytes)
            bytes[soft[i].addr - addr] = soft[i].was;
}

/* ---- the processor's four registers ------------------------------------- */

static bool is_hard(const struct hard *h, enum break_kind kind, uint64_t addr,
                    uint32_t len_bytes)
{
    return h->len_bytes == len_bytes && h->kind == kind && h->addr == addr;
}

static int insert_hard(enum break_kind kind, uint64_t addr, uint32_t len_bytes)
{
    int free_at = -1;

    if (kind == BREAK_READ) /* x86 has none that leaves writes alone */
        return 0;
    if (!len_bytes || len_bytes > 8 || len_bytes & (len_bytes - 1) ||
        addr % len_bytes)
        return -1;
    for (int i = 0; i < MAX_HARD; i++) {
        if (is_hard(&hard[i], kind, addr, len_bytes))
            return 1;
        if (!hard[i].len_bytes)
            free_at = i;
    }
    if (free_at < 0)
        return -1;
    hard[free_at] = (struct hard){addr, kind, len_bytes};
    return 1;
}

static int remove_hard(enum break_kind kind, uint64_t addr, uint32_t len_bytes)
{
    for (int i = 0; i < MAX_HARD; i++)
        if (is_hard(&hard[i], kind, addr, len_bytes))
            hard[i].len_bytes = 0;
    return 1;
}

/* DR7 (13.1.1.4): enabled, condition, length, for register i. */
static uint64_t dr7_bits(int i, enum break_kind kind, uint32_t len_bytes)
{
    static const uint8_t lengths[9] = {[1] = 0, [2] = 1, [4] = 3, [8] = 2};
    uint64_t condition = kind == BREAK_HARD ? 0 : kind == BREAK_WRITE ? 1 : 3;

    return UINT64_C(2) << 2 * i | condition << (16 + 4 * i) |
           (uint64_t)lengths[len_bytes] << (18 + 4 * i);
}

void breaks_use_hard(struct kvm_guest_debug *d)
{
    for (int i = 0; i < MAX_HARD; i++) {
        if (!hard[i].len_bytes)
            continue;
        d->control |= KVM_GUESTDBG_USE_HW_BP;
        d->arch.debugreg[i] = hard[i].addr;
        d->arch.debugreg[7] |=
            dr7_bits(i, hard[i].kind, hard[i].len_bytes) | DR7_GE | DR7_FIXED;
    }
}

uint64_t breaks_dr7(int i)
{
    return dr7_bits(i, BREAK_HARD, 1) | DR7_FIXED;
}

void breaks_hard_met(uint64_t dr6, struct hold_why *why)
{
    for (int i = 0; i < MAX_HARD; i++)
        if (dr6 >> i & 1 && hard[i].len_bytes && hard[i].kind != BREAK_HARD) {
            why->watch = hard[i].kind;
            why->addr = hard[i].addr;
        }
}

/* ---- both kinds --------------------------------------------------------- */

/* Where ring 3 runs beside KVM the processor's registers are not ours, and a
 * hardware breakpoint is one more in software. */
int breaks_insert(struct machine *m, enum break_kind kind, uint64_t addr,
                  uint32_t len_bytes)
{
    if (kind == BREAK_SOFT || (kind == BREAK_HARD && m->native_ring3))
        return insert_soft(m, addr);
    if (m->native_ring3)
        return 0;
    return insert_hard(kind, addr, kind == BREAK_HARD ? 1 : len_bytes);
}

int breaks_remove(struct machine *m, enum break_kind kind, uint64_t addr,
                  uint32_t len_bytes)
{
    if (kind == BREAK_SOFT || (kind == BREAK_HARD && m->native_ring3))
        return remove_soft(m, addr);
    if (m->native_ring3)
        return 0;
    return remove_hard(kind, addr, kind == BREAK_HARD ? 1 : len_bytes);
}

void breaks_remove_all(struct machine *m)
{
    for (int i = 0; i < MAX_SOFT; i++)
        if (soft[i].used)
            remove_soft(m, soft[i].addr);
    memset(hard, 0, sizeof(hard));
}

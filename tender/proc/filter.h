/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A seccomp filter in the making, for filter.c (rules) and filter_test.c (what
 * a rule compares).
 */
#ifndef EINKORN_TENDER_FILTER_H
#define EINKORN_TENDER_FILTER_H

#include "tender/proc/rules.h"

#include <linux/bpf_common.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FILTER_MAX = 768,
    /* Jump targets that are replaced when they are known. */
    NEXT = 0xfe,  /* rules of another call */
    FAILED = 0xff /* this rule does not hold */
};

struct code {
    uint32_t nr; /* first, so that a start touches one page */
    struct sock_filter insn[FILTER_MAX];
};

#define FIELD(name) ((uint32_t)offsetof(struct seccomp_data, name))
#define HI(x) ((uint32_t)((x) >> 32))
#define LO(x) ((uint32_t)(x))

#pragma GCC visibility push(hidden)

void emit(struct code *c, int op, uint32_t k, uint8_t jt, uint8_t jf);

static inline void load(struct code *c, uint32_t offset)
{
    emit(c, BPF_LD | BPF_W | BPF_ABS, offset, 0, 0);
}

static inline void ret(struct code *c, uint32_t action)
{
    emit(c, BPF_RET | BPF_K, action, 0, 0);
}

static inline void jump(struct code *c, int condition, uint32_t k, uint8_t jt,
                        uint8_t jf)
{
    emit(c, BPF_JMP | condition, k, jt, jf);
}

/* [arg addr, + arg len) ends below the kernel, else FAILED. */
void test_user(struct code *c, uint32_t addr, uint32_t len);
/* One check of a rule, else FAILED. */
void test(struct code *c, const struct rule_check *t);
/* Does this code do for both? */
int same_check(const struct rule_check *a, const struct rule_check *b);
uint32_t nr_checks(const struct rule *r);
/* False for a rule about what this instance has not. */
int applies(const struct rule *r);

/* Let rules share their returns: the last ones in the code of each kind. */
void filter_shorten(struct code *c);

#pragma GCC visibility pop

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host calls that a caged instance may make: one table, from which
 * filter.c compiles the seccomp filter and docs/host-calls.md is written.
 */
#ifndef EINKORN_TENDER_RULES_H
#define EINKORN_TENDER_RULES_H

#include <stdint.h>

/* Sets of descriptors, known when the filter is made. */
enum rule_fds {
    FDS_IN,
    FDS_OUT,
    FDS_TTY,
    FDS_IMAGE,
    FDS_SHM,
    FDS_TAP,
    FDS_STREAM,
    FDS_CHAN,
    FDS_BLK,
    FDS_BLK_RW, /* those that are not read-only */
};

enum rule_test {
    TEST_END,    /* no further test */
    TEST_EQ,     /* 64 bits equal value */
    TEST_EQ32,   /* 32 bits equal value: an int argument */
    TEST_EQ_BUT, /* the same, bits in the value's upper half aside */
    TEST_FD,     /* a descriptor of the set value */
    TEST_PID,    /* the instance's own process */
    TEST_PROT,   /* data protection: no execution once sealed */
    TEST_PROT_W, /* of image pages: never writable and executable, sealed */
    TEST_HIGH0,  /* the upper 32 bits are zero */
    TEST_USER,   /* [arg, arg + argument value) ends below the kernel */
    TEST_HEAP,   /* the same, in the kernel's heap */
};

struct rule_check {
    uint8_t test; /* enum rule_test */
    uint8_t arg;  /* 0 to 5 */
    uint64_t value;
};

enum rule_need { NEED_VCPUS = 1 };

struct rule {
    uint16_t nr;
    uint8_t need; /* only in instances that have this */
    const char *name;
    struct rule_check check[5];
    const char *text;   /* what is compared, in words */
    const char *reason; /* why the call is needed */
};

/* Hot ones first; rules for one call stand together, with what they share in
 * front. The second table's rules hold in addition that the range
 * [argument 0, + argument 1) ends below the kernel. Calls that no rule of the
 * first table lets pass are looked up in the second. All end with nr 0 and no
 * name. */
extern const struct rule rules[] __attribute__((visibility("hidden")));
extern const struct rule rules_memory[] __attribute__((visibility("hidden")));

#endif

/* sources: tender/proc/filter_shorten.c */
/* SPDX-License-Identifier: BSD-2-Clause */
/* A shortened filter says what the long one said, for random programs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tender/proc/filter.h"

enum { PROGRAMS = 2000, INPUTS = 50, WORDS = 4, RETURNS = 3 };

void emit(struct code *c, int op, uint32_t k, uint8_t jt, uint8_t jf)
{
    assert_true(c->nr < FILTER_MAX);
    c->insn[c->nr++] = (struct sock_filter){(uint16_t)op, jt, jf, k};
}

static uint32_t below(uint32_t n)
{
    return (uint32_t)random() % n;
}

static uint32_t interpret(const struct code *c, const uint32_t *words)
{
    uint32_t a = 0;

    for (uint32_t i = 0; i < c->nr; i++) {
        const struct sock_filter *f = &c->insn[i];

        if (BPF_CLASS(f->code) == BPF_RET)
            return f->k;
        if (BPF_CLASS(f->code) == BPF_LD)
            a = words[f->k / 4];
        else if (BPF_OP(f->code) == BPF_JA)
            i += f->k;
        else
            i += a == f->k ? f->jt : f->jf;
    }
    fail_msg("ran off the end");
    return 0;
}

static uint32_t somewhere_ahead(const struct code *c, uint32_t len)
{
    uint32_t room = len - c->nr - 2;

    return below(room > 200 ? 200 : room + 1);
}

/* Jumps go forward and stay inside; returns of each kind end it. */
static void invent(struct code *c, uint32_t len)
{
    c->nr = 0;
    while (c->nr < len - 1) {
        uint32_t t = somewhere_ahead(c, len), f = somewhere_ahead(c, len);

        switch (below(8)) {
        case 0:
            ret(c, below(RETURNS));
            break;
        case 1:
            jump(c, BPF_JA, t, 0, 0);
            break;
        case 2:
        case 3:
            load(c, 4 * below(WORDS));
            break;
        default:
            jump(c, BPF_JEQ, below(3), (uint8_t)t, (uint8_t)f);
        }
    }
    ret(c, 0);
    for (uint32_t k = 0; k < RETURNS; k++)
        ret(c, k);
}

static void test_shortened_filter_says_the_same(void **state)
{
    static struct code before, after;
    bool shorter = false;

    (void)state;
    srandom(1);
    for (int p = 0; p < PROGRAMS; p++) {
        invent(&before, 2 + below(FILTER_MAX - 8));
        after = before;
        filter_shorten(&after);
        assert_true(after.nr <= before.nr);
        shorter |= after.nr < before.nr;
        for (int n = 0; n < INPUTS; n++) {
            uint32_t words[WORDS];

            for (int w = 0; w < WORDS; w++)
                words[w] = below(3);
            assert_int_equal(interpret(&after, words),
                             interpret(&before, words));
        }
    }
    assert_true(shorter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shortened_filter_says_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

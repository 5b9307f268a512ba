/* sources: kernel/core/chacha20.c */
/* SPDX-License-Identifier: BSD-2-Clause */
/* The block function against the vectors of RFC 8439. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/core/chacha20.h"

/* Section 2.3.2. */
static void test_chacha20_rfc_block(void **state)
{
    static const uint32_t want[16] = {
        0xe4e7f110, 0x15593bd1, 0x1fdd0f50, 0xc47120a3, 0xc7f4d1c7, 0x0368c033,
        0x9aaa2204, 0x4e6cd4c3, 0x466482d2, 0x09aa9f07, 0x05d7c214, 0xa2028bd9,
        0xd19c12b5, 0xb94e16de, 0xe883d0cb, 0x4e3c50a2};
    const uint32_t nonce[3] = {0x09000000, 0x4a000000, 0};
    uint8_t bytes[32];
    uint32_t key[8], out[16];

    (void)state;
    for (uint8_t i = 0; i < 32; i++)
        bytes[i] = i;
    memcpy(key, bytes, sizeof(key));
    chacha20_block(key, 1, nonce, out);
    assert_memory_equal(out, want, sizeof(want));
}

/* Appendix A.1, vectors 1 and 2: zero key and nonce. */
static void test_chacha20_zero_key(void **state)
{
    static const uint32_t want0[2] = {0xade0b876, 0x903df1a0};
    static const uint32_t want1[2] = {0xbee7079f, 0x7a385155};
    static const uint32_t key[8], nonce[3];
    uint32_t out[16];

    (void)state;
    chacha20_block(key, 0, nonce, out);
    assert_memory_equal(out, want0, sizeof(want0));
    chacha20_block(key, 1, nonce, out);
    assert_memory_equal(out, want1, sizeof(want1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chacha20_rfc_block),
        cmocka_unit_test(test_chacha20_zero_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

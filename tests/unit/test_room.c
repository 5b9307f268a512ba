/* SPDX-License-Identifier: BSD-2-Clause */
/* Texts that stay, packed behind one another. */
/* sources: host/common/room.c host/common/xalloc.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/common/room.h"

static void test_room_packs_what_stays(void **state)
{
    char *a = room(4096), *b;

    (void)state;
    strcpy(a, "first");
    assert_ptr_equal(room_keep(a, 6), a);
    b = room(4096);
    assert_ptr_equal(b, a + 6);
    strcpy(b, "dropped");
    b = room(16);
    assert_ptr_equal(b, a + 6);
    strcpy(b, "second");
    room_keep(b, 7);
    assert_string_equal(a, "first");
    assert_string_equal(b, "second");
}

static void test_room_goes_on_when_full(void **state)
{
    const size_t most = 3u << 20;
    char *a = room_keep(room(most), most), *b = room(most);

    (void)state;
    memset(a, 'a', most);
    memset(b, 'b', most);
    room_keep(b, most);
    memset(room(1000), 'c', 1000);
    assert_int_equal(a[most - 1], 'a');
    assert_int_equal(b[0], 'b');
    assert_int_equal(b[most - 1], 'b');
    free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_room_packs_what_stays),
        cmocka_unit_test(test_room_goes_on_when_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

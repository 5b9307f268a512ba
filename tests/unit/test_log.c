/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: host/instance/log.c host/common/err.c */
/* Writing, reading and rotating an instance's log. */
#include "host/instance/log.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/einkorn-log-XXXXXX";
static struct store store;

static int set_up(void **state)
{
    (void)state;
    if (mkdtemp(dir) == NULL) {
        return -1;
    }
    store.dir_fd = open(dir, O_PATH | O_DIRECTORY);
    return store.dir_fd < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    close(store.dir_fd);
    return rmdir(dir);
}

static void remove_log(const char *id)
{
    char name[64];

    snprintf(name, sizeof(name), "%s.log", id);
    unlinkat(store.dir_fd, name, 0);
    snprintf(name, sizeof(name), "%s.log.1", id);
    unlinkat(store.dir_fd, name, 0);
}

static void test_log_frames_come_back(void **state)
{
    struct err err = {0};
    struct log_reader reader;
    struct log_frame frame;
    struct log log;
    char data[16];

    (void)state;
    assert_int_equal(log_open(&reader, &store, "a"), -1);
    assert_int_equal(log_create(&log, &store, "a", &err), 0);
    log_write(&log, 1, "out", 3);
    assert_int_equal(log_open(&reader, &store, "a"), 0);
    assert_int_equal(log_next(&reader, &frame, data, sizeof(data)), 1);
    assert_int_equal(frame.stream, 1);
    assert_int_equal(frame.len_bytes, 3);
    assert_memory_equal(data, "out", 3);
    assert_int_equal(log_next(&reader, &frame, data, sizeof(data)), 0);
    log_write(&log, 2, "err", 3);
    assert_int_equal(log_next(&reader, &frame, data, sizeof(data)), 1);
    assert_int_equal(frame.stream, 2);
    log_close(&reader);
    close(log.fd);
    remove_log("a");
}

/* A frame whose second half is not there yet is none yet. */
static void test_log_half_a_frame_waits(void **state)
{
    struct log_frame frame = {.len_bytes = 4, .stream = 1};
    struct err err = {0};
    struct log_reader reader;
    struct log log;
    char data[16];

    (void)state;
    assert_int_equal(log_create(&log, &store, "b", &err), 0);
    assert_int_equal(log_open(&reader, &store, "b"), 0);
    assert_int_equal(write(log.fd, &frame, sizeof(frame)), sizeof(frame));
    assert_int_equal(write(log.fd, "ab", 2), 2);
    assert_int_equal(log_next(&reader, &frame, data, sizeof(data)), 0);
    assert_int_equal(write(log.fd, "cd", 2), 2);
    assert_int_equal(log_next(&reader, &frame, data, sizeof(data)), 1);
    assert_memory_equal(data, "abcd", 4);
    log_close(&reader);
    close(log.fd);
    remove_log("b");
}

/* Both who follows and who comes later read on across the change of files. */
static void test_log_rotation(void **state)
{
    static char block[LOG_FRAME_MAX];
    uint32_t nr = (uint32_t)(LOG_ROTATE_BYTES / LOG_FRAME_MAX) + 3;
    struct err err = {0};
    struct log_reader follower, late;
    struct log_frame frame;
    uint32_t seen = 0;
    struct log log;

    (void)state;
    assert_int_equal(log_create(&log, &store, "c", &err), 0);
    assert_int_equal(log_open(&follower, &store, "c"), 0);
    for (uint32_t i = 0; i < nr; i++) {
        memcpy(block, &i, sizeof(i));
        log_write(&log, 1, block, sizeof(block));
    }
    assert_int_equal(log_open(&late, &store, "c"), 0);
    for (; log_next(&follower, &frame, block, sizeof(block)); seen++) {
        assert_memory_equal(block, &seen, sizeof(seen));
    }
    assert_int_equal(seen, nr);
    for (seen = 0; log_next(&late, &frame, block, sizeof(block)); seen++) {
        assert_memory_equal(block, &seen, sizeof(seen));
    }
    assert_int_equal(seen, nr);
    log_close(&follower);
    log_close(&late);
    close(log.fd);
    remove_log("c");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_log_frames_come_back),
        cmocka_unit_test(test_log_half_a_frame_waits),
        cmocka_unit_test(test_log_rotation),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}

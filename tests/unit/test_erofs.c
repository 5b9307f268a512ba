/* sources: kernel/fs/erofs/erofs.c kernel/fs/erofs/dir.c */
/* sources: kernel/fs/erofs/xattr.c */
/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The reader of EROFS images: a small image of mkfs.erofs, then thousands of
 * damaged ones, which must never be read beyond their end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/fs/erofs/erofs.h"

enum { ROUNDS = 20000, ENTRIES_MAX = 2000, NAMES = 300 };

static uint8_t *image;
static size_t image_len;

static void run(const char *command)
{
    assert_int_equal(system(command), 0);
}

static int setup(void **state)
{
    char dir[] = "/tmp/erofs.XXXXXX", cmd[512];
    FILE *f;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(cmd, sizeof(cmd),
             "cd %s && mkdir -p t/d && cd t && echo hello > d/file && "
             "ln -s d/file link && for i in $(seq %d); do : > d/name-$i; done "
             "&& head -c 10000 /dev/zero > zeros",
             dir, NAMES);
    run(cmd);
    snprintf(cmd, sizeof(cmd),
             "cd %s && mkfs.erofs --quiet -x-1 -T7 i t >/dev/null 2>&1", dir);
    run(cmd);
    snprintf(cmd, sizeof(cmd), "%s/i", dir);
    f = fopen(cmd, "rb");
    assert_non_null(f);
    fseek(f, 0, SEEK_END);
    image_len = (size_t)ftell(f);
    rewind(f);
    image = malloc(image_len);
    assert_int_equal(fread(image, 1, image_len, f), image_len);
    fclose(f);
    snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
    run(cmd);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(image);
    return 0;
}

static uint64_t child(const struct erofs *fs, uint64_t dir, const char *name)
{
    struct erofs_node node;
    uint64_t nid = 0;

    assert_int_equal(erofs_node(fs, dir, &node), 0);
    assert_int_equal(erofs_lookup(fs, &node, name, strlen(name), &nid), 0);
    return nid;
}

static void test_erofs_reads_a_good_image(void **state)
{
    struct erofs fs;
    struct erofs_node node;
    uint64_t len = 100, nid;
    const char *p;

    (void)state;
    assert_int_equal(erofs_open(&fs, image, image_len), 0);
    nid = child(&fs, child(&fs, fs.root_nid, "d"), "file");
    assert_int_equal(erofs_node(&fs, nid, &node), 0);
    assert_true(S_ISREG(node.mode));
    assert_int_equal(node.size_bytes, 6);
    p = erofs_data(&fs, &node, 0, &len);
    assert_int_equal(len, 6);
    assert_memory_equal(p, "hello\n", 6);
    assert_null(erofs_data(&fs, &node, 6, &len));
    nid = child(&fs, fs.root_nid, "link");
    assert_int_equal(erofs_node(&fs, nid, &node), 0);
    assert_true(S_ISLNK(node.mode));
    len = 100;
    p = erofs_data(&fs, &node, 0, &len);
    assert_memory_equal(p, "d/file", 6);
}

static void test_erofs_finds_each_name_and_no_other(void **state)
{
    struct erofs fs;
    struct erofs_node dir;
    uint64_t d, nid;

    (void)state;
    assert_int_equal(erofs_open(&fs, image, image_len), 0);
    d = child(&fs, fs.root_nid, "d");
    assert_int_equal(erofs_node(&fs, d, &dir), 0);
    for (int i = 1; i <= NAMES; i++) {
        char name[32];

        snprintf(name, sizeof(name), "name-%d", i);
        child(&fs, d, name);
        snprintf(name, sizeof(name), "name-%d!", i);
        assert_int_equal(erofs_lookup(&fs, &dir, name, strlen(name), &nid),
                         -ENOENT);
    }
    assert_int_equal(erofs_lookup(&fs, &dir, "", 0, &nid), -ENOENT);
    assert_int_equal(erofs_lookup(&fs, &dir, "zzz", 3, &nid), -ENOENT);
}

static void test_erofs_lists_each_name_once(void **state)
{
    struct erofs fs;
    struct erofs_node dir;
    struct erofs_dirent e;
    uint64_t pos = 0;
    int nr = 0;

    (void)state;
    assert_int_equal(erofs_open(&fs, image, image_len), 0);
    assert_int_equal(erofs_node(&fs, child(&fs, fs.root_nid, "d"), &dir), 0);
    while (erofs_readdir(&fs, &dir, &pos, &e) == 1)
        nr++;
    assert_int_equal(nr, NAMES + 3); /* file, dot, dot-dot */
}

static void sum(const void *p, uint64_t len)
{
    volatile uint8_t total = 0;

    for (uint64_t i = 0; p && i < len; i++)
        total += ((const uint8_t *)p)[i];
}

static void sum_data(const struct erofs *fs, const struct erofs_node *node,
                     uint64_t off)
{
    uint64_t len = 1 << 16;
    const void *p = erofs_data(fs, node, off, &len);

    sum(p, len);
}

/* Touches everything that can be reached, to a bounded depth. */
static void visit(const struct erofs *fs, uint64_t nid, int depth)
{
    struct erofs_node node;
    struct erofs_dirent e;
    uint64_t pos = 0, found;
    const void *value;
    size_t value_len;
    char name[256];

    if (depth == 0 || erofs_node(fs, nid, &node))
        return;
    sum_data(fs, &node, 0);
    sum_data(fs, &node, node.size_bytes / 2);
    sum_data(fs, &node, node.size_bytes - 1);
    for (unsigned i = 0; i < 8; i++)
        if (erofs_xattr(fs, &node, i, name, sizeof(name), &value, &value_len) ==
            0)
            sum(value, value_len);
    if (!S_ISDIR(node.mode))
        return;
    erofs_lookup(fs, &node, "name-77", 7, &found);
    for (int i = 0; i < ENTRIES_MAX; i++) {
        if (erofs_readdir(fs, &node, &pos, &e) != 1)
            break;
        sum(e.name, e.name_len);
        if (i < 6)
            visit(fs, e.nid, depth - 1);
    }
}

static void test_erofs_survives_damage(void **state)
{
    (void)state;
    srandom(1);
    for (int round = 0; round < ROUNDS; round++) {
        size_t len = round % 3 ? image_len : (size_t)random() % image_len;
        uint8_t *bad = malloc(len ? len : 1); /* its end is guarded */
        struct erofs fs;

        memcpy(bad, image, len);
        for (int i = 0; i < 12 && len; i++) {
            size_t at = (size_t)random() % (i % 2        ? len
                                            : len < 8192 ? len
                                                         : 8192);

            bad[at] = (uint8_t)(i % 3 ? random() : 0xff);
        }
        if (len > 1028) /* keep the magic number */
            memcpy(bad + 1024, image + 1024, 4);
        if (erofs_open(&fs, bad, len) == 0)
            visit(&fs, fs.root_nid, 3);
        free(bad);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_erofs_reads_a_good_image),
        cmocka_unit_test(test_erofs_finds_each_name_and_no_other),
        cmocka_unit_test(test_erofs_lists_each_name_once),
        cmocka_unit_test(test_erofs_survives_damage),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}

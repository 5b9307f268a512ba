/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding entries of the image cache, and when they are stale. */
/* sources: host/common/image_cache.c host/common/image_source.c */
/* sources: host/common/image_ref.c host/common/room.c */
/* sources: host/common/xalloc.c host/common/err.c */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/common/image_cache.h"

struct dirs {
    char base[64];
    char cache[80], program[80], input[80], gone[80];
};

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static int make_dirs(void **state)
{
    struct dirs *d = calloc(1, sizeof(*d));
    char path[128];

    strcpy(d->base, "/tmp/einkorn-cache-XXXXXX");
    if (!mkdtemp(d->base))
        return -1;
    snprintf(d->cache, sizeof(d->cache), "%s/cache", d->base);
    snprintf(d->program, sizeof(d->program), "%s/program", d->base);
    snprintf(d->input, sizeof(d->input), "%s/in\nput\\", d->base);
    snprintf(d->gone, sizeof(d->gone), "%s/gone", d->base);
    mkdir(d->cache, 0755);
    write_file(d->program, "program");
    write_file(d->input, "input");
    snprintf(path, sizeof(path), "%s/d.erofs", d->cache);
    write_file(path, "");
    snprintf(path, sizeof(path), "%s/d.sidecar", d->cache);
    write_file(path, "");
    *state = d;
    return 0;
}

static int remove_dirs(void **state)
{
    struct dirs *d = *state;
    char command[128];

    snprintf(command, sizeof(command), "rm -rf %s", d->base);
    free(d);
    return system(command);
}

static void print_input(FILE *f, const char *path, const char *escaped)
{
    struct stat st;

    assert_int_equal(lstat(path, &st), 0);
    fprintf(f, "= %lu %lu %lu %lu %s\n", (unsigned long)st.st_dev,
            (unsigned long)st.st_ino, (unsigned long)st.st_size,
            (unsigned long)st.st_ctim.tv_sec * 1000000000 +
                (unsigned long)st.st_ctim.tv_nsec,
            escaped);
}

/* An entry for the program with one strange input and one absent file. */
static void make_entry(const struct dirs *d, const char *image)
{
    char name[32], path[160], escaped[160];
    FILE *f;

    image_cache_key(IMAGE_KIND_ELF, d->program, name);
    snprintf(path, sizeof(path), "%s/%s", d->cache, name);
    snprintf(escaped, sizeof(escaped), "%s/in\\nput\\\\", d->base);
    f = fopen(path, "w");
    fprintf(f,
            IMAGE_CACHE_MAGIC
            "\nsource %s\nkind elf\nimage %s\n"
            "sidecar d.sidecar\nexe %s\njit yes\nplan 0\ncount 3\n",
            d->program, image, d->program);
    print_input(f, d->program, d->program);
    print_input(f, d->input, escaped);
    fprintf(f, "! %s\n", d->gone);
    fclose(f);
}

static int find(const struct dirs *d, const char *source,
                struct image_entry *entry)
{
    struct err err = {0};

    return image_cache_find(d->cache, source, entry, &err);
}

static void test_image_cache_finds_a_fresh_entry(void **state)
{
    const struct dirs *d = *state;
    struct image_entry entry;
    char path[160];

    make_entry(d, "d.erofs");
    assert_int_equal(find(d, d->program, &entry), 1);
    snprintf(path, sizeof(path), "%s/d.erofs", d->cache);
    assert_string_equal(entry.image, path);
    assert_string_equal(entry.exe, d->program);
    assert_true(entry.wants_jit);
    assert_int_equal(entry.kind, IMAGE_KIND_ELF);
    assert_null(entry.plan);
    snprintf(path, sizeof(path), "%s/cache/../program", d->base);
    assert_int_equal(find(d, path, &entry), 1);
}

static void test_image_cache_misses_without_entry(void **state)
{
    struct image_entry entry;

    assert_int_equal(find(*state, ((struct dirs *)*state)->program, &entry), 0);
    assert_int_equal(find(*state, "/", &entry), 0);
}

static void test_image_cache_misses_after_a_change(void **state)
{
    const struct dirs *d = *state;
    struct image_entry entry;

    make_entry(d, "d.erofs");
    write_file(d->gone, "");
    assert_int_equal(find(d, d->program, &entry), 0);
    unlink(d->gone);
    assert_int_equal(find(d, d->program, &entry), 1);
    usleep(20000); /* the change time's step */
    chmod(d->input, 0600);
    assert_int_equal(find(d, d->program, &entry), 0);
}

static void test_image_cache_misses_when_files_are_gone(void **state)
{
    const struct dirs *d = *state;
    struct image_entry entry;

    make_entry(d, "e.erofs");
    assert_int_equal(find(d, d->program, &entry), 0);
    make_entry(d, "../d.erofs");
    assert_int_equal(find(d, d->program, &entry), 0);
}

static void test_image_cache_misses_on_damage(void **state)
{
    const struct dirs *d = *state;
    struct image_entry entry;
    char name[32], path[160];
    struct stat st;

    image_cache_key(IMAGE_KIND_ELF, d->program, name);
    snprintf(path, sizeof(path), "%s/%s", d->cache, name);
    make_entry(d, "d.erofs");
    assert_int_equal(stat(path, &st), 0);
    for (off_t len = st.st_size - 1; len >= 0; len -= 3) {
        assert_int_equal(truncate(path, len), 0);
        assert_int_equal(find(d, d->program, &entry), 0);
    }
}

static void test_image_cache_names_a_missing_source(void **state)
{
    const struct dirs *d = *state;
    struct image_entry entry;
    struct err err = {0};

    assert_int_equal(image_cache_find(d->cache, d->gone, &entry, &err), -1);
    assert_int_equal(err.status, ERR_NOT_FOUND);
    assert_non_null(strstr(err.text, d->gone));
}

static void test_image_cache_source_keeps_the_last_name(void **state)
{
    const struct dirs *d = *state;
    char link_path[160], out[PATH_MAX];
    struct err err = {0};
    enum image_kind kind;

    snprintf(link_path, sizeof(link_path), "%s/link", d->base);
    assert_int_equal(symlink("program", link_path), 0);
    assert_int_equal(image_cache_source(link_path, out, &kind, &err), 0);
    assert_string_equal(out, link_path);
    assert_int_equal(kind, IMAGE_KIND_ELF);
    assert_int_equal(chdir(d->base), 0);
    assert_int_equal(image_cache_source("link", out, &kind, &err), 0);
    assert_string_equal(out, link_path);
    assert_int_equal(image_cache_source("./cache/", out, &kind, &err), 0);
    assert_string_equal(out, d->cache);
    assert_int_equal(kind, IMAGE_KIND_DIRECTORY);
    assert_int_equal(chdir("/"), 0);
}

/* However a program is named, through links to its directories too. */
static void test_image_cache_source_resolves_directories(void **state)
{
    static const char *const ways[] = {
        "program",          "./program",     "//program",
        "cache/../program", "alias/program", "alias/./program",
    };
    const struct dirs *d = *state;
    char path[160], out[PATH_MAX];
    struct err err = {0};
    enum image_kind kind;

    snprintf(path, sizeof(path), "%s/alias", d->base);
    assert_int_equal(symlink(".", path), 0);
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", d->base, ways[i]);
        assert_int_equal(image_cache_source(path, out, &kind, &err), 0);
        assert_string_equal(out, d->program);
    }
    snprintf(path, sizeof(path), "%s/alias", d->base);
    unlink(path);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_dirs, remove_dirs)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_image_cache_finds_a_fresh_entry),
        TEST(test_image_cache_misses_without_entry),
        TEST(test_image_cache_misses_after_a_change),
        TEST(test_image_cache_misses_when_files_are_gone),
        TEST(test_image_cache_misses_on_damage),
        TEST(test_image_cache_names_a_missing_source),
        TEST(test_image_cache_source_keeps_the_last_name),
        TEST(test_image_cache_source_resolves_directories),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

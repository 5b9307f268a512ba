/* SPDX-License-Identifier: BSD-2-Clause */
/* Mutated container images, with digests put right so that what is behind
 * them is reached: refused or unpacked, never a crash, and what was unpacked
 * is an image that reads back. */
/* sources: host/oci/store.c host/oci/spool.c host/oci/digest.c */
/* sources: host/oci/json_file.c host/oci/manifest.c host/oci/unpack.c */
/* sources: host/oci/layer.c host/oci/layer_path.c host/oci/settings.c */
/* sources: host/image/tree.c host/image/erofs.c host/image/copy.c */
/* sources: host/image/erofs_tree.c host/image/publish.c */
/* sources: host/image/text_file.c host/common/erofs_read.c */
/* sources: host/common/err.c host/common/xalloc.c host/common/strings.c */
/* libs: -larchive -ljansson -lcrypto */
#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <locale.h>
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

#include "host/common/xalloc.h"
#include "host/image/erofs.h"
#include "host/image/erofs_tree.h"
#include "host/oci/layer.h"
#include "host/oci/settings.h"

enum { MAX_BYTES = 1 << 17, DEFAULT_ROUNDS = 3000 };

struct text {
    char bytes[MAX_BYTES];
    size_t len;
};

static char top[64];
static uint64_t seed;

static uint32_t any(uint32_t below)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(seed >> 33) % below;
}

/* ---- seeds --------------------------------------------------------------- */

static void add(struct archive *a, const char *path, mode_t type,
                const char *link, const char *content)
{
    struct archive_entry *e = archive_entry_new();

    archive_entry_set_pathname(e, path);
    archive_entry_set_filetype(e, type);
    archive_entry_set_perm(e, 0755);
    archive_entry_set_uid(e, any(70000));
    archive_entry_set_mtime(e, 1700000000, 5);
    if (type == AE_IFLNK)
        archive_entry_set_symlink(e, link);
    else if (link)
        archive_entry_set_hardlink(e, link);
    archive_entry_set_size(e, content ? (int64_t)strlen(content) : 0);
    if (any(4) == 0)
        archive_entry_xattr_add_entry(e, "user.x", "y", 1);
    archive_write_header(a, e);
    if (content)
        archive_write_data(a, content, strlen(content));
    archive_entry_free(e);
}

static void make_tar(struct text *out, int layer)
{
    struct archive *a = archive_write_new();
    char name[300];

    if (any(2))
        archive_write_set_format_pax(a);
    else
        archive_write_set_format_gnutar(a);
    archive_write_set_bytes_in_last_block(a, 512);
    archive_write_open_memory(a, out->bytes, MAX_BYTES / 2, &out->len);
    memset(name, 'n', sizeof(name) - 1);
    for (int i = 99; i < 299; i += 100)
        name[i] = '/';
    name[299] = '\0';
    add(a, "dir", AE_IFDIR, NULL, NULL);
    add(a, layer ? "dir/.wh.file" : "dir/file", AE_IFREG, NULL, "content");
    add(a, "link", AE_IFLNK, "dir", NULL);
    add(a, "link/through", AE_IFREG, NULL, "more");
    add(a, "hard", AE_IFREG, "link/through", NULL);
    add(a, layer ? "dir/.wh..wh..opq" : name, AE_IFREG, NULL, "deep");
    add(a, "fifo", AE_IFIFO, NULL, NULL);
    add(a, "hard", AE_IFDIR, NULL, NULL);
    archive_write_close(a);
    archive_write_free(a);
}

/* ---- mutations ------------------------------------------------------------
 */

static void mutate(struct text *t)
{
    static const char *const words[] = {"-1",      "99999999999999999999",
                                        "null",    "{}",
                                        "[[[[",    "\"\"",
                                        "\\u0000", "true",
                                        "1e308",   "../../",
                                        "/",       ".wh.",
                                        "%s%n",    "\xff\xfe"};
    size_t at = any((uint32_t)t->len + 1), n = any(64), from;
    const char *word = words[any(sizeof(words) / sizeof(words[0]))];

    if (t->len < 2)
        return;
    n = at + n > t->len ? t->len - at : n;
    from = any((uint32_t)(t->len - n) + 1);
    switch (any(6)) {
    case 0:
        t->bytes[at % t->len] ^= (char)(1 << any(8));
        break;
    case 1:
        memmove(t->bytes + at, t->bytes + at + n, t->len - at - n);
        t->len -= n;
        break;
    case 2:
        memmove(t->bytes + at, t->bytes + from, n);
        break;
    case 3:
        n = strlen(word);
        n = at + n > t->len ? t->len - at : n;
        memcpy(t->bytes + at, word, n);
        break;
    case 4:
        memset(t->bytes + at, any(2) ? 0 : 0xff, n);
        break;
    default:
        t->len = at > 0 && any(8) == 0 ? at : t->len;
        break;
    }
}

/* So that a changed header is believed. */
static void fix_checksums(struct text *t)
{
    for (size_t at = 0; at + 512 <= t->len; at += 512) {
        unsigned char *h = (unsigned char *)t->bytes + at;
        unsigned sum = 0;

        if (memcmp(h + 257, "ustar", 5) != 0)
            continue;
        memset(h + 148, ' ', 8);
        for (int i = 0; i < 512; i++)
            sum += h[i];
        snprintf((char *)h + 148, 8, "%06o", sum);
    }
}

/* ---- a layout ------------------------------------------------------------ */

static void put_file(const char *name, const struct text *t)
{
    char path[256];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", top, name);
    f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(t->bytes, 1, t->len, f), t->len);
    fclose(f);
}

static void put_blob(const struct text *t, char digest[DIGEST_TEXT_MAX])
{
    char name[128];

    digest_bytes(t->bytes, t->len, digest);
    snprintf(name, sizeof(name), "blobs/sha256/%s", digest_hex(digest));
    put_file(name, t);
}

static void print(struct text *t, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    t->len = (size_t)vsnprintf(t->bytes, MAX_BYTES, format, args);
    va_end(args);
}

static void make_layout(unsigned victim)
{
    static struct text layers[2], config, manifest, index;
    char ids[2][DIGEST_TEXT_MAX], digest[DIGEST_TEXT_MAX];
    unsigned nr = 1 + any(4);

    for (int i = 0; i < 2; i++) {
        make_tar(&layers[i], i);
        for (unsigned n = 0; victim == 0 && n < nr; n++)
            mutate(&layers[i]);
        fix_checksums(&layers[i]);
        put_blob(&layers[i], ids[i]);
    }
    print(&config,
          "{\"os\":\"linux\",\"architecture\":\"amd64\",\"config\":{\"Cmd\":["
          "\"a\"],\"Env\":[\"A=b\"],\"ExposedPorts\":{\"80/tcp\":{}},"
          "\"Volumes\":{\"/v/w\":{}},\"WorkingDir\":\"/x/y\",\"User\":\"u\"},"
          "\"rootfs\":{\"diff_ids\":[\"%s\",\"%s\"]}}",
          ids[0], ids[1]);
    for (unsigned n = 0; victim == 1 && n < nr; n++)
        mutate(&config);
    put_blob(&config, digest);
    print(&manifest,
          "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"application/"
          "vnd.oci.image.config.v1+json\",\"digest\":\"%s\",\"size\":%zu},"
          "\"layers\":[{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar"
          "\",\"digest\":\"%s\",\"size\":%zu},{\"mediaType\":\"application/"
          "vnd.oci.image.layer.v1.tar\",\"digest\":\"%s\",\"size\":%zu}]}",
          digest, config.len, ids[0], layers[0].len, ids[1], layers[1].len);
    for (unsigned n = 0; victim == 2 && n < nr; n++)
        mutate(&manifest);
    put_blob(&manifest, digest);
    print(&index,
          "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"application/"
          "vnd.oci.image.manifest.v1+json\",\"digest\":\"%s\",\"size\":%zu,"
          "\"annotations\":{\"org.opencontainers.image.ref.name\":\"t\"}}]}",
          digest, manifest.len);
    for (unsigned n = 0; victim == 3 && n < nr; n++)
        mutate(&index);
    put_file("index.json", &index);
}

/* ---- reading it ---------------------------------------------------------- */

static size_t count(const struct tree_node *node)
{
    size_t nr = 1;

    for (size_t i = 0; i < node->nr_children; i++)
        nr += count(node->children[i]);
    return nr;
}

static void check_image(struct tree *t)
{
    char path[128];
    struct erofs_image image;
    struct err err = {0};
    struct tree *again;
    uint64_t len;
    int fd;

    snprintf(path, sizeof(path), "%s/image", top);
    fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(erofs_write(t, fd, &len, &err), 0);
    close(fd);
    assert_int_equal(count(t->root), t->nr_nodes);
    assert_int_equal(erofs_open(&image, path, &err), 0);
    again = erofs_tree(&image, path, &err);
    assert_non_null(again);
    assert_int_equal(again->nr_nodes, t->nr_nodes);
    tree_free(again);
    erofs_close(&image);
}

static bool import(struct oci_store *store, struct spool *spool,
                   struct err *err)
{
    static char block[1 << 20];
    struct oci_image image;
    struct layer_notes notes = {0};
    struct strings strings;
    struct tree *t = tree_new();
    bool good = manifest_read(store, "", &image, err) == 0;

    strings_init(&strings, block, sizeof(block));
    good = good && settings_add(&strings, &image, "fuzz", err) == 0;
    for (size_t i = 0; good && i < image.nr_layers; i++)
        good = layer_apply(t, store, &image.layers[i], (uint32_t)i + 1, spool,
                           &notes, err) == 0;
    if (good && strings_end(&strings)) {
        settings_make_directories(t, block);
        check_image(t);
    }
    image_free(&image);
    tree_free(t);
    return good;
}

static void clean_blobs(void)
{
    char command[128];

    snprintf(command, sizeof(command), "rm -rf %s/blobs/sha256/*", top);
    assert_int_equal(system(command), 0);
}

static void test_oci_mutations(void **state)
{
    const char *text = getenv("EINKORN_FUZZ_ROUNDS");
    unsigned rounds = text ? (unsigned)atoi(text) : DEFAULT_ROUNDS, nr_good = 0;

    (void)state;
    for (unsigned i = 0; i < rounds; i++) {
        struct oci_store store;
        struct spool spool;
        struct err err = {0};
        bool good;

        seed = i;
        make_layout(i % 5); /* 4: untouched */
        assert_int_equal(spool_open(&spool, top, &err), 0);
        spool.max_bytes = 1 << 20;
        assert_int_equal(store_open_directory(&store, top, "fuzz", &err), 0);
        good = import(&store, &spool, &err);
        assert_true(good == (err.status == 0));
        assert_true(good || err.text[0]);
        if (i % 5 == 4)
            assert_true(good);
        nr_good += good;
        store_close(&store);
        spool_close(&spool);
        if (i % 100 == 99)
            clean_blobs();
    }
    print_message("%u of %u images were accepted\n", nr_good, rounds);
}

static int set_up(void **state)
{
    char path[128];

    (void)state;
    setlocale(LC_CTYPE, "C.UTF-8");
    strcpy(top, access("/dev/shm", W_OK) == 0 ? "/dev/shm/einkorn-XXXXXX"
                                              : "/tmp/einkorn-XXXXXX");
    if (!mkdtemp(top))
        return -1;
    snprintf(path, sizeof(path), "%s/blobs", top);
    mkdir(path, 0700);
    strcat(path, "/sha256");
    return mkdir(path, 0700);
}

static int tear_down(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf %s", top);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_oci_mutations),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Image, sidecar and inputs file of one entry: see output.h. */
#include "host/image/output.h"

#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "host/common/erofs_format.h"
#include "host/common/pieces.h"
#include "host/common/xalloc.h"
#include "host/image/erofs.h"
#include "host/patch/sidecar.h"

enum { AGAIN_MAX = 256 << 20 };

static uint64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

void output_init(struct output *o, const char *cache_dir, FILE *verbose)
{
    *o = (struct output){.cache_dir = cache_dir,
                         .verbose = verbose,
                         .image.fd = -1,
                         .sidecar.fd = -1,
                         .list.fd = -1};
}

/* ---- image and sidecar --------------------------------------------------- */

static void to_hex(const uint8_t bytes[32], char hex[65])
{
    for (int i = 0; i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
}

/* ---- the ELF files, once each, as they lie in the image ---- */

struct elf_list {
    const struct tree_node **nodes;
    size_t nr, cap;
};

static void list_elf(struct elf_list *list, const struct tree_node *node,
                     const uint8_t *image)
{
    const struct tree_inode *inode = node->inode;

    for (size_t i = 0; i < node->nr_children; i++)
        list_elf(list, node->children[i], image);
    if (!S_ISREG(inode->mode) || inode->len_bytes < 64 ||
        memcmp(image + inode->image_off, "\177ELF", 4) != 0)
        return;
    list->nodes =
        xgrow(list->nodes, list->nr, &list->cap, sizeof(list->nodes[0]));
    list->nodes[list->nr++] = node;
}

static int by_place(const void *a, const void *b)
{
    const struct tree_node *const *x = a, *const *y = b;
    uint64_t m = (*x)->inode->image_off, n = (*y)->inode->image_off;

    return (m > n) - (m < n);
}

static void patch_all(struct output *o, struct sidecar *s, const struct tree *t,
                      const uint8_t *image)
{
    struct elf_list list = {0};

    list_elf(&list, t->root, image);
    if (list.nr)
        qsort(list.nodes, list.nr, sizeof(list.nodes[0]), by_place);
    for (size_t i = 0; i < list.nr; i++) {
        const struct tree_inode *inode = list.nodes[i]->inode;
        char *path;

        if (i && inode == list.nodes[i - 1]->inode)
            continue; /* a further name */
        path = tree_path(list.nodes[i]);
        sidecar_add(s, inode->image_off, image + inode->image_off,
                    inode->len_bytes, path, o->verbose);
        free(path);
    }
    free(list.nodes);
}

static int write_sidecar(struct output *o, const struct tree *t,
                         const uint8_t *image, struct err *err)
{
    struct sidecar s = {0};
    struct stat st;
    int ret;

    patch_all(o, &s, t, image);
    ret = publish_temp(&o->sidecar, o->cache_dir, err);
    if (ret == 0)
        ret = sidecar_write(&s, o->sha256, o->sidecar.fd, err);
    if (ret == 0 && fstat(o->sidecar.fd, &st) == 0)
        o->sidecar_bytes = (uint64_t)st.st_size;
    o->patch = s.total;
    sidecar_free(&s);
    return ret;
}

static uint64_t power_of_two(uint64_t at_least)
{
    uint64_t n = EROFS_BLOCK;

    while (n < at_least)
        n <<= 1;
    return n;
}

/* Written again piece by piece, the image lies in large folios of the page
 * cache. The first one has names and programs, if these are small, and nothing
 * else: it is all that most starts touch, and what is behind it is not mapped
 * with it. Not worth it for what is very large. */
static int write_in_large_folios(struct output *o, const uint8_t *image,
                                 uint64_t programs_end, struct err *err)
{
    struct publish_temp pieces = o->image;
    uint64_t front = power_of_two(programs_end);

    if (o->image_bytes > AGAIN_MAX)
        return 0;
    if (front > o->image_bytes)
        front = o->image_bytes;
    if (publish_temp(&o->image, o->cache_dir, err) < 0) {
        publish_discard(&pieces);
        return -1;
    }
    publish_discard(&pieces);
    if (pieces_write(o->image.fd, image, front, 0) < 0 ||
        pieces_write(o->image.fd, image + front, o->image_bytes - front,
                     front) < 0)
        return err_set(err, ERR_TOOL, "write image: %m");
    return 0;
}

int output_write(struct output *o, struct tree *t, struct err *err)
{
    uint64_t start = now_ns();
    void *image;
    int ret;

    if (publish_temp(&o->image, o->cache_dir, err) < 0 ||
        erofs_write(t, o->image.fd, &o->image_bytes, err) < 0)
        return -1;
    image = mmap(NULL, o->image_bytes, PROT_READ, MAP_SHARED | MAP_POPULATE,
                 o->image.fd, 0);
    if (image == MAP_FAILED)
        return err_set(err, ERR_TOOL, "map image: %m");
    SHA256(image, o->image_bytes, o->sha256);
    to_hex(o->sha256, o->digest);
    o->write_ns = now_ns() - start;
    start = now_ns();
    ret = write_in_large_folios(o, image, t->programs_end, err);
    if (ret == 0)
        ret = write_sidecar(o, t, image, err);
    o->patch_ns = now_ns() - start;
    munmap(image, o->image_bytes);
    return ret;
}

/* ---- inputs file --------------------------------------------------------- */

static size_t count_strings(const char *block)
{
    size_t nr = 0;

    for (; block && *block; block += strlen(block) + 1)
        nr++;
    return nr;
}

static void print_plan(const char *block, FILE *out)
{
    for (; block && *block; block += strlen(block) + 1) {
        inputs_print_path(block, out);
        fputc('\n', out);
    }
}

static int write_list(struct output *o, const struct output_entry *e,
                      struct err *err)
{
    FILE *out;

    if (publish_temp(&o->list, o->cache_dir, err) < 0)
        return -1;
    /* A record holds environment that a user gave: perhaps passwords. */
    if (e->kind == IMAGE_KIND_RECORD)
        fchmod(o->list.fd, 0600);
    out = fdopen(dup(o->list.fd), "w");
    if (!out)
        return err_set(err, ERR_TOOL, "write list of inputs: %m");
    fputs(IMAGE_CACHE_MAGIC "\nsource ", out);
    inputs_print_path(e->source, out);
    fprintf(out, "\nkind %s\nimage %s.erofs\nsidecar %s.sidecar\nexe ",
            image_kind_name(e->kind), o->digest, o->digest);
    inputs_print_path(e->exe, out);
    fprintf(out, "\njit %s\nplan %zu\n", e->wants_jit ? "yes" : "no",
            count_strings(e->plan));
    inputs_print(e->inputs, out);
    print_plan(e->plan, out);
    if (fclose(out) != 0)
        return err_set(err, ERR_TOOL, "write list of inputs: %m");
    return 0;
}

/* ---- publication --------------------------------------------------------- */

/* The digest that this entry had until now, or "". */
static void old_digest(const struct output *o, const struct output_entry *e,
                       char digest[65])
{
    struct image_entry entry;
    const char *name;

    digest[0] = '\0';
    image_cache_load(o->cache_dir, e->kind, e->source, &entry);
    name = strrchr(entry.image, '/');
    if (name && strlen(name) == 1 + 64 + strlen(".erofs"))
        snprintf(digest, 65, "%s", name + 1);
    image_entry_free(&entry);
}

static int rename_file(struct output *o, struct publish_temp *temp,
                       const char *suffix, struct err *err)
{
    char name[80];

    if (temp->fd < 0)
        return 0; /* in the cache already */
    snprintf(name, sizeof(name), "%s.%s", o->digest, suffix);
    return publish_rename(temp, o->cache_dir, name, err);
}

int output_publish(struct output *o, const struct output_entry *entry,
                   struct err *err)
{
    uint64_t start = now_ns();
    char old[65];

    if (write_list(o, entry, err) < 0)
        return -1;
    old_digest(o, entry, old);
    image_cache_key(entry->kind, entry->source, o->inputs);
    if (rename_file(o, &o->image, "erofs", err) < 0 ||
        rename_file(o, &o->sidecar, "sidecar", err) < 0 ||
        publish_rename(&o->list, o->cache_dir, o->inputs, err) < 0 ||
        publish_sync_dir(o->cache_dir, err) < 0)
        return -1;
    if (old[0] && strcmp(old, o->digest) != 0)
        publish_collect(o->cache_dir, old);
    o->publish_ns = now_ns() - start;
    return 0;
}

void output_discard(struct output *o)
{
    publish_discard(&o->image);
    publish_discard(&o->sidecar);
    publish_discard(&o->list);
}

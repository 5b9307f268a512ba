/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sidecar file: collects patched files and lays them out as
 * abi/sidecar.h says.
 */
#include "host/patch/sidecar.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abi/layout.h"
#include "host/common/pieces.h"
#include "host/common/xalloc.h"
#include "host/patch/cpuid.h"

static void report_file(const struct patch_stats *st, const char *name,
                        FILE *report)
{
    fprintf(report, "%s: %" PRIu64 " syscall sites", name, st->sites);
    for (int v = 0; v < PATCH_NR_VERDICTS; v++)
        if (st->by_verdict[v])
            fprintf(report, ", %" PRIu64 " %s", st->by_verdict[v],
                    patch_verdict_text[v]);
    if (st->cpuid_sites)
        fprintf(report, "; %" PRIu64 " of %" PRIu64 " cpuid patched",
                st->cpuid_patched, st->cpuid_sites);
    fputc('\n', report);
}

void sidecar_add(struct sidecar *s, uint64_t image_off, const uint8_t *bytes,
                 uint64_t len_bytes, const char *name, FILE *report)
{
    struct patch_stats st = {0};
    struct patched_elf elf;
    uint32_t nr_segs = patch_elf(&elf, bytes, len_bytes, &st);

    s->total.sites += st.sites;
    s->total.cpuid_sites += st.cpuid_sites;
    s->total.cpuid_patched += st.cpuid_patched;
    for (int v = 0; v < PATCH_NR_VERDICTS; v++)
        s->total.by_verdict[v] += st.by_verdict[v];
    if (report && st.sites)
        report_file(&st, name, report);
    if (nr_segs == 0) {
        patch_free(&elf);
        return;
    }
    s->files = xgrow(s->files, s->nr, &s->cap, sizeof(*s->files));
    s->image_offs =
        xgrow(s->image_offs, s->nr, &s->cap_offs, sizeof(*s->image_offs));
    s->files[s->nr] = elf;
    s->image_offs[s->nr++] = image_off;
}

/* ---- layout ---------------------------------------------------------------
 */

struct layout {
    struct sidecar_header head;
    struct sidecar_cpuid *cpuid;
    uint8_t *tables; /* header and all tables */
    uint64_t tables_len;
};

static uint64_t align8(uint64_t v)
{
    return (v + 7) & ~UINT64_C(7);
}

static uint64_t align_page(uint64_t v)
{
    return (v + ABI_PAGE_SIZE - 1) & ~(ABI_PAGE_SIZE - 1);
}

static void count(const struct sidecar *s, struct sidecar_header *h)
{
    for (size_t i = 0; i < s->nr; i++) {
        for (uint32_t k = 0; k < s->files[i].nr_segs; k++) {
            h->nr_segs++;
            h->nr_sites += s->files[i].segs[k].abi.nr_sites;
            h->nr_maps += s->files[i].segs[k].abi.nr_maps;
        }
    }
    h->nr_files = (uint32_t)s->nr;
    h->files_off = align8(sizeof(*h));
    h->segs_off =
        align8(h->files_off + h->nr_files * sizeof(struct sidecar_file));
    h->sites_off =
        align8(h->segs_off + h->nr_segs * sizeof(struct sidecar_seg));
    h->maps_off =
        align8(h->sites_off + h->nr_sites * sizeof(struct sidecar_site));
    h->cpuid_off =
        align8(h->maps_off + h->nr_maps * sizeof(struct sidecar_map));
    h->len_bytes =
        align_page(h->cpuid_off + h->nr_cpuid * sizeof(struct sidecar_cpuid));
}

/* Gives the segment its places in tables and file; puts its tables. */
static void put_seg(struct layout *l, const struct patched_seg *seg,
                    uint32_t *seg_at, uint32_t *site_at, uint32_t *map_at)
{
    struct sidecar_header *h = &l->head;
    struct sidecar_seg abi = seg->abi;

    abi.text_off = h->len_bytes;
    abi.tramp_off = abi.text_off + abi.len_bytes;
    h->len_bytes = abi.tramp_off + abi.tramp_len_bytes;
    abi.first_site = *site_at;
    abi.first_map = *map_at;
    memcpy(l->tables + h->segs_off + *seg_at * sizeof(abi), &abi, sizeof(abi));
    memcpy(l->tables + h->sites_off + *site_at * sizeof(struct sidecar_site),
           seg->sites, abi.nr_sites * sizeof(struct sidecar_site));
    memcpy(l->tables + h->maps_off + *map_at * sizeof(struct sidecar_map),
           seg->maps, abi.nr_maps * sizeof(struct sidecar_map));
    *seg_at += 1;
    *site_at += abi.nr_sites;
    *map_at += abi.nr_maps;
}

static void put_tables(const struct sidecar *s, struct layout *l)
{
    uint32_t seg_at = 0, site_at = 0, map_at = 0;

    for (size_t i = 0; i < s->nr; i++) {
        const struct patched_elf *elf = &s->files[i];
        struct sidecar_file file = {
            .image_off = s->image_offs[i],
            .len_bytes = elf->len_bytes,
            .span_bytes = elf->span_bytes,
            .first_seg = seg_at,
            .nr_segs = elf->nr_segs,
        };

        memcpy(l->tables + l->head.files_off + i * sizeof(file), &file,
               sizeof(file));
        for (uint32_t k = 0; k < elf->nr_segs; k++)
            put_seg(l, &elf->segs[k], &seg_at, &site_at, &map_at);
    }
    memcpy(l->tables + l->head.cpuid_off, l->cpuid,
           l->head.nr_cpuid * sizeof(*l->cpuid));
    memcpy(l->tables, &l->head, sizeof(l->head));
}

struct output {
    int fd;
    uint64_t off;
};

static int put(struct output *out, const void *data, uint64_t len,
               struct err *err)
{
    if (pieces_write(out->fd, data, len, out->off) < 0)
        return err_set(err, ERR_TOOL, "write sidecar: %m");
    out->off += len;
    return 0;
}

int sidecar_write(const struct sidecar *s, const uint8_t image_sha256[32],
                  int fd, struct err *err)
{
    struct layout l = {
        .head = {.magic = SIDECAR_MAGIC, .version = SIDECAR_VERSION}};
    struct output out = {.fd = fd};
    int ret;

    memcpy(l.head.image_sha256, image_sha256, 32);
    l.head.nr_cpuid = cpuid_collect(&l.cpuid);
    count(s, &l.head);
    l.tables_len = l.head.len_bytes;
    l.tables = xcalloc(1, l.tables_len);
    put_tables(s, &l);
    ret = put(&out, l.tables, l.tables_len, err);
    for (size_t i = 0; i < s->nr; i++) {
        for (uint32_t k = 0; k < s->files[i].nr_segs; k++) {
            const struct patched_seg *seg = &s->files[i].segs[k];

            if (ret == 0)
                ret = put(&out, seg->text, seg->abi.len_bytes, err);
            if (ret == 0)
                ret = put(&out, seg->tramp, seg->abi.tramp_len_bytes, err);
        }
    }
    free(l.tables);
    free(l.cpuid);
    return ret;
}

void sidecar_free(struct sidecar *s)
{
    for (size_t i = 0; i < s->nr; i++)
        patch_free(&s->files[i]);
    free(s->files);
    free(s->image_offs);
    *s = (struct sidecar){0};
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Patched text. The header and the places of the tables are checked once; a
 * file's or segment's entry is copied and checked each time it is used, which
 * keeps the start short for large images. Entries that fail are not used: the
 * original text is mapped.
 */
#include "kernel/mm/sidecar.h"

#include <asm/errno.h>
#include <linux/mman.h>
#include <stdbool.h>

#include "abi/layout.h"
#include "abi/sidecar.h"
#include "kernel/core/cpu.h"
#include "kernel/core/log.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/space.h"

static struct {
    uint64_t len_bytes;
    const struct sidecar_file *files;
    const struct sidecar_seg *segs;
    const struct sidecar_map *maps;
    const struct sidecar_cpuid *cpuid;
    uint32_t nr_files, nr_segs, nr_maps, nr_cpuid;
} sc;

/* Table of nr entries at off, or NULL if it does not lie inside. */
static const void *table(const struct sidecar_header *h, uint64_t off,
                         uint32_t nr, size_t entry_bytes)
{
    if (off % 8 || off > h->len_bytes ||
        nr > (h->len_bytes - off) / entry_bytes)
        return NULL;
    return (const char *)platform.boot->sidecar.base + off;
}

static bool open_tables(const struct sidecar_header *h, uint64_t len_bytes)
{
    if (h->magic != SIDECAR_MAGIC || h->version != SIDECAR_VERSION ||
        h->len_bytes > len_bytes || h->len_bytes < sizeof(*h))
        return false;
    sc.files = table(h, h->files_off, h->nr_files, sizeof(*sc.files));
    sc.segs = table(h, h->segs_off, h->nr_segs, sizeof(*sc.segs));
    sc.maps = table(h, h->maps_off, h->nr_maps, sizeof(*sc.maps));
    sc.cpuid = table(h, h->cpuid_off, h->nr_cpuid, sizeof(*sc.cpuid));
    if (!sc.files || !sc.segs || !sc.maps || !sc.cpuid)
        return false;
    sc.len_bytes = h->len_bytes;
    sc.nr_segs = h->nr_segs;
    sc.nr_maps = h->nr_maps;
    sc.nr_cpuid = h->nr_cpuid;
    sc.nr_files = h->nr_files;
    return true;
}

void sidecar_init(void)
{
    const struct abi_range *range = &platform.boot->sidecar;
    struct sidecar_header h;

    sc.nr_files = sc.nr_cpuid = 0;
    if (range->len_bytes == 0)
        return;
    if (range->len_bytes >= sizeof(h)) {
        h = *(const struct sidecar_header *)range->base;
        if (open_tables(&h, range->len_bytes))
            return;
    }
    klog(LOG_WARN, "the sidecar of patched text is damaged: system calls take "
                   "the slow path; remove the image's cache entry");
}

uint32_t sidecar_cpuid_table(const struct sidecar_cpuid **table)
{
    *table = sc.cpuid;
    return sc.nr_cpuid;
}

/* The file whose data starts at image_off. */
static bool find_file(uint64_t image_off, struct sidecar_file *out)
{
    uint32_t lo = 0, hi = sc.nr_files;

    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;

        if (sc.files[mid].image_off < image_off)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == sc.nr_files)
        return false;
    *out = sc.files[lo];
    return out->image_off == image_off && out->first_seg <= sc.nr_segs &&
           out->nr_segs <= sc.nr_segs - out->first_seg;
}

/* [off, off + len) are whole pages of an object of `size` bytes. */
static bool pages_inside(uint64_t off, uint64_t len, uint64_t size)
{
    return off % ABI_PAGE_SIZE == 0 && len % ABI_PAGE_SIZE == 0 && len != 0 &&
           off <= size && len <= size - off;
}

static bool get_seg(uint32_t index, struct sidecar_seg *out)
{
    *out = sc.segs[index];
    return pages_inside(out->text_off, out->len_bytes, sc.len_bytes) &&
           pages_inside(out->tramp_off, out->tramp_len_bytes, sc.len_bytes) &&
           out->file_off % ABI_PAGE_SIZE == 0 &&
           out->file_off <= UINT64_MAX - out->len_bytes &&
           out->tramp_delta % (int64_t)ABI_PAGE_SIZE == 0 &&
           out->first_map <= sc.nr_maps &&
           out->nr_maps <= sc.nr_maps - out->first_map;
}

static int64_t map_image(uint64_t off, uint64_t addr, uint64_t len, int prot)
{
    if (len == 0)
        return 0;
    return platform.ops.mem_map(addr, len, (uint32_t)prot, ABI_SOURCE_IMAGE,
                                off);
}

/* Text at addr with its trampolines; -EBUSY: they have no room. */
static int64_t map_patched(uint32_t index, const struct sidecar_seg *seg,
                           uint64_t addr, int prot)
{
    uint64_t tramp = addr + (uint64_t)seg->tramp_delta;
    int64_t err = mm_map_trampolines(tramp, seg->tramp_len_bytes,
                                     seg->tramp_off, addr, index);

    if (err)
        return -EBUSY;
    return platform.ops.mem_map(addr, seg->len_bytes, (uint32_t)prot,
                                ABI_SOURCE_SIDECAR, seg->text_off);
}

int sidecar_map_exec(uint64_t image_off, uint64_t file_off, uint64_t addr,
                     size_t len_bytes, int prot)
{
    uint64_t pos = file_off, end = file_off + len_bytes;
    struct sidecar_file file = {.nr_segs = 0};
    int64_t err = 0;

    if (!(prot & PROT_WRITE) && !find_file(image_off, &file))
        file.nr_segs = 0;
    for (uint32_t i = 0; i < file.nr_segs && !err; i++) {
        uint64_t at;
        struct sidecar_seg seg;

        if (!get_seg(file.first_seg + i, &seg) || seg.file_off < pos ||
            seg.file_off > end || seg.len_bytes > end - seg.file_off)
            continue;
        at = addr + (seg.file_off - file_off);
        err = map_patched(file.first_seg + i, &seg, at, prot);
        if (err == -EBUSY) {
            err = 0;
            continue;
        }
        if (!err)
            err = map_image(image_off + pos, addr + (pos - file_off),
                            seg.file_off - pos, prot);
        pos = seg.file_off + seg.len_bytes;
    }
    if (!err)
        err = map_image(image_off + pos, addr + (pos - file_off), end - pos,
                        prot);
    return (int)err;
}

size_t sidecar_tail(uint64_t image_off, uint64_t file_off, size_t len_bytes)
{
    struct sidecar_file file;
    struct sidecar_seg last;

    if (!find_file(image_off, &file) || file.nr_segs == 0 ||
        !get_seg(file.first_seg + file.nr_segs - 1, &last))
        return 0;
    /* A loader maps all of the text at once; others get no tail. */
    if (file_off != 0 || len_bytes < last.file_off + last.len_bytes)
        return 0;
    if (file.span_bytes <= len_bytes || file.span_bytes > ABI_USER_TOP)
        return 0;
    return page_up(file.span_bytes) - len_bytes;
}

int sidecar_unpatch(uint32_t index, uint64_t text, uint64_t len_bytes, int prot)
{
    struct sidecar_seg seg;

    if (!get_seg(index, &seg) || seg.len_bytes > len_bytes)
        return -EINVAL;
    for (uint32_t i = 0; i < sc.nr_files; i++) {
        struct sidecar_file f = sc.files[i];

        if (index >= f.first_seg && index - f.first_seg < f.nr_segs)
            return (int)map_image(f.image_off + seg.file_off, text,
                                  seg.len_bytes, prot);
    }
    return -EINVAL;
}

uint64_t sidecar_canonical(uint32_t index, uint64_t text, uint64_t pc)
{
    struct sidecar_seg seg;
    uint32_t lo = 0, hi;
    uint64_t off;

    if (!get_seg(index, &seg))
        return pc;
    off = pc - text - (uint64_t)seg.tramp_delta;
    for (hi = seg.nr_maps; lo < hi;) {
        uint32_t mid = lo + (hi - lo) / 2;

        if (sc.maps[seg.first_map + mid].tramp_off <= off)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == 0)
        return pc;
    return text + sc.maps[seg.first_map + lo - 1].text_off;
}

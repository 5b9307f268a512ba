/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Patching one ELF file, segment by segment; see patch.h.
 */
#include "host/patch/patch.h"

#include <stdlib.h>
#include <string.h>

#include "abi/layout.h"
#include "host/common/xalloc.h"
#include "host/patch/code.h"
#include "host/patch/site.h"
#include "host/patch/tramp.h"

#define PAGE_MASK (~(ABI_PAGE_SIZE - 1))

const char *const patch_verdict_text[PATCH_NR_VERDICTS] = {
    [PATCH_DONE] = "patched",          [PATCH_SIGRETURN] = "sigreturn",
    [PATCH_BRANCH] = "branch into it", [PATCH_SHORT] = "too short",
    [PATCH_UNCERTAIN] = "uncertain",   [PATCH_FAR] = "too far",
};

static const uint8_t syscall_bytes[] = {0x0f, 0x05};

struct patcher {
    const struct code *code;
    const struct elf64_phdr *ph;
    struct patched_seg *seg;
    struct tramp tramp;
    size_t nr_sites, cap_sites;
    uint64_t floor; /* end of what the site before took */
    struct patch_stats *stats;
};

static uint64_t align_up(uint64_t v)
{
    return (v + ABI_PAGE_SIZE - 1) & PAGE_MASK;
}

static enum patch_verdict patch_site(struct patcher *p, enum site_kind kind,
                                     uint64_t vaddr)
{
    enum patch_verdict verdict;
    struct site site;
    uint64_t to;
    struct sidecar_site abi = {.syscall_off = (uint32_t)(vaddr - p->tramp.seg)};
    uint8_t *jump;

    verdict = site_choose(p->code, kind, vaddr, p->floor, &site);
    if (verdict != PATCH_DONE)
        return verdict;
    jump = p->seg->text + (site.first - p->tramp.seg);
    if (!tramp_add(&p->tramp, p->code, &site, &to, &abi.return_off))
        return PATCH_FAR;
    tramp_put_jump(jump, site.first, to);
    p->floor = site.end;
    if (kind != SITE_SYSCALL)
        return PATCH_DONE;
    p->seg->sites = xgrow(p->seg->sites, p->nr_sites, &p->cap_sites,
                          sizeof(struct sidecar_site));
    p->seg->sites[p->nr_sites++] = abi;
    return PATCH_DONE;
}

static void patch_syscall(struct patcher *p, const struct code_region *r,
                          uint64_t off)
{
    enum patch_verdict verdict = PATCH_UNCERTAIN;

    if (r->insn_len[off] == SITE_INSN_LEN)
        verdict = patch_site(p, SITE_SYSCALL, r->vaddr + off);
    else if (r->flags[off] & (CODE_INNER | CODE_INSN))
        return; /* part of another instruction */
    p->stats->sites++;
    p->stats->by_verdict[verdict]++;
}

static void patch_cpuid(struct patcher *p, const struct code_region *r,
                        uint64_t off)
{
    if (r->insn_len[off] != SITE_INSN_LEN)
        return;
    p->stats->cpuid_sites++;
    if (patch_site(p, SITE_CPUID, r->vaddr + off) == PATCH_DONE)
        p->stats->cpuid_patched++;
}

static void patch_region(struct patcher *p, const struct code_region *r)
{
    for (uint64_t at = 0; at + 1 < r->len_bytes; at++) {
        if (r->bytes[at] != 0x0f)
            continue;
        if (r->bytes[at + 1] == 0x05)
            patch_syscall(p, r, at);
        else if (r->bytes[at + 1] == 0xa2)
            patch_cpuid(p, r, at);
    }
}

static void copy_text(struct patcher *p)
{
    struct sidecar_seg *abi = &p->seg->abi;
    uint64_t have = p->code->elf.len_bytes - abi->file_off;

    p->seg->text = xcalloc(1, abi->len_bytes);
    memcpy(p->seg->text, p->code->elf.bytes + abi->file_off,
           have < abi->len_bytes ? have : abi->len_bytes);
}

/* True if it has patched sites; its trampolines begin at *tramp_vaddr, which
 * moves behind them. */
static bool patch_segment(struct patcher *p, uint64_t *tramp_vaddr)
{
    const struct elf64_phdr *ph = p->ph;
    struct sidecar_seg *abi = &p->seg->abi;
    uint64_t first = ph->p_vaddr & PAGE_MASK;

    abi->file_off = ph->p_offset & PAGE_MASK;
    abi->len_bytes = align_up(ph->p_offset + ph->p_filesz) - abi->file_off;
    abi->tramp_delta = (int64_t)(*tramp_vaddr - first);
    p->tramp = (struct tramp){.base = *tramp_vaddr, .seg = first};
    copy_text(p);
    for (size_t i = 0; i < p->code->nr_regions; i++)
        if (p->code->regions[i].vaddr - ph->p_vaddr < ph->p_filesz)
            patch_region(p, &p->code->regions[i]);
    tramp_finish(&p->tramp);
    abi->tramp_len_bytes = p->tramp.len_bytes;
    abi->nr_sites = (uint32_t)p->nr_sites;
    abi->nr_maps = (uint32_t)p->tramp.nr_maps;
    p->seg->tramp = p->tramp.bytes;
    p->seg->maps = p->tramp.maps;
    *tramp_vaddr += abi->tramp_len_bytes;
    return p->nr_sites > 0;
}

static void free_seg(struct patched_seg *seg)
{
    free(seg->text);
    free(seg->tramp);
    free(seg->sites);
    free(seg->maps);
    *seg = (struct patched_seg){0};
}

static void patch_segments(struct patched_elf *out, const struct code *c,
                           struct patch_stats *stats)
{
    uint64_t tramp_vaddr = c->elf.span.hi;

    out->segs = xcalloc(c->elf.nr_phdrs, sizeof(*out->segs));
    for (uint32_t i = 0; i < c->elf.nr_phdrs; i++) {
        struct patcher p = {.code = c,
                            .ph = &c->elf.phdrs[i],
                            .seg = &out->segs[out->nr_segs],
                            .stats = stats};

        if (!elf_view_is_text(p.ph))
            continue;
        if (patch_segment(&p, &tramp_vaddr))
            out->nr_segs++;
        else
            free_seg(p.seg);
    }
    out->span_bytes = tramp_vaddr - c->elf.span.lo;
}

/* What nobody looked at closely cannot be patched. */
static void count_uncertain(const struct code *c, struct patch_stats *stats)
{
    for (size_t i = 0; i < c->nr_regions; i++) {
        const struct code_region *r = &c->regions[i];

        for (uint64_t at = 0; at + 1 < r->len_bytes; at++) {
            if (r->bytes[at] != syscall_bytes[0] ||
                r->bytes[at + 1] != syscall_bytes[1] ||
                (r->flags[at] & CODE_SIZED))
                continue;
            stats->sites++;
            stats->by_verdict[PATCH_UNCERTAIN]++;
        }
    }
}

static bool has_pairs(const struct code *c)
{
    for (size_t i = 0; i < c->nr_regions; i++)
        if (memmem(c->regions[i].bytes, c->regions[i].len_bytes, syscall_bytes,
                   2))
            return true;
    return false;
}

uint32_t patch_elf(struct patched_elf *out, const uint8_t *bytes,
                   uint64_t len_bytes, struct patch_stats *stats)
{
    struct code c;

    *out = (struct patched_elf){.len_bytes = len_bytes};
    if (code_open(&c, bytes, len_bytes) && has_pairs(&c)) {
        code_find_starts(&c);
        if (code_may_have_syscalls(&c)) {
            code_find_pointers(&c);
            code_decode(&c);
            patch_segments(out, &c, stats);
        } else {
            count_uncertain(&c, stats);
        }
    }
    code_close(&c);
    return out->nr_segs;
}

void patch_free(struct patched_elf *out)
{
    for (uint32_t i = 0; i < out->nr_segs; i++)
        free_seg(&out->segs[i]);
    free(out->segs);
    *out = (struct patched_elf){0};
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A platform whose memory is a table of pages: what is mapped where, with
 * which protection, and one word of content that tests can set.
 */
#ifndef EINKORN_TESTS_UNIT_FAKE_MEMORY_H
#define EINKORN_TESTS_UNIT_FAKE_MEMORY_H

#include "tests/unit/fake_kernel.h"

#include <errno.h>
#include <stdbool.h>

#include "abi/layout.h"
#include "kernel/core/uaccess.h"
#include "kernel/mm/sidecar.h"

enum { FAKE_PAGES = 1 << 16, FAKE_PAGE = 4096 };
enum fake_kind { FAKE_NONE, FAKE_ANON, FAKE_IMAGE, FAKE_SIDECAR, FAKE_SHM };

struct fake_page {
    uint64_t addr;
    enum fake_kind kind;
    uint32_t prot;
    uint64_t off;     /* in image, sidecar or shareable object */
    uint32_t content; /* 0 when fresh */
};

static struct fake_page fake_pages[FAKE_PAGES];
static unsigned fake_calls;

static struct fake_page *fake_slot(uint64_t addr)
{
    uint64_t i = addr / FAKE_PAGE * UINT64_C(0x9e3779b97f4a7c15) >> 48;

    while (fake_pages[i].addr && fake_pages[i].addr != addr)
        i = (i + 1) % FAKE_PAGES;
    fake_pages[i].addr = addr;
    return &fake_pages[i];
}

static struct fake_page *fake_at(uint64_t addr)
{
    return fake_slot(addr / FAKE_PAGE * FAKE_PAGE);
}

static void fake_check(uint64_t addr, uint64_t len)
{
    fake_calls++;
    assert_true(len > 0 && len % FAKE_PAGE == 0 && addr % FAKE_PAGE == 0);
    assert_true(addr >= ABI_USER_MIN && addr + len <= ABI_USER_TOP);
}

static int64_t fake_set(uint64_t addr, uint64_t len, enum fake_kind kind,
                        uint32_t prot, uint64_t off)
{
    fake_check(addr, len);
    for (uint64_t i = 0; i < len; i += FAKE_PAGE)
        *fake_slot(addr + i) =
            (struct fake_page){addr + i, kind, prot, off + i, 0};
    return 0;
}

static int64_t fake_commit(uint64_t addr, uint64_t len, uint32_t prot)
{
    return fake_set(addr, len, FAKE_ANON, prot, 0);
}

static int64_t fake_map(uint64_t addr, uint64_t len, uint32_t prot,
                        uint32_t source, uint64_t offset)
{
    return fake_set(addr, len,
                    source == ABI_SOURCE_IMAGE ? FAKE_IMAGE : FAKE_SIDECAR,
                    prot, offset);
}

static int64_t fake_shm_map(uint64_t addr, uint64_t len, uint32_t prot,
                            uint64_t offset, uint32_t is_private)
{
    (void)is_private;
    return fake_set(addr, len, FAKE_SHM, prot, offset);
}

static int64_t fake_release(uint64_t addr, uint64_t len)
{
    fake_check(addr, len);
    for (int i = 0; i < FAKE_PAGES; i++)
        if (fake_pages[i].addr >= addr && fake_pages[i].addr < addr + len)
            fake_pages[i].kind = FAKE_NONE;
    return 0;
}

static int64_t fake_protect(uint64_t addr, uint64_t len, uint32_t prot)
{
    fake_check(addr, len);
    for (uint64_t i = 0; i < len; i += FAKE_PAGE) {
        struct fake_page *p = fake_slot(addr + i);

        assert_int_not_equal(p->kind, FAKE_NONE);
        p->prot = prot;
    }
    return 0;
}

static int64_t fake_discard(uint64_t addr, uint64_t len)
{
    fake_check(addr, len);
    for (uint64_t i = 0; i < len; i += FAKE_PAGE)
        fake_slot(addr + i)->content = 0;
    return 0;
}

static int64_t fake_move(uint64_t from, uint64_t from_len, uint64_t to,
                         uint64_t to_len)
{
    struct fake_page last = *fake_slot(from + from_len - FAKE_PAGE);

    fake_check(from, from_len);
    fake_check(to, to_len);
    assert_true(to_len >= from_len);
    assert_true(to + to_len <= from || from + from_len <= to);
    for (uint64_t i = 0; i < to_len; i += FAKE_PAGE) {
        struct fake_page page = last;

        if (i < from_len) {
            page = *fake_slot(from + i);
            assert_int_not_equal(page.kind, FAKE_NONE);
            fake_slot(from + i)->kind = FAKE_NONE;
        } else {
            page.content = 0;
        }
        page.addr = to + i;
        *fake_slot(to + i) = page;
    }
    return 0;
}

static int64_t fake_punch(uint64_t offset, uint64_t len)
{
    (void)offset;
    (void)len;
    return 0;
}

int copy_from_user(void *dst, uptr_t src, size_t len_bytes)
{
    (void)dst;
    (void)src;
    (void)len_bytes;
    return -EFAULT;
}

int copy_to_user(uptr_t dst, const void *src, size_t len_bytes)
{
    (void)dst;
    (void)src;
    (void)len_bytes;
    return 0;
}

size_t strlcpy(char *restrict dst, const char *restrict src, size_t size_bytes);

size_t strlcpy(char *restrict dst, const char *restrict src, size_t size_bytes)
{
    return (size_t)snprintf(dst, size_bytes, "%s", src);
}

void sidecar_cpuid_init(void)
{
}

/* Forgets all and counts from 0. */
static void fake_memory_init(void)
{
    memset(fake_pages, 0, sizeof(fake_pages));
    fake_calls = 0;
    fake_boot.mem_limit_bytes = UINT64_C(1) << 24;
    fake_boot.shm = (struct abi_range){UINT64_C(1) << 44, UINT64_C(1) << 30};
    platform.ops.mem_commit = fake_commit;
    platform.ops.mem_map = fake_map;
    platform.ops.shm_map = fake_shm_map;
    platform.ops.mem_release = fake_release;
    platform.ops.mem_protect = fake_protect;
    platform.ops.mem_discard = fake_discard;
    platform.ops.mem_move = fake_move;
    platform.ops.shm_punch = fake_punch;
}

#endif

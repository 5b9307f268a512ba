/* sources: kernel/mm/vma.c kernel/mm/space.c kernel/mm/policy.c */
/* sources: kernel/mm/map.c kernel/mm/protect.c kernel/mm/info.c */
/* sources: kernel/mm/backing.c kernel/mm/shm.c kernel/mm/sidecar.c */
/* sources: kernel/mm/trampoline.c kernel/mm/shm_loan.c lib/rbtree.c */
/* SPDX-License-Identifier: BSD-2-Clause */
/* Patched text appears only whole and with its trampolines; a damaged sidecar
 * never makes the kernel read or map outside of it. */
#include "tests/unit/fake_memory.h"

#include <sys/mman.h>

#include "abi/sidecar.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/sidecar.h"
#include "kernel/mm/vma.h"

enum {
    PAGE = FAKE_PAGE,
    RX = PROT_READ | PROT_EXEC,
    IMAGE_OFF = 100 * PAGE, /* of the file in the image */
    FILE_PAGES = 10,        /* header, 4 of text, data */
    TEXT_PAGE = 1,
    TEXT_PAGES = 4,
    TRAMP_PAGES = 2,
    SPAN_PAGES = 14, /* with 2 pages of bss and the trampolines */
    TEXT_OFF = PAGE,
    TRAMP_OFF = TEXT_OFF + TEXT_PAGES * PAGE,
    SIDECAR_BYTES = TRAMP_OFF + TRAMP_PAGES * PAGE,
};

static const uint64_t base = 0x10000000;

static struct tables {
    struct sidecar_header h;
    struct sidecar_file file;
    struct sidecar_seg seg;
    struct sidecar_map maps[3];
    uint8_t rest[SIDECAR_BYTES];
} side __attribute__((aligned(8)));

static int image_map(struct backing *b, uint64_t off, uint64_t addr, size_t len,
                     int prot, bool shared)
{
    (void)b;
    (void)shared;
    if (prot & PROT_EXEC)
        return sidecar_map_exec(IMAGE_OFF, off, addr, len, prot);
    return (int)fake_map(addr, len, (uint32_t)prot, ABI_SOURCE_IMAGE,
                         IMAGE_OFF + off);
}

static size_t image_tail(struct backing *b, uint64_t off, size_t len)
{
    (void)b;
    return sidecar_tail(IMAGE_OFF, off, len);
}

static uint64_t image_size(struct backing *b)
{
    (void)b;
    return FILE_PAGES * PAGE;
}

static const struct backing_ops image_ops = {
    .map = image_map, .tail = image_tail, .size = image_size};
static struct backing image = {.ops = &image_ops, .refs = 1, .sealed = true};

static int setup(void **state)
{
    (void)state;
    fake_memory_init();
    mm_set_map_top(ABI_USER_TOP);
    mm_set_limits(UINT64_MAX, UINT64_MAX, 8 << 20);
    memset(&side, 0, sizeof(side));
    side.h = (struct sidecar_header){
        .magic = SIDECAR_MAGIC,
        .version = SIDECAR_VERSION,
        .nr_files = 1,
        .len_bytes = SIDECAR_BYTES,
        .files_off = offsetof(struct tables, file),
        .segs_off = offsetof(struct tables, seg),
        .sites_off = offsetof(struct tables, maps),
        .maps_off = offsetof(struct tables, maps),
        .nr_segs = 1,
        .nr_maps = 3,
    };
    side.file = (struct sidecar_file){.image_off = IMAGE_OFF,
                                      .len_bytes = FILE_PAGES * PAGE,
                                      .span_bytes = SPAN_PAGES * PAGE,
                                      .nr_segs = 1};
    side.seg = (struct sidecar_seg){
        .file_off = TEXT_PAGE * PAGE,
        .len_bytes = TEXT_PAGES * PAGE,
        .text_off = TEXT_OFF,
        .tramp_off = TRAMP_OFF,
        .tramp_len_bytes = TRAMP_PAGES * PAGE,
        .tramp_delta = (SPAN_PAGES - TRAMP_PAGES - TEXT_PAGE) * PAGE,
        .nr_maps = 3};
    side.maps[0] = (struct sidecar_map){0, 16};
    side.maps[1] = (struct sidecar_map){32, 500};
    side.maps[2] = (struct sidecar_map){64, 900};
    fake_boot.flags = 0;
    fake_boot.sidecar =
        (struct abi_range){(uint64_t)(uintptr_t)&side, SIDECAR_BYTES};
    sidecar_init();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    mm_reset();
    for (int i = 0; i < FAKE_PAGES; i++)
        assert_int_equal(fake_pages[i].kind, FAKE_NONE);
    return 0;
}

/* As a loader does it: all first, then the text over it. Returns its base. */
static uint64_t load(void)
{
    int64_t at = mm_map(base, (SPAN_PAGES - TRAMP_PAGES) * PAGE, PROT_READ,
                        MAP_PRIVATE, &image, 0);

    assert_int_equal(at, base);
    at = mm_map(base + PAGE, TEXT_PAGES * PAGE, RX, MAP_PRIVATE | MAP_FIXED,
                &image, TEXT_PAGE * PAGE);
    assert_int_equal(at, base + PAGE);
    return base;
}

static const uint64_t tramp = base + (SPAN_PAGES - TRAMP_PAGES) * PAGE;

static void check_patched(void)
{
    for (int i = 0; i < TEXT_PAGES; i++) {
        assert_int_equal(fake_at(base + PAGE + i * PAGE)->kind, FAKE_SIDECAR);
        assert_int_equal(fake_at(base + PAGE + i * PAGE)->off,
                         TEXT_OFF + i * PAGE);
    }
    assert_int_equal(fake_at(tramp)->kind, FAKE_SIDECAR);
    assert_int_equal(fake_at(tramp)->prot, RX);
    assert_int_equal(fake_at(tramp + PAGE)->off, TRAMP_OFF + PAGE);
}

static void check_original(void)
{
    for (int i = 0; i < TEXT_PAGES; i++) {
        assert_int_equal(fake_at(base + PAGE + i * PAGE)->kind, FAKE_IMAGE);
        assert_int_equal(fake_at(base + PAGE + i * PAGE)->off,
                         IMAGE_OFF + PAGE + i * PAGE);
    }
}

static void test_sidecar_loader_gets_patched_text(void **state)
{
    (void)state;
    load();
    check_patched();
    assert_int_equal(fake_at(base)->kind, FAKE_IMAGE);
    /* nobody else gets the trampolines' addresses, and unloading frees them */
    assert_int_not_equal(mm_map(tramp, PAGE, RX & PROT_READ,
                                MAP_PRIVATE | MAP_ANONYMOUS, NULL, 0),
                         tramp);
    assert_int_equal(mm_unmap(base, (SPAN_PAGES - TRAMP_PAGES) * PAGE), 0);
    assert_int_equal(fake_at(tramp)->kind, FAKE_NONE);
    assert_null(vma_overlap(base, tramp + 2 * PAGE));
}

static void test_sidecar_whole_file_executable(void **state)
{
    (void)state;
    assert_int_equal(
        mm_map(base, FILE_PAGES * PAGE, RX, MAP_PRIVATE, &image, 0), base);
    check_patched();
    assert_int_equal(fake_at(base)->kind, FAKE_IMAGE);
    assert_int_equal(fake_at(base + 5 * PAGE)->off, IMAGE_OFF + 5 * PAGE);
}

static void test_sidecar_becomes_executable_later(void **state)
{
    (void)state;
    mm_map(base, FILE_PAGES * PAGE, PROT_READ, MAP_PRIVATE, &image, 0);
    check_original();
    assert_int_equal(mm_protect(base + PAGE, TEXT_PAGES * PAGE, RX), 0);
    check_patched();
}

static void test_sidecar_part_of_text_stays_original(void **state)
{
    (void)state;
    mm_map(base + PAGE, (TEXT_PAGES - 1) * PAGE, RX, MAP_PRIVATE | MAP_FIXED,
           &image, TEXT_PAGE * PAGE);
    assert_int_equal(fake_at(base + PAGE)->kind, FAKE_IMAGE);
    assert_int_equal(fake_at(tramp)->kind, FAKE_NONE);
}

static void test_sidecar_no_room_for_trampolines(void **state)
{
    (void)state;
    mm_map(tramp + PAGE, PAGE, PROT_READ,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, NULL, 0);
    mm_map(base + PAGE, TEXT_PAGES * PAGE, RX, MAP_PRIVATE | MAP_FIXED, &image,
           TEXT_PAGE * PAGE);
    check_original();
    assert_int_equal(fake_at(tramp + PAGE)->kind, FAKE_ANON);
}

static void test_sidecar_program_takes_trampolines(void **state)
{
    (void)state;
    load();
    mm_map(tramp + PAGE, PAGE, PROT_READ,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, NULL, 0);
    check_original();
}

static void test_sidecar_writable_text_is_original(void **state)
{
    (void)state;
    fake_boot.flags = ABI_BOOT_JIT;
    mm_map(base + PAGE, TEXT_PAGES * PAGE, RX | PROT_WRITE,
           MAP_PRIVATE | MAP_FIXED, &image, TEXT_PAGE * PAGE);
    check_original();
}

static void test_sidecar_canonical_pc(void **state)
{
    uint64_t text = base + PAGE;

    (void)state;
    load();
    assert_int_equal(mm_canonical_pc(tramp + 3), text + 16);
    assert_int_equal(mm_canonical_pc(tramp + 32), text + 500);
    assert_int_equal(mm_canonical_pc(tramp + 63), text + 500);
    assert_int_equal(mm_canonical_pc(tramp + PAGE), text + 900);
    assert_int_equal(mm_canonical_pc(text + 7), text + 7);
    assert_int_equal(mm_canonical_pc(5), 5);
}

/* ---- hostile input ----------------------------------------------------------
 */

/* Loads and unloads; whatever was done to the tables, what is mapped lies in
 * the sidecar, and text is either all patched or all original. */
static void try_tables(void)
{
    bool patched;

    sidecar_init();
    if (mm_map(base, 8 * PAGE, RX, MAP_PRIVATE | MAP_FIXED, &image, 0) < 0)
        return;
    patched = fake_at(base + PAGE)->kind == FAKE_SIDECAR;
    for (int i = 0; i < FAKE_PAGES; i++)
        if (fake_pages[i].kind == FAKE_SIDECAR)
            assert_true(fake_pages[i].off <= SIDECAR_BYTES - PAGE);
    for (uint64_t a = 0; a < SPAN_PAGES; a++)
        mm_canonical_pc(base + a * PAGE + 33);
    if (!patched)
        check_original();
    mm_unmap(base, 64 * PAGE);
    mm_reset();
}

static void test_sidecar_damaged_fields(void **state)
{
    static const uint64_t values[] = {0,
                                      1,
                                      7,
                                      PAGE - 1,
                                      PAGE,
                                      PAGE + 1,
                                      INT32_MAX,
                                      UINT32_MAX,
                                      INT64_MAX,
                                      UINT64_MAX,
                                      -(uint64_t)PAGE,
                                      SIDECAR_BYTES,
                                      SIDECAR_BYTES + PAGE};
    size_t fields = offsetof(struct tables, rest) / sizeof(uint32_t);
    struct tables good = side;

    (void)state;
    for (size_t f = 0; f < fields; f++)
        for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
            side = good;
            memcpy((char *)&side + f * 4, &values[v],
                   f + 1 < fields && f % 2 == 0 ? 8 : 4);
            try_tables();
        }
}

static void test_sidecar_cut_short(void **state)
{
    (void)state;
    for (uint64_t len = 0; len < 512; len += 4) {
        fake_boot.sidecar.len_bytes = len;
        sidecar_init();
        assert_int_equal(sidecar_tail(IMAGE_OFF, 0, 12 * PAGE), 0);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_sidecar_loader_gets_patched_text),
        TEST(test_sidecar_whole_file_executable),
        TEST(test_sidecar_becomes_executable_later),
        TEST(test_sidecar_part_of_text_stays_original),
        TEST(test_sidecar_no_room_for_trampolines),
        TEST(test_sidecar_program_takes_trampolines),
        TEST(test_sidecar_writable_text_is_original),
        TEST(test_sidecar_canonical_pc),
        TEST(test_sidecar_damaged_fields),
        TEST(test_sidecar_cut_short),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* sources: kernel/mm/vma.c kernel/mm/space.c kernel/mm/policy.c */
/* sources: kernel/mm/map.c kernel/mm/protect.c kernel/mm/remap.c */
/* sources: kernel/mm/advise.c kernel/mm/brk.c kernel/mm/fault.c */
/* sources: kernel/mm/info.c kernel/mm/backing.c kernel/mm/shm.c */
/* sources: kernel/mm/sidecar.c kernel/mm/trampoline.c lib/rbtree.c */
/* sources: kernel/mm/shm_loan.c */
/* SPDX-License-Identifier: BSD-2-Clause */
/* The address space against a model of one entry for each page, and the rules
 * that a random walk would not find. */
#include "tests/unit/fake_memory.h"

#include <signal.h>
#include <sys/mman.h>

#include "kernel/mm/mm.h"
#include "kernel/mm/vma.h"

enum {
    PAGE = FAKE_PAGE,
    WINDOW = 48, /* pages that the random walk works on */
    RW = PROT_READ | PROT_WRITE,
    RX = PROT_READ | PROT_EXEC,
    ANON = MAP_PRIVATE | MAP_ANONYMOUS,
};

static const uint64_t base = 0x10000000;

/* A page is touched as its protection allows. */
static int touch(uptr_t addr, uint32_t need)
{
    const struct fake_page *p = fake_at(addr);

    return p->kind != FAKE_NONE && (p->prot & need) ? 0 : -EFAULT;
}

int get_user_u32(uptr_t addr, uint32_t *value)
{
    *value = fake_at(addr)->content;
    return touch(addr, PROT_READ);
}

int cmpxchg_user_u32(uptr_t addr, uint32_t *old, uint32_t new_value)
{
    (void)old;
    (void)new_value;
    return touch(addr, PROT_WRITE);
}

static int setup(void **state)
{
    (void)state;
    fake_memory_init();
    fake_boot.flags = ABI_BOOT_JIT;
    mm_set_limits(UINT64_MAX, UINT64_MAX, 8 << 20);
    mm_set_map_top(ABI_USER_TOP);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    mm_reset();
    for (int i = 0; i < FAKE_PAGES; i++)
        assert_int_equal(fake_pages[i].kind, FAKE_NONE);
    assert_int_equal(vma_total_bytes(), 0);
    return 0;
}

/* ---- random walk --------------------------------------------------------- */

struct model_page {
    bool mapped;
    int prot;
    uint32_t content;
};

static struct model_page model[WINDOW];
static uint32_t next_content;

static void check_page(int i)
{
    uint64_t addr = base + (uint64_t)i * PAGE;
    const struct model_page *m = &model[i];
    struct fake_page *p = fake_at(addr);
    struct vma *v = vma_find(addr);

    if (!m->mapped) {
        assert_true(!v || v->start > addr);
        assert_int_equal(p->kind, FAKE_NONE);
        return;
    }
    assert_true(v && v->start <= addr);
    assert_int_equal(v->prot, m->prot);
    if (m->prot == PROT_NONE)
        return;
    assert_int_not_equal(p->kind, FAKE_NONE);
    assert_int_equal(p->prot, m->prot);
    assert_int_equal(p->content, m->content);
}

/* The sums are those of all pages. */
static void check_usage(void)
{
    struct mm_usage is, want = {0};

    for (int i = 0; i < WINDOW; i++) {
        want.virtual_bytes += model[i].mapped ? PAGE : 0;
        want.data_bytes += model[i].prot & PROT_WRITE ? PAGE : 0;
    }
    mm_usage(&is);
    assert_int_equal(is.virtual_bytes, want.virtual_bytes);
    assert_int_equal(is.data_bytes, want.data_bytes);
    assert_int_equal(is.committed_bytes, want.data_bytes);
    assert_int_equal(is.stack_bytes, 0);
}

/* Neighbours that could be one are one; gaps and sums are right. */
static void check_book(void)
{
    check_usage();
    for (struct vma *v = vma_find(0), *n; v; v = n) {
        n = vma_next(v);
        assert_true(v->start < v->end && v->filled >= v->start &&
                    v->filled <= v->end);
        if (n)
            assert_true(n->start >= v->end && n->gap == n->start - v->end);
    }
    for (int i = 0; i < WINDOW; i++)
        check_page(i);
}

static int random_prot(void)
{
    static const int prots[] = {PROT_NONE, PROT_READ, RW, RW};

    return prots[rand() % 4];
}

static void walk_map(int at, int nr)
{
    int prot = random_prot();
    int64_t ret = mm_map(base + (uint64_t)at * PAGE, (size_t)nr * PAGE, prot,
                         ANON | MAP_FIXED, NULL, 0);

    assert_int_equal(ret, base + (uint64_t)at * PAGE);
    for (int i = at; i < at + nr; i++)
        model[i] = (struct model_page){true, prot, 0};
}

static void walk_unmap(int at, int nr)
{
    assert_int_equal(mm_unmap(base + (uint64_t)at * PAGE, (size_t)nr * PAGE),
                     0);
    for (int i = at; i < at + nr; i++)
        model[i] = (struct model_page){0};
}

static void walk_protect(int at, int nr)
{
    int prot = random_prot(), i;
    int64_t ret =
        mm_protect(base + (uint64_t)at * PAGE, (size_t)nr * PAGE, prot);

    for (i = at; i < at + nr && model[i].mapped; i++)
        model[i].prot = prot;
    assert_int_equal(ret, i < at + nr ? -ENOMEM : 0);
}

static void walk_write(int at, int nr)
{
    for (int i = at; i < at + nr; i++)
        if (model[i].mapped && (model[i].prot & PROT_WRITE))
            model[i].content = fake_at(base + (uint64_t)i * PAGE)->content =
                ++next_content;
}

static void walk_discard(int at, int nr)
{
    mm_advise(base + (uint64_t)at * PAGE, (size_t)nr * PAGE, MADV_DONTNEED);
    for (int i = at; i < at + nr; i++)
        model[i].content = 0;
}

/* A fixed move, to where there may be something. */
static void walk_move(int at, int nr)
{
    int to = rand() % (WINDOW - nr);
    int64_t ret = mm_remap(base + (uint64_t)at * PAGE, (size_t)nr * PAGE,
                           (size_t)nr * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
                           base + (uint64_t)to * PAGE);

    if (to < at + nr && at < to + nr)
        assert_int_equal(ret, -EINVAL);
    if (ret < 0)
        return;
    memcpy(&model[to], &model[at], (size_t)nr * sizeof(model[0]));
    memset(&model[at], 0, (size_t)nr * sizeof(model[0]));
}

static void test_mm_random_walk(void **state)
{
    static void (*const steps[])(int, int) = {
        walk_map,   walk_unmap,   walk_protect, walk_protect,
        walk_write, walk_discard, walk_move,    walk_write};

    (void)state;
    memset(model, 0, sizeof(model));
    for (int i = 0; i < 6000; i++) {
        int nr = 1 + rand() % 8, at = rand() % (WINDOW - nr);

        steps[rand() % 8](at, nr);
        check_book();
    }
}

/* ---- rules ----------------------------------------------------------------
 */

static void test_mm_reservations_cost_nothing(void **state)
{
    size_t huge = (size_t)8 << 40;
    int64_t at = mm_map(0, huge, PROT_NONE, ANON, NULL, 0);

    (void)state;
    assert_true(at > 0);
    assert_int_equal(fake_calls, 0);
    assert_int_equal(mm_protect((uint64_t)at + 16 * PAGE, PAGE, RW), 0);
    assert_int_equal(fake_calls, 1);
    assert_int_equal(fake_at((uint64_t)at + 16 * PAGE)->prot, RW);
    assert_int_equal(fake_at((uint64_t)at + 17 * PAGE)->kind, FAKE_NONE);
}

static void test_mm_refuses_what_can_never_be_met(void **state)
{
    (void)state;
    assert_int_equal(mm_map(0, (size_t)2 << 24, RW, ANON, NULL, 0), -ENOMEM);
    assert_true(mm_map(0, (size_t)2 << 24, RW, ANON | MAP_NORESERVE, NULL, 0) >
                0);
    assert_int_equal(mm_map(0, SIZE_MAX, RW, ANON, NULL, 0), -ENOMEM);
    assert_int_equal(mm_map(0, 0, RW, ANON, NULL, 0), -EINVAL);
    assert_int_equal(mm_map(5, PAGE, RW, ANON | MAP_FIXED, NULL, 0), -EINVAL);
    assert_int_equal(mm_map(0, PAGE, RW, ANON | MAP_FIXED, NULL, 0), -EPERM);
    assert_int_equal(mm_map(ABI_USER_TOP, PAGE, RW, ANON | MAP_FIXED, NULL, 0),
                     -ENOMEM);
}

static void test_mm_places(void **state)
{
    int64_t a = mm_map(0, PAGE, RW, ANON, NULL, 0);
    int64_t b = mm_map(0, PAGE, RW, ANON, NULL, 0);
    int64_t low = mm_map(0, PAGE, RW, ANON | MAP_32BIT, NULL, 0);

    (void)state;
    assert_int_equal(b, a - PAGE); /* downwards */
    assert_true(low > 0 && low < INT64_C(1) << 31);
    assert_int_equal(mm_map(base + 5, PAGE, RW, ANON, NULL, 0), base);
    assert_int_not_equal(mm_map(base, PAGE, RW, ANON, NULL, 0), base);
    assert_int_equal(
        mm_map(base, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, NULL, 0), -EEXIST);
}

static void test_mm_limit_of_address_space(void **state)
{
    (void)state;
    mm_set_limits(10 * PAGE, UINT64_MAX, 0);
    assert_true(mm_map(0, 8 * PAGE, RW, ANON, NULL, 0) > 0);
    assert_int_equal(mm_map(0, 3 * PAGE, RW, ANON, NULL, 0), -ENOMEM);
    assert_true(mm_map(0, 2 * PAGE, RW, ANON, NULL, 0) > 0);
}

static void test_mm_brk_grows_and_shrinks(void **state)
{
    uint64_t heap = base + 100 * PAGE;

    (void)state;
    mm_set_brk(heap);
    assert_int_equal(mm_brk(0), heap);
    assert_int_equal(mm_brk(heap + 100), heap + 100);
    assert_int_equal(mm_brk(heap + 5 * PAGE), heap + 5 * PAGE);
    assert_int_equal(fake_at(heap + 4 * PAGE)->prot, RW);
    assert_int_equal(mm_brk(heap + PAGE), heap + PAGE);
    assert_int_equal(fake_at(heap + PAGE)->kind, FAKE_NONE);
    assert_int_equal(mm_map(heap + 3 * PAGE, PAGE, RW, ANON, NULL, 0),
                     heap + 3 * PAGE);
    assert_int_equal(mm_brk(heap + 8 * PAGE), heap + PAGE);
}

static void test_mm_remap_grows_in_place_or_moves(void **state)
{
    int64_t a = mm_map(base, 2 * PAGE, RW, ANON, NULL, 0), b;

    (void)state;
    fake_at((uint64_t)a)->content = 7;
    assert_int_equal(mm_remap((uint64_t)a, 2 * PAGE, 4 * PAGE, 0, 0), a);
    assert_int_equal(fake_at((uint64_t)a + 3 * PAGE)->prot, RW);
    mm_map(base + 4 * PAGE, PAGE, PROT_READ, ANON | MAP_FIXED, NULL, 0);
    assert_int_equal(mm_remap((uint64_t)a, 4 * PAGE, 5 * PAGE, 0, 0), -ENOMEM);
    b = mm_remap((uint64_t)a, 4 * PAGE, 6 * PAGE, MREMAP_MAYMOVE, 0);
    assert_true(b > 0 && b != a);
    assert_int_equal(fake_at((uint64_t)b)->content, 7);
    assert_int_equal(fake_at((uint64_t)b + 5 * PAGE)->prot, RW);
    assert_int_equal(fake_at((uint64_t)a)->kind, FAKE_NONE);
    assert_int_equal(mm_remap((uint64_t)a, PAGE, PAGE, 0, 0), -EFAULT);
    assert_int_equal(mm_remap((uint64_t)b, 6 * PAGE, PAGE, 0, 0), b);
    assert_int_equal(fake_at((uint64_t)b + PAGE)->kind, FAKE_NONE);
}

static void test_mm_faults(void **state)
{
    uint64_t stack = base + 1000 * PAGE;
    int code;

    (void)state;
    mm_map(base, PAGE, PROT_READ, ANON, NULL, 0);
    mm_map(stack, PAGE, RW, ANON | MAP_FIXED | MAP_GROWSDOWN, NULL, 0);
    assert_int_equal(mm_fault(0x14, 4, &code), SIGSEGV);
    assert_int_equal(code, SEGV_MAPERR);
    assert_int_equal(mm_fault(base + 5, 6, &code), SIGSEGV);
    assert_int_equal(code, SEGV_ACCERR);
    assert_int_equal(mm_fault(stack - 3 * PAGE, 6, &code), 0);
    assert_int_equal(fake_at(stack - PAGE)->prot, RW);
    assert_int_equal(vma_find(stack)->start, stack - 3 * PAGE);
    assert_int_equal(mm_fault(base + 2 * PAGE, 6, &code), SIGSEGV);
    mm_set_limits(UINT64_MAX, UINT64_MAX, 8 * PAGE);
    assert_int_equal(mm_fault(stack - 9 * PAGE, 6, &code), SIGSEGV);
}

/* ---- a file of the image ----------------------------------------------------
 */

static uint64_t file_bytes;
static int released;

static int file_map(struct backing *b, uint64_t off, uint64_t addr, size_t len,
                    int prot, bool shared)
{
    (void)b;
    (void)shared;
    assert_true(off + len <= (file_bytes + PAGE - 1) / PAGE * PAGE);
    return (int)fake_map(addr, len, (uint32_t)prot, ABI_SOURCE_IMAGE, off);
}

static void file_release(struct backing *b)
{
    (void)b;
    released++;
}

static uint64_t file_size(struct backing *b)
{
    (void)b;
    return file_bytes;
}

static const struct backing_ops file_ops = {
    .map = file_map, .release = file_release, .size = file_size};

static void test_mm_file_beyond_its_end(void **state)
{
    static struct backing file = {.ops = &file_ops, .refs = 1, .sealed = true};
    int code;

    (void)state;
    released = 0;
    file_bytes = PAGE + 100;
    mm_map(base, 4 * PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, &file, 0);
    assert_int_equal(fake_at(base + PAGE)->off, PAGE);
    assert_int_equal(fake_at(base + 2 * PAGE)->kind, FAKE_NONE);
    assert_int_equal(mm_fault(base + 2 * PAGE, 4, &code), SIGBUS);
    assert_int_equal(code, BUS_ADRERR);
    file_bytes = 3 * PAGE;
    assert_int_equal(mm_fault(base + 2 * PAGE, 4, &code), 0);
    assert_int_equal(fake_at(base + 2 * PAGE)->kind, FAKE_IMAGE);
    assert_int_equal(mm_fault(base + 3 * PAGE, 4, &code), SIGBUS);
    file_bytes = PAGE;
    mm_truncated(&file);
    assert_int_equal(fake_at(base + PAGE)->kind, FAKE_NONE);
    assert_int_equal(mm_fault(base + PAGE, 4, &code), SIGBUS);
    backing_put(&file);
    assert_int_equal(released, 0);
    mm_unmap(base, 4 * PAGE);
    assert_int_equal(released, 1);
}

static void test_mm_sealed_memory(void **state)
{
    static struct backing file = {.ops = &file_ops, .refs = 1, .sealed = true};

    (void)state;
    fake_boot.flags = 0;
    file_bytes = 8 * PAGE;
    assert_int_equal(mm_map(base, PAGE, RX, ANON, NULL, 0), -EACCES);
    assert_int_equal(mm_map(base, PAGE, RW | PROT_EXEC, MAP_PRIVATE, &file, 0),
                     -EACCES);
    assert_int_equal(mm_map(base, PAGE, RX, MAP_PRIVATE, &file, 0), base);
    assert_int_equal(mm_protect(base, PAGE, RW), 0);
    assert_int_equal(mm_protect(base, PAGE, RX), -EACCES);
    mm_map(base, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, &file, 0);
    assert_int_equal(mm_protect(base, PAGE, RX), 0);
    mm_map(base, PAGE, RW, ANON | MAP_FIXED, NULL, 0);
    assert_int_equal(mm_protect(base, PAGE, RX), -EACCES);
}

/* What the platform was told of a mapping of the sealed file, or of one that
 * can be written to. */
static uint32_t told(size_t nr_pages, int prot, int flags, bool sealed)
{
    static struct backing file = {.ops = &file_ops, .refs = 1};

    file.sealed = sealed;
    file_bytes = 1 << 20;
    mm_map(base, nr_pages * PAGE, prot, flags | MAP_FIXED, &file, 0);
    return fake_at(base)->prot;
}

static void test_mm_what_loaders_relocate(void **state)
{
    int loader = MAP_PRIVATE | MAP_DENYWRITE;

    (void)state;
    assert_int_equal(told(10, RW, loader, true), RW | ABI_MAP_SOON);
    assert_int_equal(told(10, PROT_READ, loader, true), PROT_READ);
    assert_int_equal(told(10, RW | PROT_EXEC, loader, true), RW | PROT_EXEC);
    assert_int_equal(told(10, RW, MAP_PRIVATE, true), RW);
    assert_int_equal(told(10, RW, loader, false), RW);
    assert_int_equal(told(200, RW, loader, true), RW);
    /* Only once. */
    assert_int_equal(told(10, RW, loader, true), RW | ABI_MAP_SOON);
    mm_protect(base, PAGE, PROT_READ);
    mm_protect(base, PAGE, RW);
    assert_int_equal(fake_at(base)->prot, RW);
}

static void test_mm_read_only_sharing_stays_so(void **state)
{
    static struct backing file = {.ops = &file_ops, .refs = 1, .sealed = true};

    (void)state;
    file_bytes = PAGE;
    mm_map(base, PAGE, PROT_READ, MAP_SHARED | MM_DENY_WRITE, &file, 0);
    assert_int_equal(mm_protect(base, PAGE, RW), -EACCES);
}

static void test_mm_shared_anonymous_has_an_object(void **state)
{
    int64_t a = mm_map(0, 2 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, NULL, 0);
    int64_t b = mm_remap((uint64_t)a, 0, 2 * PAGE, MREMAP_MAYMOVE, 0);

    (void)state;
    assert_int_equal(fake_at((uint64_t)a)->kind, FAKE_SHM);
    assert_true(b > 0 && b != a);
    assert_int_equal(fake_at((uint64_t)b)->off, fake_at((uint64_t)a)->off);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_mm_random_walk),
        TEST(test_mm_reservations_cost_nothing),
        TEST(test_mm_refuses_what_can_never_be_met),
        TEST(test_mm_places),
        TEST(test_mm_limit_of_address_space),
        TEST(test_mm_brk_grows_and_shrinks),
        TEST(test_mm_remap_grows_in_place_or_moves),
        TEST(test_mm_faults),
        TEST(test_mm_file_beyond_its_end),
        TEST(test_mm_sealed_memory),
        TEST(test_mm_what_loaders_relocate),
        TEST(test_mm_read_only_sharing_stays_so),
        TEST(test_mm_shared_anonymous_has_an_object),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

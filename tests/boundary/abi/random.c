/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random address-space calls against a model of what each page must hold and
 * allow. "test=random", "seed=N"; the ranges cross table boundaries.
 */
#include "tests/boundary/abi/kernel.h"

#include "lib/string.h"

enum { PAGE = 4096, R = 1, W = 2, NR_PAGES = 1200, NR_OBJECT = 64 };
enum { ROUNDS = 4000, LOOKS = 12, NR_IMAGE = 3 };

enum kind { NONE, ANON, IMAGE, SHARED, PRIVATE };

static struct page {
    uint8_t kind, prot;
    uint8_t source; /* page of the image or of the object */
    uint8_t dirty;  /* its own copy, holding value */
    uint8_t value;
} pages[NR_PAGES], moved[NR_PAGES];
static uint8_t object[NR_OBJECT];
static uint64_t state;

static uint32_t pick(uint32_t below)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33) % below;
}

/* The second 2 MiB boundary lies inside. */
static uint64_t address(uint32_t page)
{
    return UINT64_C(0x40000000) - 300 * PAGE + (uint64_t)page * PAGE;
}

static volatile uint8_t *bytes(uint32_t page)
{
    return (volatile uint8_t *)address(page);
}

static uint8_t wanted(const struct page *p)
{
    if (p->dirty)
        return p->value;
    if (p->kind == IMAGE)
        return (uint8_t)(0x11 * (p->source + 1));
    if (p->kind == SHARED || p->kind == PRIVATE)
        return object[p->source];
    return 0;
}

static void look(uint32_t i)
{
    struct page *p = &pages[i];
    int readable = p->kind != NONE && p->prot != 0;
    int writable = p->kind != NONE && (p->prot & W);

    CHECK((probe_read(address(i)) == 0) == readable);
    if (readable)
        CHECK(*bytes(i) == wanted(p));
    if (pick(2))
        return;
    CHECK((probe_write(address(i)) == 0) == writable);
    if (!writable)
        return;
    if (p->kind == SHARED) {
        object[p->source] = (uint8_t)pick(256);
        *bytes(i) = object[p->source];
    } else {
        p->dirty = 1;
        p->value = (uint8_t)pick(256);
        *bytes(i) = p->value;
    }
}

static void fill(uint32_t first, uint32_t nr, enum kind kind, uint32_t prot,
                 uint32_t source)
{
    for (uint32_t i = 0; i < nr; i++)
        pages[first + i] = (struct page){(uint8_t)kind, (uint8_t)prot,
                                         (uint8_t)(source + i), 0, 0};
}

static int all_mapped(uint32_t first, uint32_t nr)
{
    for (uint32_t i = first; i < first + nr; i++)
        if (pages[i].kind == NONE)
            return 0;
    return 1;
}

static void discard(uint32_t first, uint32_t nr)
{
    if (!all_mapped(first, nr))
        return;
    CHECK(ops->mem_discard(address(first), (uint64_t)nr * PAGE) == 0);
    for (uint32_t i = first; i < first + nr; i++)
        pages[i].dirty = 0;
}

static void protect(uint32_t first, uint32_t nr, uint32_t prot)
{
    if (!all_mapped(first, nr))
        return;
    CHECK(ops->mem_protect(address(first), (uint64_t)nr * PAGE, prot) == 0);
    for (uint32_t i = first; i < first + nr; i++)
        pages[i].prot = (uint8_t)prot;
}

static void move(uint32_t first, uint32_t nr, uint32_t to, uint32_t more)
{
    if ((to < first + nr && first < to + nr + more) ||
        to + nr + more > NR_PAGES || pages[first + nr - 1].kind != ANON ||
        !all_mapped(first, nr))
        return;
    CHECK(ops->mem_move(address(first), (uint64_t)nr * PAGE, address(to),
                        (uint64_t)(nr + more) * PAGE) == 0);
    memcpy(moved, &pages[first], nr * sizeof(moved[0]));
    fill(first, nr, NONE, 0, 0);
    memcpy(&pages[to], moved, nr * sizeof(moved[0]));
    fill(to + nr, more, ANON, moved[nr - 1].prot, 0);
}

static void punch(uint32_t first, uint32_t nr)
{
    CHECK(ops->shm_punch((uint64_t)first * PAGE, (uint64_t)nr * PAGE) == 0);
    memset(object + first, 0, nr);
}

static void step(void)
{
    static const uint8_t prots[] = {0, R, R | W, R | W, R | W};
    uint32_t prot = prots[pick(sizeof(prots))];
    uint32_t nr = 1 + pick(pick(4) ? 40 : 700);
    uint32_t first = pick(NR_PAGES - nr), source;
    uint32_t few = 1 + pick(NR_IMAGE);

    switch (pick(9)) {
    case 0:
        CHECK(ops->mem_release(address(first), (uint64_t)nr * PAGE) == 0);
        fill(first, nr, NONE, 0, 0);
        break;
    case 1:
        CHECK(ops->mem_reserve(address(first), (uint64_t)nr * PAGE) == 0);
        fill(first, nr, NONE, 0, 0);
        break;
    case 2:
    case 3:
        CHECK(ops->mem_commit(address(first), (uint64_t)nr * PAGE, prot) == 0);
        fill(first, nr, ANON, prot, 0);
        break;
    case 4:
        source = pick(NR_IMAGE - few + 1);
        CHECK(ops->mem_map(address(first % 500), (uint64_t)few * PAGE,
                           prot | (pick(2) ? ABI_MAP_SOON : 0),
                           ABI_SOURCE_IMAGE, (source + 1) * PAGE) == 0);
        fill(first % 500, few, IMAGE, prot, source);
        break;
    case 5:
        nr = 1 + pick(NR_OBJECT - 1);
        source = pick(NR_OBJECT - nr);
        first = pick(NR_PAGES - nr);
        few = pick(2);
        CHECK(ops->shm_map(address(first), (uint64_t)nr * PAGE, prot,
                           (uint64_t)source * PAGE, few) == 0);
        fill(first, nr, few ? PRIVATE : SHARED, prot, source);
        break;
    case 6:
        protect(first, nr, prot);
        break;
    case 7:
        pick(2) ? discard(first, nr)
                : punch(first % (NR_OBJECT - 8), 1 + nr % 8);
        break;
    default:
        move(first, nr, pick(NR_PAGES), pick(2) * pick(100));
    }
}

void test_random_memory(void)
{
    volatile uint8_t *window = (volatile uint8_t *)boot->shm.base;

    state = config("seed=") ? str_to_u64(config("seed="), NULL) : 1;
    CHECK(ops->mem_release(address(0), NR_PAGES * (uint64_t)PAGE) == 0);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        step();
        for (uint32_t i = 0; i < LOOKS; i++)
            look(pick(NR_PAGES));
        for (uint32_t i = 0; i < NR_OBJECT; i += 1 + pick(8))
            CHECK(window[(uint64_t)i * PAGE] == object[i]);
    }
}

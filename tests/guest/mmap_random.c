/* SPDX-License-Identifier: BSD-2-Clause */
/* Random mmap, munmap, mprotect, mremap and madvise calls in a window of
 * pages, against a model of one entry for each; contents are compared. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE = 4096, WINDOW = 64, STEPS = 4000, RW = PROT_READ | PROT_WRITE };

static struct {
    int mapped, prot;
    uint32_t content;
} model[WINDOW];

static char *base;
static uint64_t seed = 42;
static uint32_t next_content;
static int step;
static sigjmp_buf back;

static unsigned rnd(unsigned below)
{
    seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (unsigned)(seed >> 33) % below;
}

static void fail(const char *what, int page)
{
    printf("step %d, page %d: %s (errno %d)\n", step, page, what, errno);
    exit(1);
}

static void on_fault(int signo)
{
    (void)signo;
    siglongjmp(back, 1);
}

static int readable(volatile char *p)
{
    if (sigsetjmp(back, 1))
        return 0;
    (void)*p;
    return 1;
}

static char *at(int page)
{
    return base + (size_t)page * PAGE;
}

static void check(int page)
{
    int may_read = model[page].mapped && model[page].prot != PROT_NONE;

    if (readable(at(page)) != may_read)
        fail(may_read ? "not readable" : "readable", page);
    if (may_read && *(uint32_t *)at(page) != model[page].content)
        fail("wrong content", page);
}

static int random_prot(void)
{
    static const int prots[] = {PROT_NONE, PROT_READ, RW, RW};

    return prots[rnd(4)];
}

static void do_map(int page, int nr)
{
    int prot = random_prot();
    void *got = mmap(at(page), (size_t)nr * PAGE, prot,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

    if (got != at(page))
        fail("mmap", page);
    for (int i = page; i < page + nr; i++) {
        model[i].mapped = 1;
        model[i].prot = prot;
        model[i].content = 0;
    }
}

static void do_unmap(int page, int nr)
{
    if (munmap(at(page), (size_t)nr * PAGE))
        fail("munmap", page);
    memset(&model[page], 0, (size_t)nr * sizeof(model[0]));
}

static void do_protect(int page, int nr)
{
    int prot = random_prot(), i;
    int ret = mprotect(at(page), (size_t)nr * PAGE, prot);

    for (i = page; i < page + nr && model[i].mapped; i++)
        model[i].prot = prot;
    if ((ret == 0) != (i == page + nr))
        fail("mprotect", page);
}

static void do_write(int page, int nr)
{
    for (int i = page; i < page + nr; i++)
        if (model[i].mapped && (model[i].prot & PROT_WRITE))
            *(uint32_t *)at(i) = model[i].content = ++next_content;
}

static void do_discard(int page, int nr)
{
    madvise(at(page), (size_t)nr * PAGE, MADV_DONTNEED);
    for (int i = page; i < page + nr; i++)
        model[i].content = 0;
}

/* Of several mappings: an error before Linux 6.17. */
static void do_move(int page, int nr)
{
    int to = (int)rnd((unsigned)(WINDOW - nr));
    void *got;

    if (to < page + nr && page < to + nr)
        return;
    for (int i = page; i < page + nr; i++)
        if (!model[i].mapped)
            return;
    got = mremap(at(page), (size_t)nr * PAGE, (size_t)nr * PAGE,
                 MREMAP_MAYMOVE | MREMAP_FIXED, at(to));
    if (got == MAP_FAILED) { /* since Linux 6.17 it may be half done */
        do_unmap(page, nr);
        do_unmap(to, nr);
        return;
    }
    memcpy(&model[to], &model[page], (size_t)nr * sizeof(model[0]));
    memset(&model[page], 0, (size_t)nr * sizeof(model[0]));
}

int main(void)
{
    static void (*const steps[])(int, int) = {do_map,     do_unmap, do_protect,
                                              do_protect, do_write, do_write,
                                              do_discard, do_move};

    signal(SIGSEGV, on_fault);
    base = mmap(NULL, WINDOW * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                0);
    if (base == MAP_FAILED || munmap(base, WINDOW * PAGE))
        fail("no window", 0);
    for (step = 0; step < STEPS; step++) {
        int nr = 1 + (int)rnd(8), page = (int)rnd((unsigned)(WINDOW - nr));

        steps[rnd(8)](page, nr);
        for (int i = 0; i < WINDOW; i++)
            if (step % 16 == 0 || (i >= page - 1 && i <= page + nr))
                check(i);
    }
    puts("mmap_random: ok");
    return 0;
}

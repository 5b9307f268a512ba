/* SPDX-License-Identifier: BSD-2-Clause */
/* Mappings that change under a thread which uses them: what was taken away is
 * gone on every processor when the call returns, and memory that is used anew
 * is not written through an old mapping. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>

#include "check.h"

enum { PAGE = 4096, PAGES = 40, ROUNDS = 20 };

static char *volatile area;
static atomic_bool over;
static atomic_uint faults, writes;
static _Thread_local sigjmp_buf back;

static void fault(int signal)
{
    (void)signal;
    atomic_fetch_add(&faults, 1);
    siglongjmp(back, 1);
}

/* The last word of page i. */
static volatile uint32_t *word(int i)
{
    return (volatile uint32_t *)(area + (size_t)(i + 1) * PAGE) - 1;
}

/* Writes to every page, each time something else, whatever becomes of it. */
static void *scribble(void *arg)
{
    static volatile uint32_t value;

    (void)arg;
    while (!atomic_load(&over)) {
        if (sigsetjmp(back, 1))
            continue;
        for (int i = 0; i < PAGES; i++) {
            *word(i) = ++value;
            atomic_fetch_add(&writes, 1);
        }
    }
    return NULL;
}

/* Until the other thread has written, or was stopped, once more. */
static void let_it_run(void)
{
    unsigned int was = atomic_load(&writes) + atomic_load(&faults);

    while (atomic_load(&writes) + atomic_load(&faults) == was)
        ;
}

static char *map(void *at, size_t len, int flags)
{
    char *p = mmap(at, len, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

    CHECK(p != MAP_FAILED);
    return p;
}

/* Nothing is written where the protection forbids it. */
static void protect_round(int nr)
{
    size_t len = (size_t)nr * PAGE;
    uint32_t seen[PAGES];

    for (int i = 0; i < nr; i++)
        *word(i) = 1;
    CHECK(mprotect(area, len, PROT_READ) == 0);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < nr; i++)
            seen[i] = *word(i);
        let_it_run();
        for (int i = 0; i < nr; i++)
            CHECK(*word(i) == seen[i]);
    }
    CHECK(mprotect(area, len, PROT_READ | PROT_WRITE) == 0);
}

/* Memory that was given back belongs to whoever gets it next. */
static void reuse_round(int nr)
{
    size_t len = (size_t)nr * PAGE;
    char *other;

    CHECK(munmap(area, len) == 0);
    other = map(NULL, 2 * len, 0);
    memset(other, 0x55, 2 * len);
    let_it_run();
    for (size_t i = 0; i < 2 * len; i++)
        CHECK(other[i] == 0x55);
    CHECK(munmap(other, 2 * len) == 0);
    map(area, len, MAP_FIXED);
}

static void move_round(int nr)
{
    size_t len = (size_t)nr * PAGE;
    char *to = map(NULL, len, 0);

    area[0] = 7;
    CHECK(mremap(area, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
    CHECK(to[0] == 7);
    memset(to, 0x66, len);
    let_it_run();
    for (size_t i = 0; i < len; i++)
        CHECK(to[i] == 0x66);
    CHECK(munmap(to, len) == 0);
    map(area, len, MAP_FIXED);
}

/* The n-th of the processors that we may use, where there are several. */
static void pin(pthread_t thread, const cpu_set_t *may, int n)
{
    cpu_set_t one;
    int cpu = 0;

    if (CPU_COUNT(may) < 2)
        return;
    while (!CPU_ISSET(cpu, may) || n-- > 0)
        cpu++;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    CHECK(pthread_setaffinity_np(thread, sizeof(one), &one) == 0);
}

/* Whoever changes mappings is on processor `here`, whoever uses them not. */
static void all_rounds(const cpu_set_t *may, int here)
{
    pthread_t thread;

    atomic_store(&over, false);
    CHECK(pthread_create(&thread, NULL, scribble, NULL) == 0);
    pin(pthread_self(), may, here);
    pin(thread, may, !here);
    let_it_run();
    for (int i = 0; i < ROUNDS; i++) {
        int nr = i % 2 ? 1 : PAGES; /* page by page, or all at once */

        protect_round(nr);
        reuse_round(nr);
        move_round(nr);
        CHECK(madvise(area, (size_t)nr * PAGE, MADV_DONTNEED) == 0);
    }
    atomic_store(&over, true);
    CHECK(pthread_join(thread, NULL) == 0);
}

int main(void)
{
    const struct sigaction action = {.sa_handler = fault};
    cpu_set_t may;

    CHECK(sigaction(SIGSEGV, &action, NULL) == 0);
    CHECK(sched_getaffinity(0, sizeof(may), &may) == 0);
    area = map(NULL, (size_t)PAGES * PAGE, 0);
    all_rounds(&may, 0);
    all_rounds(&may, 1);
    CHECK(faults > 0 && writes > 0);
    return 0;
}

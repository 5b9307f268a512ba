/* SPDX-License-Identifier: BSD-2-Clause */
/* madvise(2) that acts: MADV_REMOVE, MADV_POPULATE_*, MADV_WIPEONFORK. */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

enum { PAGE = 4096 };

#define FAILS(expr, e) CHECK((expr) == -1 && errno == (e))

static char *map(size_t nr_pages, int prot, int flags, int fd)
{
    char *p = mmap(NULL, nr_pages * PAGE, prot, flags, fd, 0);

    CHECK(p != MAP_FAILED);
    return p;
}

/* The hole is in the object: all who map it see it, and files keep their
 * size. */
static void test_remove(void)
{
    int fd = memfd_create("m", 0);
    char *a, *b, byte = 1;

    CHECK(fd >= 0 && ftruncate(fd, 4 * PAGE) == 0);
    a = map(4, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
    b = map(4, PROT_READ, MAP_SHARED, fd);
    memset(a, 1, 4 * PAGE);
    CHECK(madvise(a + PAGE, 2 * PAGE, MADV_REMOVE) == 0);
    CHECK(a[PAGE - 1] == 1 && a[PAGE] == 0 && a[3 * PAGE - 1] == 0);
    CHECK(b[PAGE] == 0 && b[3 * PAGE] == 1);
    CHECK(pread(fd, &byte, 1, PAGE) == 1 && byte == 0);
    CHECK(lseek(fd, 0, SEEK_END) == 4 * PAGE);
    a[PAGE] = 2;
    CHECK(b[PAGE] == 2 && madvise(b, 2 * PAGE, MADV_REMOVE) == 0);
    CHECK(a[PAGE] == 0);
    munmap(a, 4 * PAGE);
    munmap(b, 4 * PAGE);
    close(fd);
    a = map(2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    FAILS(madvise(a, PAGE, MADV_REMOVE), EINVAL);
    munmap(a, 2 * PAGE);
}

static void test_populate(void)
{
    char *p = map(4, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    unsigned char in[4];

    p[0] = 5;
    CHECK(madvise(p, 4 * PAGE, MADV_POPULATE_WRITE) == 0);
    CHECK(mincore(p, 4 * PAGE, in) == 0);
    for (int i = 0; i < 4; i++)
        CHECK(in[i] & 1);
    CHECK(p[0] == 5 && p[PAGE] == 0);
    CHECK(mprotect(p + PAGE, PAGE, PROT_NONE) == 0);
    CHECK(madvise(p, PAGE, MADV_POPULATE_READ) == 0);
    FAILS(madvise(p, 4 * PAGE, MADV_POPULATE_READ), EINVAL);
    CHECK(munmap(p + PAGE, PAGE) == 0);
    FAILS(madvise(p, 4 * PAGE, MADV_POPULATE_READ), ENOMEM);
    CHECK(mprotect(p, PAGE, PROT_READ) == 0);
    FAILS(madvise(p, PAGE, MADV_POPULATE_WRITE), EINVAL);
    munmap(p, 4 * PAGE);
}

static void test_rest(void)
{
    char *p = map(4, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1);

    FAILS(madvise(p, PAGE, MADV_WIPEONFORK), EINVAL);
    CHECK(madvise(p + PAGE, PAGE, MADV_DONTDUMP) == 0);
    CHECK(madvise(p, 4 * PAGE, MADV_DODUMP) == 0);
    munmap(p, 4 * PAGE);
}

int main(void)
{
    test_remove();
    test_populate();
    test_rest();
    return 0;
}

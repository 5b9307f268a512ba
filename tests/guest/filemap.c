/* SPDX-License-Identifier: BSD-2-Clause */
/* A file and its mappings, page by page in no order: what one way changes the
 * others show, also where a page was not touched before.
 *
 *     filemap [FILE [make]]   make: only the file, for another run */
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/guest/check.h"

enum { PAGE = 4096, PAGES = 1500, RW = PROT_READ | PROT_WRITE };

static uint8_t byte_of(int page)
{
    return (uint8_t)(page * 7 + 1);
}

/* Every page once, far from each other. */
static int nth(int i)
{
    return (int)((int64_t)i * 977 % PAGES);
}

static void write_page(int fd, int page)
{
    static uint8_t buf[PAGE];

    memset(buf, byte_of(page), PAGE);
    CHECK(pwrite(fd, buf, PAGE, (off_t)page * PAGE) == PAGE);
}

static void write_pages(int fd)
{
    for (int i = 0; i < PAGES; i++)
        write_page(fd, i);
    CHECK(fsync(fd) == 0);
}

static int open_file(const char *given)
{
    char name[] = "/tmp/filemap-XXXXXX";
    int fd = given ? open(given, O_RDWR | O_CREAT, 0600) : mkstemp(name);
    struct stat st;

    CHECK(fd >= 0 && fstat(fd, &st) == 0);
    if (!given)
        unlink(name);
    if (st.st_size == 0)
        write_pages(fd);
    return fd;
}

static uint8_t *map(int fd, int prot, int flags)
{
    uint8_t *p = mmap(NULL, (size_t)PAGES * PAGE, prot, flags, fd, 0);

    CHECK(p != MAP_FAILED);
    return p;
}

static void unmap(uint8_t *p)
{
    CHECK(munmap(p, (size_t)PAGES * PAGE) == 0);
}

static uint8_t byte_in_file(int fd, int page)
{
    uint8_t byte;

    CHECK(pread(fd, &byte, 1, (off_t)page * PAGE + PAGE - 1) == 1);
    return byte;
}

static void test_all_pages(int fd)
{
    uint8_t *p = map(fd, RW, MAP_SHARED);

    for (int i = 0; i < PAGES; i++)
        CHECK(p[(size_t)nth(i) * PAGE + PAGE - 1] == byte_of(nth(i)));
    unmap(p);
}

static void test_stores_are_seen(int fd)
{
    uint8_t *p = map(fd, RW, MAP_SHARED), *q = map(fd, RW, MAP_SHARED);

    for (int round = 0; round < 3; round++) {
        for (int i = round; i < PAGES; i += 9) {
            size_t at = (size_t)nth(i) * PAGE + PAGE - 1;

            p[at] = (uint8_t)(round + 1);
            CHECK(q[at] == round + 1);
            q[at - 1] = 5;
            CHECK(byte_in_file(fd, nth(i)) == round + 1);
            p[at] = byte_of(nth(i));
        }
        CHECK(round == 1 ? fsync(fd) == 0
                         : msync(p, (size_t)PAGES * PAGE, MS_SYNC) == 0);
    }
    unmap(p);
    unmap(q);
}

static void test_writes_are_seen(int fd)
{
    uint8_t *p = map(fd, PROT_READ, MAP_SHARED);

    for (int i = 0; i < PAGES; i += 11) {
        size_t at = (size_t)nth(i) * PAGE + 7;

        CHECK(pwrite(fd, "!", 1, (off_t)at) == 1);
        CHECK(p[at] == '!' && p[at + 1] == byte_of(nth(i)));
    }
    unmap(p);
}

static void test_private_stays_private(int fd)
{
    size_t len = (size_t)PAGES * PAGE;
    uint8_t *p = map(fd, RW, MAP_PRIVATE), *moved;

    for (int i = 0; i < PAGES; i += 5)
        p[(size_t)nth(i) * PAGE + PAGE - 1] = 200;
    CHECK(mprotect(p, len, PROT_READ) == 0 && mprotect(p, len, RW) == 0);
    moved = mremap(p, len, 2 * len, MREMAP_MAYMOVE);
    CHECK(moved != MAP_FAILED);
    for (int i = 0; i < PAGES; i++) {
        CHECK(moved[(size_t)nth(i) * PAGE + PAGE - 1] ==
              (i % 5 ? byte_of(nth(i)) : 200));
        CHECK(byte_in_file(fd, nth(i)) == byte_of(nth(i)));
    }
    CHECK(munmap(moved, 2 * len) == 0);
}

static void test_mprotect_hides_nothing(int fd)
{
    size_t len = (size_t)PAGES * PAGE;
    uint8_t *p = map(fd, PROT_NONE, MAP_SHARED);

    CHECK(mprotect(p, len, PROT_READ) == 0);
    CHECK(p[77 * PAGE + 99] == byte_of(77));
    CHECK(mprotect(p, len, RW) == 0);
    CHECK(p[78 * PAGE + 99] == byte_of(78));
    p[900 * PAGE + 99] = 1;
    CHECK(mprotect(p + 900 * PAGE, PAGE, PROT_READ) == 0);
    CHECK(fsync(fd) == 0);
    CHECK(mprotect(p + 900 * PAGE, PAGE, RW) == 0);
    p[900 * PAGE + 99] = byte_of(900);
    unmap(p);
}

/* Pages that only the kernel touches. */
static void test_system_calls_touch_too(int fd)
{
    uint8_t *p = map(fd, RW, MAP_SHARED);
    uint8_t got[3 * PAGE];
    int ends[2];

    CHECK(pipe(ends) == 0);
    CHECK(write(ends[1], p + 300 * PAGE, 3 * PAGE) == 3 * PAGE);
    CHECK(read(ends[0], got, 3 * PAGE) == 3 * PAGE);
    CHECK(got[0] == byte_of(300) && got[3 * PAGE - 1] == byte_of(302));
    CHECK(write(ends[1], got, 3 * PAGE) == 3 * PAGE);
    CHECK(read(ends[0], p + 1300 * PAGE, 3 * PAGE) == 3 * PAGE);
    CHECK(byte_in_file(fd, 1302) == byte_of(302));
    /* of the same file, both ways */
    CHECK(pwrite(fd, p + 1100 * PAGE, PAGE, 1200 * PAGE) == PAGE);
    CHECK(p[1200 * PAGE] == byte_of(1100));
    CHECK(pread(fd, p + 1000 * PAGE, PAGE, 1400 * PAGE) == PAGE);
    CHECK(byte_in_file(fd, 1000) == byte_of(1400));
    write_page(fd, 1000);
    write_page(fd, 1200);
    for (int i = 1300; i < 1303; i++)
        write_page(fd, i);
    close(ends[0]);
    close(ends[1]);
    unmap(p);
}

static void test_size_changes(int fd)
{
    uint8_t *p = map(fd, RW, MAP_SHARED);

    p[500 * PAGE] = p[1450 * PAGE] = 3;
    CHECK(ftruncate(fd, 700 * PAGE + 10) == 0);
    CHECK(ftruncate(fd, (off_t)PAGES * PAGE) == 0);
    CHECK(p[500 * PAGE] == 3 && p[1450 * PAGE] == 0);
    CHECK(p[700 * PAGE + 9] == byte_of(700) && p[700 * PAGE + 10] == 0);
    p[1450 * PAGE + 1] = 4;
    CHECK(fsync(fd) == 0);
    CHECK(p[1450 * PAGE + 1] == 4 && p[1451 * PAGE] == 0);
    unmap(p);
}

int main(int argc, char **argv)
{
    int fd = open_file(argc > 1 ? argv[1] : NULL);

    if (argc > 2)
        return 0;
    test_mprotect_hides_nothing(fd);
    test_system_calls_touch_too(fd);
    test_private_stays_private(fd);
    test_stores_are_seen(fd);
    test_writes_are_seen(fd);
    test_all_pages(fd);
    test_size_changes(fd);
    puts("filemap: ok");
    return 0;
}

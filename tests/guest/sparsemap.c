/* SPDX-License-Identifier: BSD-2-Clause */
/* A large file that is mostly a hole, mapped whole (as LMDB does): its holes
 * cost nothing, and writes and the mapping show the same pages. */
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/guest/check.h"

enum { PAGE = 4096, NR_PAGES = 300 };

static const off_t file_bytes = (off_t)64 << 30;

/* Spread over the file, some side by side. */
static off_t place(int i)
{
    return (off_t)(i * 7919 % NR_PAGES) * (i % 3 ? 1 : 20000) * PAGE;
}

static void write_pages(int fd, const uint8_t *map)
{
    static uint8_t page[PAGE];

    for (int i = 0; i < NR_PAGES; i++) {
        memset(page, 1 + i % 250, PAGE);
        CHECK(pwrite(fd, page, PAGE, place(i)) == PAGE);
        CHECK(map[place(i)] == 1 + i % 250);
        CHECK(map[place(i) + PAGE - 1] == 1 + i % 250);
    }
}

static void touch_pages(int fd, uint8_t *map)
{
    for (int i = 0; i < NR_PAGES; i++) {
        off_t off = place(i) + file_bytes / 2;
        uint8_t byte = 0;

        map[off] = (uint8_t)i;
        CHECK(pread(fd, &byte, 1, off) == 1 && byte == (uint8_t)i);
        CHECK(pwrite(fd, "x", 1, off + 1) == 1);
        CHECK(map[off] == (uint8_t)i && map[off + 1] == 'x');
    }
}

/* The mapping goes, the data stays; cut off it is gone. */
static void check_after(int fd)
{
    struct stat st;
    char c;

    CHECK(pread(fd, &c, 1, place(0)) == 1 && c != 0);
    CHECK(pread(fd, &c, 1, file_bytes - 1) == 1 && c == 0);
    CHECK(ftruncate(fd, PAGE) == 0 && ftruncate(fd, file_bytes) == 0);
    CHECK(pread(fd, &c, 1, 2 * PAGE) == 1 && c == 0);
    CHECK(fstat(fd, &st) == 0 && st.st_blocks < 1000);
}

int main(void)
{
    char name[] = "/tmp/sparseXXXXXX";
    int fd = mkstemp(name);
    struct stat st;
    uint8_t *map;

    CHECK(fd >= 0 && unlink(name) == 0);
    if (ftruncate(fd, file_bytes)) {
        printf("no files of 64 GiB here: %s\n", strerror(errno));
        return 77;
    }
    map = mmap(NULL, file_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(map != MAP_FAILED);
    write_pages(fd, map);
    CHECK(fstat(fd, &st) == 0 && st.st_blocks < 1000 * NR_PAGES);
    touch_pages(fd, map);
    CHECK(munmap(map, file_bytes) == 0);
    check_after(fd);
    return 0;
}

// sources: kernel/fs/ext4/*.c kernel/vfs/*.c kernel/fs/tmpfs/*.c
// sources: kernel/fs/erofs/*.c kernel/mm/shm.c kernel/core/timer.c
// sources: kernel/mm/shm_loan.c lib/rbtree.c kernel/fs/dev/special.c
/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A mapped file: what is read when it is touched, what is written when it is
 * synchronised, and that nothing of either is lost whatever else happens to the
 * file. The platform and mm are a table of what each page may be used for.
 */
#include "tests/unit/ext4_mapping.h"

#include <linux/falloc.h>

enum { WALK = 3000 };

static char shared[64];
static uint8_t *content; /* of the file, shared with children */

static void begin(void)
{
    disk_from_file(shared);
    mapping_init();
    assert_int_equal(disk_mount(), 0);
}

static void end(void)
{
    ext4_leave_all();
    disk_to_file(shared);
    assert_int_equal(disk_e2fsck("-fn"), 0);
}

static void write_content(const void *arg)
{
    struct file *f;

    (void)arg;
    begin();
    assert_int_equal(vfs_open_kernel("/f", O_RDWR | O_CREAT, &f), 0);
    assert_int_equal(file_pwrite_kernel(f, content, PAGES * PAGE, 0),
                     PAGES * PAGE);
    file_put(f);
    end();
}

static void check_content(const void *arg)
{
    static uint8_t got[PAGES * PAGE];
    struct file *f;

    (void)arg;
    begin();
    assert_int_equal(vfs_open_kernel("/f", O_RDWR, &f), 0);
    assert_int_equal(file_pread_kernel(f, got, sizeof(got), 0), sizeof(got));
    assert_memory_equal(got, content, sizeof(got));
    file_put(f);
    end();
}

static int make_file(void **state)
{
    (void)state;
    for (int i = 0; i < PAGES * PAGE; i++)
        content[i] = (uint8_t)(i / PAGE + i);
    disk_mke2fs("-b 4096");
    disk_to_file(shared);
    disk_child(write_content, NULL);
    return 0;
}

static void read_session(const void *arg)
{
    (void)arg;
    begin();
    map_file("/f", PROT_READ | PROT_WRITE, true);
    disk_read_bytes = 0;
    assert_memory_equal(touch(700, PROT_READ), content + 700 * PAGE, PAGE);
    assert_in_range(disk_read_bytes, PAGE, 16 * PAGE);
    for (uint64_t i = 0; i < PAGES; i++)
        assert_memory_equal(touch(i, PROT_READ), content + i * PAGE, PAGE);
    assert_int_equal(disk_read_bytes, PAGES * PAGE);
    assert_true(mapped.nr_faults <= PAGES / 32);
    unmap_file();
    end();
}

static void test_ext4_map_reads_what_is_touched(void **state)
{
    (void)state;
    disk_child(read_session, NULL);
}

static void fsync_file(void)
{
    assert_int_equal(mapped.file->ops->sync(mapped.file, true), 0);
}

static void write_session(const void *arg)
{
    int64_t mtime;

    (void)arg;
    begin();
    map_file("/f", PROT_READ | PROT_WRITE, true);
    mtime = mapped.file->inode->mtime_ns;
    memset(touch(500, PROT_READ | PROT_WRITE), 1, PAGE);
    assert_true(mapped.file->inode->mtime_ns != mtime);
    assert_false(may(499, PROT_WRITE) || may(501, PROT_WRITE));
    disk_written_bytes = 0;
    fsync_file();
    assert_int_equal(disk_written_bytes, PAGE);
    assert_true(may(500, PROT_READ));
    assert_false(may(500, PROT_WRITE));
    fsync_file(); /* nothing has changed */
    assert_int_equal(disk_written_bytes, PAGE);
    for (uint64_t i = 480; i < 560; i++) /* page by page: not each one tells */
        memset(touch(i, PROT_READ | PROT_WRITE), 2, PAGE);
    assert_true(mapped.nr_faults < 16);
    memset(content + 480 * PAGE, 2, 80 * PAGE);
    unmap_file();
    end();
}

static void test_ext4_map_writes_what_changed(void **state)
{
    (void)state;
    disk_child(write_session, NULL);
    disk_child(check_content, NULL);
}

static void private_session(const void *arg)
{
    (void)arg;
    begin();
    map_file("/f", PROT_READ | PROT_WRITE, false);
    touch(3, PROT_READ | PROT_WRITE);
    disk_written_bytes = 0;
    fsync_file();
    assert_int_equal(disk_written_bytes, 0);
    assert_true(may(3, PROT_READ | PROT_WRITE));
    unmap_file();
    end();
}

static void test_ext4_map_private_is_never_written(void **state)
{
    (void)state;
    disk_child(private_session, NULL);
    disk_child(check_content, NULL);
}

/* As mprotect(2): pages that were not there are not there then either. */
static void protect_session(const void *arg)
{
    (void)arg;
    begin();
    map_file("/f", PROT_READ, true);
    touch(40, PROT_READ);
    disk_view.prot = PROT_READ | PROT_WRITE;
    assert_int_equal(mapped.backing->ops->protect(mapped.backing, &disk_view),
                     0);
    assert_true(may(40, PROT_READ) && !may(40, PROT_WRITE));
    assert_int_equal(mapped.prot[100], PROT_NONE);
    touch(40, PROT_READ | PROT_WRITE);
    disk_view.prot = PROT_NONE;
    assert_int_equal(mapped.backing->ops->protect(mapped.backing, &disk_view),
                     0);
    assert_int_equal(mapped.prot[40], PROT_NONE);
    disk_view.prot = PROT_WRITE; /* readable too, until it is written to */
    assert_int_equal(mapped.backing->ops->protect(mapped.backing, &disk_view),
                     0);
    touch(41, PROT_READ);
    unmap_file();
    end();
}

static void test_ext4_map_follows_mprotect(void **state)
{
    (void)state;
    disk_child(protect_session, NULL);
}

static int64_t broken_read(uint32_t dev, void *buf, uint64_t len, uint64_t off)
{
    (void)dev, (void)buf, (void)len, (void)off;
    return -EIO;
}

static void broken_session(const void *arg)
{
    (void)arg;
    begin();
    map_file("/f", PROT_READ, true);
    touch(0, PROT_READ);
    platform.ops.blk_read = broken_read;
    assert_int_equal(mapped.backing->ops->fault(mapped.backing, &disk_view,
                                                BASE + 900 * PAGE, false),
                     -EIO);
    assert_int_equal(mapped.prot[900], PROT_NONE);
    assert_true(may(0, PROT_READ));
    unmap_file();
}

static void test_ext4_map_fault_says_that_reading_failed(void **state)
{
    (void)state;
    disk_child(broken_session, NULL);
}

/* ---- everything mixed, against an array ---------------------------------- */

static uint64_t size_now(void)
{
    return mapped.file->inode->size_bytes;
}

static void set_size(uint64_t size)
{
    struct iattr attr = {.valid = ATTR_SIZE, .size_bytes = size};

    assert_int_equal(inode_setattr(mapped.file->inode, &attr), 0);
    if (size < PAGES * PAGE)
        memset(content + size, 0, PAGES * PAGE - size);
    fill_view();
}

static void write_some(uint64_t off, uint64_t len)
{
    static uint8_t data[PAGES * PAGE];

    memset(data, rand(), len);
    assert_int_equal(file_pwrite_kernel(mapped.file, data, len, off), len);
    memcpy(content + off, data, len);
    fill_view();
}

static void store_some(uint64_t page, uint64_t nr)
{
    for (; nr && page < disk_view.len_bytes / PAGE; nr--, page++) {
        uint64_t off = (uint64_t)rand() % PAGE, left = size_now() - page * PAGE;

        if (off >= left)
            continue;
        *(touch(page, PROT_READ | PROT_WRITE) + off) = (uint8_t)nr;
        content[page * PAGE + off] = (uint8_t)nr;
    }
}

static void punch_some(uint64_t off, uint64_t len)
{
    assert_int_equal(
        mapped.file->ops->fallocate(
            mapped.file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, off, len),
        0);
    memset(content + off, 0, len);
}

static void compare_some(uint64_t page)
{
    uint64_t left;

    if (page >= disk_view.len_bytes / PAGE)
        return;
    left = size_now() - page * PAGE;
    assert_memory_equal(touch(page, PROT_READ), content + page * PAGE,
                        left < PAGE ? left : PAGE);
}

static void step(void)
{
    uint64_t page = (uint64_t)rand() % PAGES;
    uint64_t off = page * PAGE + (uint64_t)rand() % PAGE;
    uint64_t len = (uint64_t)rand() % 40000 + 1;

    len = len < PAGES * PAGE - off ? len : PAGES * PAGE - off;
    switch (rand() % 16) {
    case 0:
        set_size(off);
        break;
    case 1:
        set_size(PAGES * PAGE);
        break;
    case 2:
        punch_some(off, len);
        break;
    case 3:
        fsync_file();
        break;
    case 4:
        assert_int_equal(ext4_sync_all(), 0);
        break;
    case 5:
    case 6:
        write_some(off, len);
        break;
    case 7:
    case 8:
    case 9:
        store_some(page, (uint64_t)rand() % 40);
        break;
    default:
        compare_some(page);
    }
}

static void mixed_session(const void *arg)
{
    begin();
    srand(*(const unsigned *)arg);
    map_file("/f", PROT_READ | PROT_WRITE, true);
    for (int i = 0; i < WALK; i++)
        step();
    set_size(PAGES * PAGE);
    unmap_file();
    end();
}

static void test_ext4_map_keeps_what_was_stored(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < 6; seed++) {
        disk_child(mixed_session, &seed);
        disk_child(check_content, NULL);
    }
}

#define TEST(name) cmocka_unit_test_setup(name, make_file)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_ext4_map_reads_what_is_touched),
        TEST(test_ext4_map_writes_what_changed),
        TEST(test_ext4_map_private_is_never_written),
        TEST(test_ext4_map_follows_mprotect),
        TEST(test_ext4_map_fault_says_that_reading_failed),
        TEST(test_ext4_map_keeps_what_was_stored),
    };
    int failed;

    if (!disk_tools()) {
        puts("SKIP no mke2fs (Debian package e2fsprogs)");
        return 0;
    }
    disk_init();
    content = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    disk_temp(shared);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(shared);
    return failed;
}

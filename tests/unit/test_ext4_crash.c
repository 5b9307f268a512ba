// sources: kernel/fs/ext4/*.c kernel/vfs/*.c kernel/fs/tmpfs/*.c
// sources: kernel/fs/erofs/*.c kernel/mm/shm.c kernel/core/timer.c
// sources: kernel/mm/shm_loan.c lib/rbtree.c kernel/fs/dev/special.c
/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Crashes. A workload's writes are recorded; then the disk is cut off after
 * each of them, or loses any of those since the last flush, and must come up
 * with everything that had been synchronised by then, and clean for e2fsck.
 *
 * EXT4_CUTS=all looks at every write, otherwise at some.
 */
#include "tests/unit/ext4_mapping.h"

enum { LOGS = 4, RECORD = 700, ROUNDS_CRASH = 260, PROMISES = 4096 };

/* File "/log<file>" had so many records when the log was that long. */
struct promise {
    uint32_t at, nr_records;
    int file;
};
static struct promise *promises; /* shared with the recording child */
static uint32_t *nr_promises;

static void fill_record(uint8_t *buf, int file, uint32_t nr)
{
    for (int i = 0; i < RECORD; i++)
        buf[i] = (uint8_t)(file * 31 + nr * 7 + i);
}

static void append_by_write(const char *path, const uint8_t *buf, uint32_t nr)
{
    struct file *f;

    assert_int_equal(vfs_open_kernel(path, O_WRONLY | O_CREAT, &f), 0);
    assert_int_equal(file_pwrite_kernel(f, buf, RECORD, (uint64_t)nr * RECORD),
                     RECORD);
    assert_int_equal(f->ops->sync(f, nr % 2), 0);
    file_put(f);
}

/* The file gets longer, and the new part is stored to; msync(2) last. */
static void append_by_mapping(const char *path, const uint8_t *buf, uint32_t nr)
{
    uint64_t at = (uint64_t)nr * RECORD;
    struct iattr attr = {.valid = ATTR_SIZE, .size_bytes = at + RECORD};

    map_file(path, PROT_READ | PROT_WRITE, true);
    assert_int_equal(inode_setattr(mapped.file->inode, &attr), 0);
    fill_view();
    for (int i = 0; i < RECORD; i++, at++)
        touch(at / PAGE, PROT_READ | PROT_WRITE)[at % PAGE] = buf[i];
    assert_int_equal(mapped.backing->ops->sync(mapped.backing, 0, BASE,
                                               disk_view.len_bytes, true),
                     0);
    unmap_file();
}

static void append(int file, uint32_t nr)
{
    uint8_t buf[RECORD];
    char path[16];

    snprintf(path, sizeof(path), "/log%d", file);
    fill_record(buf, file, nr);
    if (file == 0)
        append_by_mapping(path, buf, nr);
    else
        append_by_write(path, buf, nr);
    promises[(*nr_promises)++] = (struct promise){disk_log->nr, nr + 1, file};
}

/* Files that come, grow, shrink and go, so that blocks change their use. */
static void churn(int round)
{
    static uint8_t data[300000];
    char path[32], other[32];
    struct iattr attr = {.valid = ATTR_SIZE,
                         .size_bytes = (uint64_t)(rand() % 200000)};
    struct file *f;

    snprintf(path, sizeof(path), "/d%d/f%d", rand() % 3, rand() % 8);
    snprintf(other, sizeof(other), "/d%d/f%d", rand() % 3, rand() % 8);
    memset(data, round, sizeof(data));
    switch (rand() % 6) {
    case 0:
        vfs_unlink(AT_FDCWD, path, false);
        break;
    case 1:
        vfs_rename(AT_FDCWD, path, AT_FDCWD, other, 0);
        break;
    case 2:
        vfs_symlink("a target that is longer than what fits into the inode "
                    "itself, so that it needs a block",
                    AT_FDCWD, path);
        break;
    default:
        if (vfs_open_kernel(path, O_RDWR | O_CREAT, &f))
            return;
        if (rand() % 4 == 0)
            inode_setattr(f->inode, &attr);
        else
            file_pwrite_kernel(f, data, (uint64_t)(rand() % 300000),
                               (uint64_t)(rand() % 400000));
        file_put(f);
    }
}

static void workload(void)
{
    uint32_t nr[LOGS] = {0};

    for (int i = 0; i < 3; i++) {
        char path[16];

        snprintf(path, sizeof(path), "/d%d", i);
        assert_int_equal(vfs_create(AT_FDCWD, path, S_IFDIR | 0755, 0), 0);
    }
    for (int round = 0; round < ROUNDS_CRASH; round++) {
        int file = rand() % LOGS;

        churn(round);
        if (round % 3 == 0)
            append(file, nr[file]++);
        if (round % 50 == 49)
            assert_int_equal(ext4_sync_all(), 0);
    }
}

static void check_promise(const struct promise *p)
{
    uint8_t want[RECORD], got[RECORD];
    char path[16];
    struct file *f;

    snprintf(path, sizeof(path), "/log%d", p->file);
    assert_int_equal(vfs_open_kernel(path, O_RDONLY, &f), 0);
    for (uint32_t i = 0; i < p->nr_records; i++) {
        fill_record(want, p->file, i);
        assert_int_equal(
            file_pread_kernel(f, got, RECORD, (uint64_t)i * RECORD), RECORD);
        assert_memory_equal(got, want, RECORD);
    }
    file_put(f);
}

static void apply(const struct disk_write *w)
{
    if (w->len)
        memcpy(disk + w->off, w->data, w->len);
}

/* In a child: the machine comes up again on what the disk is now. */
static void come_up(uint32_t cut, bool ask_e2fsck)
{
    bool by_e2fsck = cut % 7 == 3;

    if (by_e2fsck && ask_e2fsck)
        assert_true(disk_e2fsck("-fp") <= 1);
    assert_int_equal(disk_mount(), 0);
    for (uint32_t i = 0; i < *nr_promises && promises[i].at <= cut; i++)
        check_promise(&promises[i]);
    ext4_leave_all();
    if (ask_e2fsck)
        assert_int_equal(disk_e2fsck("-fn"), 0);
}

static void in_child(uint32_t cut, uint32_t flushed, bool lose, bool e2fsck)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        srand(cut);
        for (uint32_t i = flushed; i < cut; i++)
            if (!lose || rand() % 2)
                apply(&disk_log->writes[i]);
        come_up(cut, e2fsck);
        fflush(NULL);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (status)
        fail_msg("cut after write %u of %u (%s)", cut, disk_log->nr,
                 lose ? "some lost" : "in order");
}

static void record_in_child(void)
{
    srand(17);
    disk_logging = true;
    assert_int_equal(disk_mount(), 0);
    workload();
}

/* Returns with the log of a workload, the disk being as before. */
static void record(const char *layout)
{
    int status;
    pid_t pid;

    *nr_promises = disk_log->nr = 0;
    disk_log->used_bytes = 0;
    disk_mke2fs(layout);
    pid = fork();
    if (pid == 0) {
        record_in_child();
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void cut_everywhere(const char *layout)
{
    bool all = getenv("EXT4_CUTS") != NULL;
    uint32_t flushed = 0, stride;

    record(layout);
    stride = all ? 1 : disk_log->nr / 30 + 1;
    for (uint32_t cut = 0; cut <= disk_log->nr; cut++) {
        if (cut % stride == 0) {
            in_child(cut, flushed, false, true);
            in_child(cut, flushed, true, all || cut % (3 * stride) == 0);
        }
        if (cut < disk_log->nr && !disk_log->writes[cut].len)
            for (; flushed <= cut; flushed++)
                apply(&disk_log->writes[flushed]);
    }
}

static void test_ext4_crash_loses_nothing_synchronised(void **state)
{
    (void)state;
    cut_everywhere("-b 4096 -J size=4");
}

static void test_ext4_crash_with_small_blocks(void **state)
{
    (void)state;
    cut_everywhere("-b 1024 -J size=1 -O ^metadata_csum,^64bit");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ext4_crash_loses_nothing_synchronised),
        cmocka_unit_test(test_ext4_crash_with_small_blocks),
    };

    if (!disk_tools()) {
        puts("SKIP no mke2fs (Debian package e2fsprogs)");
        return 0;
    }
    disk_init();
    mapping_init();
    promises = mmap(NULL, PROMISES * sizeof(*promises) + 4,
                    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    nr_promises = (uint32_t *)(promises + PROMISES);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

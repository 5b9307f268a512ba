// sources: kernel/fs/ext4/*.c kernel/vfs/*.c kernel/fs/tmpfs/*.c
// sources: kernel/fs/erofs/*.c kernel/mm/shm.c kernel/core/timer.c
// sources: kernel/mm/shm_loan.c lib/rbtree.c kernel/fs/dev/special.c
/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Damaged and hostile disks: whatever bytes are there, each call ends with a
 * result or an error. Half of the rounds have no checksums, so that damage is
 * not found out at once; some have a journal to be replayed.
 *
 * EXT4_ROUNDS=N for more than a few.
 */
#include "tests/unit/ext4_mapping.h"

enum { ROUNDS_FUZZ = 40, SECONDS = 60 };

/* Some pages, whether they can be read or not. */
static void use_mapping(const char *path)
{
    const struct backing_ops *ops;

    if (!try_map_file(path, PROT_READ | PROT_WRITE, true))
        return;
    ops = mapped.backing->ops;
    for (int i = 0; i < 8 && disk_view.len_bytes; i++) {
        uint64_t page = (uint64_t)rand() % (disk_view.len_bytes / PAGE);

        if (!ops->fault(mapped.backing, &disk_view, BASE + page * PAGE, i % 2))
            memset(shm_ptr(mapped.shm[page]), i, 100);
    }
    if (disk_view.len_bytes)
        ops->protect(mapped.backing, &disk_view);
    ops->sync(mapped.backing, 0, BASE, disk_view.len_bytes, true);
    unmap_file();
}

static void use_file(const char *path)
{
    static uint8_t data[70000];
    struct iattr attr = {.valid = ATTR_SIZE, .size_bytes = 3000};
    struct file *f;

    if (vfs_open_kernel(path, O_RDWR | O_CREAT, &f))
        return;
    file_pread_kernel(f, data, sizeof(data), 0);
    file_pwrite_kernel(f, data, 9000, (uint64_t)rand() % 100000);
    if (f->ops->fallocate)
        f->ops->fallocate(f, 0, 50000, 90000);
    use_mapping(path);
    inode_setattr(f->inode, &attr);
    if (f->inode->ops->setxattr) {
        f->inode->ops->setxattr(f->inode, "user.small", data, 30, 0);
        f->inode->ops->setxattr(f->inode, "user.large", data, 500, 0);
        f->inode->ops->listxattr(f->inode, (char *)data, sizeof(data));
        f->inode->ops->getxattr(f->inode, "user.large", data, 500);
    }
    if (f->ops->sync)
        f->ops->sync(f, false);
    file_put(f);
}

static void list(const char *path)
{
    static char buf[65536];
    struct uio_seg seg;
    struct uio u;
    struct file *f;

    if (vfs_open_kernel(path, O_RDONLY, &f))
        return;
    for (int i = 0; i < 1000; i++) {
        uio_init(&u, &seg, (uintptr_t)buf, sizeof(buf), true);
        if (!f->ops->getdents || f->ops->getdents(f, &u) <= 0)
            break;
    }
    file_put(f);
}

static void use_all(void)
{
    static const char *const dirs[] = {"/", "/d", "/many", "/lost+found"};
    char path[64], other[64], target[4096];
    struct dentry *d;

    for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
        list(dirs[i]);
        for (int n = 0; n < 6; n++) {
            snprintf(path, sizeof(path), "%s/f%d", dirs[i], n);
            snprintf(other, sizeof(other), "/d/new-%d", n);
            use_file(path);
            if (!path_lookup(AT_FDCWD, path, 0, &d)) {
                vfs_readlink(d, target, sizeof(target));
                vfs_link(d, AT_FDCWD, other);
                dentry_put(d);
            }
            vfs_rename(AT_FDCWD, path, AT_FDCWD, other, (uint32_t)(n % 3));
            vfs_unlink(AT_FDCWD, path, false);
        }
        snprintf(path, sizeof(path), "%s/newdir", dirs[i]);
        vfs_create(AT_FDCWD, path, S_IFDIR | 0755, 0);
        vfs_symlink("a/b", AT_FDCWD, other);
        vfs_unlink(AT_FDCWD, dirs[i], true);
    }
    ext4_sync_all();
    ext4_leave_all();
}

/* Bytes of blocks that hold something. */
static void damage(uint32_t seed)
{
    int hits;

    srand(seed);
    hits = 1 + rand() % (seed % 2 ? 12 : 300);
    while (hits--) {
        uint64_t at;
        int tries = 0;

        do
            at = (uint64_t)rand() % (DISK_BYTES / 4) * 4;
        while (!*(uint32_t *)(disk + at) && ++tries < 10000);
        switch (rand() % 4) {
        case 0:
            disk[at + (uint64_t)rand() % 4] ^= (uint8_t)(1 << rand() % 8);
            break;
        case 1:
            *(uint32_t *)(disk + at) = (uint32_t)rand() * 2;
            break;
        case 2:
            *(uint16_t *)(disk + at) = (uint16_t)(rand() % 2 ? 0xffff : 0);
            break;
        default: /* one structure in another's place */
            memcpy(disk + at / 1024 * 1024,
                   disk + (uint64_t)rand() % (DISK_BYTES / 1024) * 1024, 1024);
        }
    }
}

static void in_child(uint32_t seed)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        alarm(SECONDS);
        damage(seed);
        if (!disk_mount())
            use_all();
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (status)
        fail_msg("seed %u: status %x", seed, (unsigned)status);
}

/* A disk with files of many extents, links, a hashed directory; replay: as a
 * crash leaves it. */
static void make(const char *options, bool replay)
{
    char path[64], cmd[1024];
    int status;
    pid_t pid;

    disk_temp(path);
    snprintf(cmd, sizeof(cmd),
             "d=$(mktemp -d) && mkdir $d/d $d/many && cd $d/many && seq -f "
             "f%%g 0 900 | xargs touch && seq 1 60000 > f1 && ln -sf f1 f2 && "
             "ln -sf $(seq -s / 1 80) f3 && for i in $(seq 1 2 400); do echo x "
             "| dd of=$d/d/f0 bs=4096 seek=$i conv=notrunc status=none; done; "
             "truncate -s %d %s && /sbin/mke2fs -q -F -t ext4 %s -d $d %s && "
             "{ /sbin/e2fsck -fyD %s >/dev/null 2>&1; rm -rf $d; }",
             DISK_BYTES, path, options, path, path);
    assert_true(WEXITSTATUS(system(cmd)) == 0);
    disk_from_file(path);
    assert_int_equal(disk_e2fsck("-fn"), 0);
    if (replay) {
        pid = fork();
        if (pid == 0) {
            assert_int_equal(disk_mount(), 0);
            for (int i = 0; i < 40; i++) {
                snprintf(cmd, sizeof(cmd), "/d/g%d", i);
                use_file(cmd);
            }
            disk_to_file(path);
            _exit(0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        disk_from_file(path);
    }
    unlink(path);
}

static void test_ext4_damage_is_an_error(void **state)
{
    static const char *const options[] = {
        "-b 1024", "-b 1024 -O ^metadata_csum", "-b 4096 -O ^metadata_csum",
        "-b 4096 -O ^has_journal,^metadata_csum"};
    const char *more = getenv("EXT4_ROUNDS");
    uint32_t rounds = more ? (uint32_t)atoi(more) : ROUNDS_FUZZ;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        make(options[i], i % 2 == 1);
        for (uint32_t seed = 0; seed < rounds; seed++)
            in_child(seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ext4_damage_is_an_error),
    };

    if (!disk_tools()) {
        puts("SKIP no mke2fs (Debian package e2fsprogs)");
        return 0;
    }
    disk_init();
    mapping_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// sources: kernel/fs/ext4/*.c kernel/vfs/*.c kernel/fs/tmpfs/*.c
// sources: kernel/fs/erofs/*.c kernel/mm/shm.c kernel/core/timer.c
// sources: kernel/mm/shm_loan.c lib/rbtree.c kernel/fs/dev/special.c
/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ext4 against a model, across mounts, with e2fsck's word for each result. A
 * test runs in a process of its own: names that are known stay so.
 */
#include "tests/unit/vfs_model.h"

#include "tests/unit/ext4_disk.h"

static const char *const layouts[] = {
    "-b 4096 -I 256",
    "", /* as mke2fs.conf has it: blocks of 1024 bytes for so small a disk */
    "-b 2048 -O ^metadata_csum",
    "-b 4096 -O ^has_journal,^64bit,^resize_inode",
    "-b 1024 -O ^64bit,^flex_bg -g 2048 -N 512",
};

/* Processes share the disk by way of a file. */
static char shared[64];

static void begin(void)
{
    disk_from_file(shared);
    assert_int_equal(disk_mount(), 0);
}

static void end(void)
{
    ext4_leave_all();
    disk_to_file(shared);
    assert_int_equal(disk_e2fsck("-fn"), 0);
}

static void model_session(const void *arg)
{
    (void)arg;
    begin();
    nodes[0] = (struct node){true, true, -1, 0, 0, 0};
    model_rounds(3000);
    end();
}

static void test_ext4_names_follow_the_model(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(layouts); i++) {
        disk_mke2fs(layouts[i]);
        /* the model's root has no lost+found */
        assert_int_equal(disk_mount(), 0);
        assert_int_equal(vfs_unlink(AT_FDCWD, "/lost+found", true), 0);
        ext4_leave_all();
        disk_to_file(shared);
        disk_child(model_session, NULL);
    }
}

/* ---- content against an array, over several mounts ----------------------- */

enum { FILES = 4, FILE_BYTES = 3 << 20, CONTENT_ROUNDS = 400 };

struct content {
    uint64_t size[FILES];
    uint8_t bytes[FILES][FILE_BYTES];
};
static struct content *content; /* shared by the sessions */

static void name_of(int i, char path[16])
{
    snprintf(path, 16, "/c%d", i);
}

static void grown_to(int i, uint64_t end)
{
    if (end > content->size[i])
        content->size[i] = end;
}

static void change(int i, struct file *f)
{
    static uint8_t data[FILE_BYTES];
    uint64_t off = (uint64_t)rand() % FILE_BYTES;
    uint64_t len = (uint64_t)rand() % (rand() % 4 ? 9000 : 500000) + 1;
    struct iattr attr = {.valid = ATTR_SIZE, .size_bytes = off};

    len = len < FILE_BYTES - off ? len : FILE_BYTES - off;
    switch (rand() % 8) {
    case 0:
        assert_int_equal(inode_setattr(f->inode, &attr), 0);
        memset(content->bytes[i] + off, 0, FILE_BYTES - off);
        content->size[i] = off;
        break;
    case 1:
        assert_int_equal(f->ops->fallocate(f, 0, off, len), 0);
        grown_to(i, off + len);
        break;
    case 2: /* PUNCH_HOLE | KEEP_SIZE */
        assert_int_equal(f->ops->fallocate(f, 3, off, len), 0);
        memset(content->bytes[i] + off, 0, len);
        break;
    case 3:
        assert_int_equal(f->ops->sync(f, rand() % 2), 0);
        break;
    default:
        memset(data, rand(), len);
        assert_int_equal(file_pwrite_kernel(f, data, len, off), len);
        memcpy(content->bytes[i] + off, data, len);
        grown_to(i, off + len);
    }
}

static void check_content(int i, struct file *f)
{
    static uint8_t got[FILE_BYTES];

    assert_int_equal(f->inode->size_bytes, content->size[i]);
    assert_int_equal(file_pread_kernel(f, got, FILE_BYTES, 0),
                     content->size[i]);
    assert_memory_equal(got, content->bytes[i], content->size[i]);
}

static void content_session(const void *arg)
{
    (void)arg;
    begin();
    for (int round = 0; round < CONTENT_ROUNDS; round++) {
        struct file *f;
        char path[16];
        int i = rand() % FILES;

        name_of(i, path);
        assert_int_equal(vfs_open_kernel(path, O_RDWR | O_CREAT, &f), 0);
        if (round < FILES * 4)
            check_content(i, f);
        change(i, f);
        if (round % 8 == 0)
            check_content(i, f);
        file_put(f);
    }
    end();
}

static void test_ext4_content_is_kept(void **state)
{
    (void)state;
    content = mmap(NULL, sizeof(*content), PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (size_t i = 0; i < ARRAY_LEN(layouts); i++) {
        memset(content, 0, sizeof(*content));
        disk_mke2fs(layouts[i]);
        disk_to_file(shared);
        for (int session = 0; session < 3; session++) {
            srand((unsigned)session);
            disk_child(content_session, NULL);
        }
    }
}

/* ---- a disk that is full, and is emptied again --------------------------- */

static void full_session(const void *arg)
{
    static uint8_t data[100000];
    struct kstatfs before, after;
    struct file *f;
    uint64_t off = 0;
    char path[16];
    int64_t n = 1, nr = 0;

    (void)arg;
    begin();
    vfs_root()->super->statfs(vfs_root()->super, &before);
    assert_int_equal(vfs_open_kernel("/big", O_RDWR | O_CREAT, &f), 0);
    for (; n > 0; off += (uint64_t)n)
        n = file_pwrite_kernel(f, data, sizeof(data), off);
    assert_int_equal(n, -ENOSPC);
    assert_true(off > DISK_BYTES / 2);
    file_put(f);
    for (n = 0; !n; nr++) {
        snprintf(path, sizeof(path), "/e%d", (int)nr);
        n = vfs_create(AT_FDCWD, path, S_IFDIR | 0755, 0);
    }
    assert_int_equal(n, -ENOSPC);
    assert_int_equal(ext4_sync_all(), 0);
    for (nr--; nr--;) {
        snprintf(path, sizeof(path), "/e%d", (int)nr);
        assert_int_equal(vfs_unlink(AT_FDCWD, path, true), 0);
    }
    assert_int_equal(vfs_unlink(AT_FDCWD, "/big", false), 0);
    vfs_root()->super->statfs(vfs_root()->super, &after);
    /* the root directory stays as long as it was */
    assert_in_range(after.bfree, before.bfree - 20, before.bfree);
    end();
}

static void test_ext4_full_disk_is_refused_and_usable(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(layouts); i++) {
        disk_mke2fs(layouts[i]);
        disk_to_file(shared);
        disk_child(full_session, NULL);
    }
}

/* ---- blocks that were freed since the last commit ------------------------ */

/* From the end on, so that the last of them begins the only free run. */
static void freed_session(const void *arg)
{
    enum { PAGES = 64, STEP = 4 };
    static uint8_t data[PAGES * 4096];
    struct iattr attr = {.valid = ATTR_SIZE};
    struct file *f;

    (void)arg;
    begin();
    assert_int_equal(vfs_open_kernel("/f", O_RDWR | O_CREAT, &f), 0);
    assert_int_equal(file_pwrite_kernel(f, data, sizeof(data), 0),
                     sizeof(data));
    assert_int_equal(f->ops->sync(f, false), 0);
    for (uint64_t page = PAGES; page > 0; page -= STEP) {
        attr.size_bytes = (page - STEP) * 4096;
        assert_int_equal(inode_setattr(f->inode, &attr), 0);
    }
    assert_int_equal(file_pwrite_kernel(f, data, sizeof(data), 0),
                     sizeof(data));
    file_put(f);
    end();
}

static void test_ext4_room_behind_freed_blocks(void **state)
{
    (void)state;
    disk_mke2fs("-b 4096");
    disk_to_file(shared);
    disk_child(freed_session, NULL);
}

/* ---- what Linux made (here: mke2fs -d and debugfs) ------------------------
 */

static void hashed_session(const void *arg)
{
    struct file *f;
    char path[32];

    (void)arg;
    begin();
    for (int i = 0; i < 3000; i += 7) { /* found by a plain search */
        snprintf(path, sizeof(path), "/many/name-of-file-%d", i);
        assert_int_equal(vfs_open_kernel(path, O_RDONLY, &f), 0);
        file_put(f);
        assert_int_equal(vfs_unlink(AT_FDCWD, path, false), 0);
    }
    assert_int_equal(list_dir("/many"), 3000 - 429);
    assert_int_equal(vfs_create(AT_FDCWD, "/many/new", S_IFREG | 0644, 0), 0);
    assert_int_equal(list_dir("/many"), 3000 - 428);
    assert_int_equal(
        vfs_rename(AT_FDCWD, "/many", AT_FDCWD, "/lost+found/many", 0), 0);
    end();
}

static void test_ext4_hashed_directory_becomes_plain(void **state)
{
    char cmd[512];

    (void)state;
    for (int blocks = 1024; blocks <= 4096; blocks *= 4) {
        snprintf(cmd, sizeof(cmd),
                 "d=$(mktemp -d) && mkdir $d/many && cd $d/many && seq -f "
                 "name-of-file-%%g 0 2999 | xargs touch && truncate -s %d %s "
                 "&& /sbin/mke2fs -q -F -t ext4 -N 5000 -b %d -d $d %s && "
                 "/sbin/e2fsck -fyD %s >/dev/null; rm -rf $d",
                 DISK_BYTES, shared, blocks, shared, shared);
        assert_int_equal(system(cmd), 0);
        disk_child(hashed_session, NULL);
    }
}

/* ---- extended attributes ---------------------------------------------------
 */

static const char *const attr_names[] = {
    "user.a",    "user.long-name-of-an-attribute",
    "trusted.b", "security.c",
    "user.bb",   "user.c",
    "user.d",    "user.eeee",
};
enum { ATTRS = 8, ATTR_FILES = 3, ATTR_BYTES = 600 };

struct attrs {
    int64_t len[ATTR_FILES][ATTRS]; /* -1: there is none */
    uint8_t value[ATTR_FILES][ATTRS][ATTR_BYTES];
};
static struct attrs *attrs;

static void check_attrs(int i, struct inode *inode)
{
    uint8_t got[ATTR_BYTES];
    char list[1024];
    int64_t want = 0;

    for (int k = 0; k < ATTRS; k++) {
        int64_t len = attrs->len[i][k];
        int64_t n =
            inode->ops->getxattr(inode, attr_names[k], got, sizeof(got));

        assert_int_equal(n, len < 0 ? -ENODATA : len);
        if (len > 0)
            assert_memory_equal(got, attrs->value[i][k], (size_t)len);
        want += len < 0 ? 0 : (int64_t)strlen(attr_names[k]) + 1;
    }
    assert_int_equal(inode->ops->listxattr(inode, list, sizeof(list)), want);
}

static void change_attr(int i, struct inode *inode)
{
    int k = rand() % ATTRS;
    int64_t len = rand() % (rand() % 3 ? 40 : ATTR_BYTES);
    uint8_t value[ATTR_BYTES];
    int err;

    if (rand() % 4 == 0) {
        err = inode->ops->removexattr(inode, attr_names[k]);
        assert_int_equal(err, attrs->len[i][k] < 0 ? -ENODATA : 0);
        attrs->len[i][k] = -1;
        return;
    }
    memset(value, rand(), sizeof(value));
    err = inode->ops->setxattr(inode, attr_names[k], value, (size_t)len, 0);
    if (err == -ENOSPC) /* more than an inode and a block hold */
        return;
    assert_int_equal(err, 0);
    attrs->len[i][k] = len;
    memcpy(attrs->value[i][k], value, (size_t)len);
}

static void attr_session(const void *arg)
{
    (void)arg;
    begin();
    for (int round = 0; round < 300; round++) {
        int i = rand() % ATTR_FILES;
        struct file *f;
        char path[16];

        name_of(i, path);
        assert_int_equal(vfs_open_kernel(path, O_RDWR | O_CREAT, &f), 0);
        check_attrs(i, f->inode);
        change_attr(i, f->inode);
        check_attrs(i, f->inode);
        file_put(f);
        if (round % 100 == 99) {
            assert_int_equal(vfs_unlink(AT_FDCWD, path, false), 0);
            memset(attrs->len[i], 0xff, sizeof(attrs->len[i]));
        }
    }
    end();
}

static void test_ext4_attributes_are_kept(void **state)
{
    (void)state;
    attrs = mmap(NULL, sizeof(*attrs), PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (size_t i = 0; i < ARRAY_LEN(layouts); i++) {
        memset(attrs->len, 0xff, sizeof(attrs->len));
        disk_mke2fs(layouts[i]);
        disk_to_file(shared);
        for (int session = 0; session < 2; session++) {
            srand((unsigned)session);
            disk_child(attr_session, NULL);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ext4_names_follow_the_model),
        cmocka_unit_test(test_ext4_content_is_kept),
        cmocka_unit_test(test_ext4_full_disk_is_refused_and_usable),
        cmocka_unit_test(test_ext4_room_behind_freed_blocks),
        cmocka_unit_test(test_ext4_hashed_directory_becomes_plain),
        cmocka_unit_test(test_ext4_attributes_are_kept),
    };
    int failed;

    if (!disk_tools()) {
        puts("SKIP no mke2fs (Debian package e2fsprogs)");
        return 0;
    }
    disk_init();
    disk_temp(shared);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(shared);
    return failed;
}

/* sources: kernel/vfs/dentry.c kernel/vfs/walk.c kernel/vfs/nameops.c */
/* sources: kernel/vfs/dentry_change.c */
/* sources: kernel/vfs/open.c kernel/vfs/path.c kernel/vfs/inode.c */
/* sources: kernel/vfs/cred.c kernel/vfs/notify.c kernel/vfs/mount.c */
/* sources: kernel/vfs/file.c kernel/vfs/fd.c kernel/vfs/lock.c */
/* sources: kernel/vfs/lock_tell.c */
/* sources: kernel/vfs/seek.c kernel/vfs/dirent.c kernel/vfs/uio.c */
/* sources: kernel/fs/tmpfs/data.c kernel/fs/tmpfs/dir.c */
/* sources: kernel/fs/tmpfs/extents.c kernel/fs/tmpfs/names.c */
/* sources: kernel/fs/tmpfs/file.c kernel/fs/tmpfs/inode.c */
/* sources: kernel/fs/tmpfs/map.c kernel/fs/tmpfs/xattr.c */
/* sources: kernel/fs/erofs/erofs.c kernel/fs/erofs/dir.c */
/* sources: kernel/fs/erofs/xattr.c kernel/mm/shm.c */
/* sources: kernel/mm/shm_loan.c lib/rbtree.c kernel/vfs/mapped.c */
/* sources: kernel/fs/dev/special.c */
/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random operations on names over an image, against a model: see vfs_model.h.
 */
#include "tests/unit/vfs_model.h"

#include "kernel/fs/erofs/erofs.h"

/* n0 .. n2 directories with files n0 .. n3 of four bytes each. */
static void *make_image(size_t *len)
{
    char dir[] = "/tmp/vfs.XXXXXX", cmd[512];
    void *image;
    FILE *f;

    assert_non_null(mkdtemp(dir));
    snprintf(cmd, sizeof(cmd),
             "cd %s && mkdir -p t/n0 t/n1 t/n2 && for d in 0 1 2; do "
             "for n in 0 1 2 3; do printf '%%s000' $n > t/n$d/n$n; done; done "
             "&& mkfs.erofs --quiet -T7 -x-1 i t >/dev/null 2>&1",
             dir);
    assert_int_equal(system(cmd), 0);
    snprintf(cmd, sizeof(cmd), "%s/i", dir);
    f = fopen(cmd, "rb");
    assert_non_null(f);
    fseek(f, 0, SEEK_END);
    *len = (size_t)ftell(f);
    rewind(f);
    image = malloc(*len);
    assert_int_equal(fread(image, 1, *len, f), *len);
    fclose(f);
    snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
    assert_int_equal(system(cmd), 0);
    return image;
}

static void start(void)
{
    static struct erofs fs;
    static struct super root = {.type = "overlay", .source = "overlay"};
    size_t len;
    void *image = make_image(&len);

    fake_vfs_init();
    assert_int_equal(erofs_open(&fs, image, len), 0);
    assert_int_equal(tmpfs_new(&root, &fs, 0755), 0);
    assert_int_equal(mount_add(&root, NULL), 0);
    vfs_set_root(root.root);
    vfs_set_cwd(root.root);
    nodes[0] = (struct node){true, true, -1, 0, 0, 0};
    for (int d = 0; d < 3; d++) {
        int dir = model_new(0, d, true);

        for (int n = 0; n < 4; n++) {
            int i = model_new(dir, n, false);

            nodes[i].slot = nr_slots++;
            contents[nodes[i].slot] = 0x30303030 + n;
        }
    }
}

static void test_vfs_names_follow_the_model(void **state)
{
    (void)state;
    srand(3);
    start();
    check_all();
    model_rounds(ROUNDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vfs_names_follow_the_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

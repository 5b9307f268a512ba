/* sources: kernel/vfs/dentry.c kernel/vfs/walk.c kernel/vfs/nameops.c */
/* sources: kernel/vfs/open.c kernel/vfs/path.c kernel/vfs/inode.c */
/* sources: kernel/vfs/cred.c kernel/vfs/notify.c kernel/vfs/mount.c */
/* sources: kernel/vfs/file.c kernel/vfs/fd.c kernel/vfs/lock.c */
/* sources: kernel/vfs/seek.c kernel/vfs/dirent.c kernel/vfs/uio.c */
/* sources: kernel/fs/tmpfs/data.c kernel/fs/tmpfs/dir.c */
/* sources: kernel/fs/tmpfs/file.c kernel/fs/tmpfs/inode.c */
/* sources: kernel/fs/tmpfs/map.c kernel/fs/tmpfs/xattr.c */
/* sources: kernel/fs/erofs/erofs.c kernel/fs/erofs/dir.c */
/* sources: kernel/fs/erofs/xattr.c kernel/mm/shm.c */
/* sources: kernel/mm/shm_loan.c lib/rbtree.c */
/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random operations on names over an image, against a model: after each the
 * same names must exist, with the same content, and be listed once.
 */
#include "tests/unit/fake_kernel.h"

#include <errno.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <sys/mman.h>

#include "kernel/core/clock.h"
#include "kernel/core/event.h"
#include "kernel/core/uaccess.h"
#include "kernel/fs/dev/dev.h"
#include "kernel/fs/erofs/erofs.h"
#include "kernel/fs/pipe/pipe.h"
#include "kernel/fs/tmpfs/tmpfs.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/shm.h"
#include "kernel/mm/sidecar.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/thread.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/mode.h"
#include "kernel/vfs/mount.h"
#include "kernel/vfs/namei.h"
#include "kernel/vfs/vfs.h"
#include "lib/string.h"

/* ---- what the sources need below them ------------------------------------ */

struct process process;

uint64_t clock_mono_ns(void)
{
    return 1;
}
int64_t clock_real_ns(void)
{
    static int64_t now = 1000;

    return ++now;
}
int signal_send_thread(struct thread *t, const struct siginfo_k *info)
{
    (void)t;
    fail_msg("signal %d: no limit is set here", info->signo);
    return 0;
}
bool event_poll(void)
{
    return false;
}

bool event_deferred;

void event_flush_now(void)
{
}

int copy_from_user(void *dst, uptr_t src, size_t len)
{
    (void)dst, (void)src, (void)len;
    return -EFAULT;
}
int copy_to_user(uptr_t dst, const void *src, size_t len)
{
    (void)dst, (void)src, (void)len;
    return -EFAULT;
}
int clear_user(uptr_t dst, size_t len)
{
    (void)dst, (void)len;
    return -EFAULT;
}
int dev_open(struct inode *inode, struct file *f)
{
    (void)inode, (void)f;
    return -ENXIO;
}
int pipe_open_fifo(struct inode *inode, struct file *f)
{
    (void)inode, (void)f;
    return -ENXIO;
}
int sidecar_map_exec(uint64_t image_off, uint64_t file_off, uint64_t addr,
                     size_t len, int prot)
{
    (void)image_off, (void)file_off, (void)addr, (void)len, (void)prot;
    return -ENOSYS;
}
size_t sidecar_tail(uint64_t image_off, uint64_t file_off, size_t len)
{
    (void)image_off, (void)file_off, (void)len;
    return 0;
}
void mm_truncated(struct backing *b)
{
    (void)b;
}
void backing_get(struct backing *b)
{
    b->refs++;
}
void backing_put(struct backing *b)
{
    if (--b->refs == 0 && b->ops->release)
        b->ops->release(b);
}
void waitq_add(struct waitq *q, struct waiter *w)
{
    (void)q, (void)w;
}
void waitq_del(struct waiter *w)
{
    (void)w;
}
void waitq_wake(struct waitq *q, uint32_t events)
{
    (void)q, (void)events;
}
void waiter_init_thread(struct waiter *w)
{
    (void)w;
}
int thread_sleep_uninterruptible(uint64_t deadline)
{
    (void)deadline;
    return 0;
}

int thread_sleep(uint64_t deadline)
{
    (void)deadline;
    return -ETIMEDOUT;
}
size_t strlcpy(char *dst, const char *src, size_t size)
{
    snprintf(dst, size, "%s", src);
    return strlen(src);
}
void random_bytes(void *buf, size_t len)
{
    memset(buf, 7, len);
}
char *kstrdup(const char *s)
{
    return strdup(s);
}
static int64_t no_punch(uint64_t off, uint64_t len)
{
    memset((char *)(uintptr_t)fake_boot.shm.base + off, 0, len);
    return 0;
}

/* ---- the model ----------------------------------------------------------- */

enum { NODES = 64, ROUNDS = 60000, NAMES = 6, SHM_BYTES = 64 << 20 };

struct node {
    bool used, dir;
    int parent; /* -1: the root itself */
    int name;
    int content; /* of a file; hard links share it through slot */
    int slot;
};
static struct node nodes[NODES];
static int contents[1000], nr_slots;

static int model_child(int parent, int name)
{
    for (int i = 1; i < NODES; i++)
        if (nodes[i].used && nodes[i].parent == parent && nodes[i].name == name)
            return i;
    return -1;
}

static int model_new(int parent, int name, bool dir)
{
    for (int i = 1; i < NODES; i++)
        if (!nodes[i].used) {
            nodes[i] = (struct node){true, dir, parent, name, 0, 0};
            return i;
        }
    return -1;
}

static bool model_empty(int dir)
{
    for (int i = 1; i < NODES; i++)
        if (nodes[i].used && nodes[i].parent == dir)
            return false;
    return true;
}

static bool model_below(int n, int ancestor)
{
    for (; n >= 0; n = nodes[n].parent)
        if (n == ancestor)
            return true;
    return false;
}

static void path_of(int dir, int name, char *out)
{
    char rest[256] = "";

    for (; dir > 0; dir = nodes[dir].parent) {
        char t[256];

        snprintf(t, sizeof(t), "/n%d%s", nodes[dir].name, rest);
        strcpy(rest, t);
    }
    if (name >= 0)
        sprintf(out, "%s/n%d", rest, name);
    else
        sprintf(out, "%s", *rest ? rest : "/");
}

static int random_dir(void)
{
    for (;;) {
        int i = rand() % NODES;

        if (nodes[i].used && nodes[i].dir)
            return i;
    }
}

/* ---- operations on both -------------------------------------------------- */

static int put(const char *path, int content)
{
    struct file *f;
    int err = vfs_open_kernel(path, O_WRONLY | O_CREAT, &f);

    if (err)
        return err;
    assert_int_equal(file_pwrite_kernel(f, &content, sizeof(content), 0),
                     sizeof(content));
    file_put(f);
    return 0;
}

static void op_write(int dir, int name, const char *path)
{
    int c = rand(), i = model_child(dir, name);

    if (i >= 0 && nodes[i].dir) {
        assert_int_equal(put(path, c), -EISDIR);
        return;
    }
    if (i < 0) {
        i = model_new(dir, name, false);
        if (i < 0)
            return;
        nodes[i].slot = nr_slots++ % 1000;
    }
    contents[nodes[i].slot] = c;
    assert_int_equal(put(path, c), 0);
}

static void op_mkdir(int dir, int name, const char *path)
{
    int err = vfs_create(AT_FDCWD, path, S_IFDIR | 0755, 0);

    if (model_child(dir, name) >= 0) {
        assert_int_equal(err, -EEXIST);
        return;
    }
    assert_int_equal(err, 0);
    if (model_new(dir, name, true) < 0)
        assert_int_equal(vfs_unlink(AT_FDCWD, path, true), 0);
}

static void op_unlink(int dir, int name, const char *path)
{
    int i = model_child(dir, name);
    bool as_dir = rand() & 1;
    int err = vfs_unlink(AT_FDCWD, path, as_dir);

    if (i < 0)
        assert_int_equal(err, -ENOENT);
    else if (nodes[i].dir != as_dir)
        assert_int_equal(err, as_dir ? -ENOTDIR : -EISDIR);
    else if (as_dir && !model_empty(i))
        assert_int_equal(err, -ENOTEMPTY);
    else {
        assert_int_equal(err, 0);
        nodes[i].used = false;
    }
}

static int model_rename(int i, int to_dir, int to_name)
{
    int j = model_child(to_dir, to_name);

    if (i < 0)
        return -ENOENT;
    if (nodes[i].dir && model_below(to_dir, i))
        return -EINVAL;
    if (i == j)
        return 0;
    if (j >= 0) {
        if (model_below(i, j))
            return -ENOTEMPTY;
        if (nodes[i].dir != nodes[j].dir)
            return nodes[i].dir ? -ENOTDIR : -EISDIR;
        if (nodes[j].dir && !model_empty(j))
            return -ENOTEMPTY;
        if (!nodes[i].dir && nodes[i].slot == nodes[j].slot)
            return 0; /* two names of one file: nothing happens */
        nodes[j].used = false;
    }
    nodes[i].parent = to_dir;
    nodes[i].name = to_name;
    return 0;
}

static void op_rename(int dir, int name, const char *path)
{
    int to_dir = random_dir(), to_name = rand() % NAMES;
    char to[256];

    path_of(to_dir, to_name, to);
    assert_int_equal(vfs_rename(AT_FDCWD, path, AT_FDCWD, to, 0),
                     model_rename(model_child(dir, name), to_dir, to_name));
}

static void op_link(int dir, int name, const char *path)
{
    int to_dir = random_dir(), to_name = rand() % NAMES;
    int i = model_child(dir, name), j;
    struct dentry *d;
    char to[256];

    path_of(to_dir, to_name, to);
    if (path_lookup(AT_FDCWD, path, 0, &d)) {
        assert_true(i < 0);
        return;
    }
    if (nodes[i].dir) {
        assert_int_equal(vfs_link(d, AT_FDCWD, to), -EPERM);
    } else if (model_child(to_dir, to_name) >= 0) {
        assert_int_equal(vfs_link(d, AT_FDCWD, to), -EEXIST);
    } else if ((j = model_new(to_dir, to_name, false)) >= 0) {
        nodes[j].slot = nodes[i].slot;
        assert_int_equal(vfs_link(d, AT_FDCWD, to), 0);
    }
    dentry_put(d);
}

static void check_file(int i, const char *path)
{
    struct file *f;
    int c = 0;

    assert_int_equal(vfs_open_kernel(path, O_RDONLY, &f), 0);
    assert_int_equal(file_pread_kernel(f, &c, sizeof(c), 0), sizeof(c));
    assert_int_equal(c, contents[nodes[i].slot]);
    file_put(f);
}

static int list_dir(const char *path)
{
    static char buf[8192];
    struct file *f;
    struct uio_seg seg;
    struct uio u;
    int nr = 0;

    assert_int_equal(vfs_open_kernel(path, O_RDONLY, &f), 0);
    for (;;) {
        int64_t n;

        uio_init(&u, &seg, (uintptr_t)buf, 64, true); /* few at a time */
        n = f->ops->getdents(f, &u);
        assert_true(n >= 0);
        if (!n)
            break;
        for (int64_t at = 0; at < n; nr++) {
            uint16_t len;

            memcpy(&len, buf + at + 16, 2);
            at += len;
        }
    }
    file_put(f);
    return nr - 2; /* dots */
}

static void check_all(void)
{
    for (int i = 0; i < NODES; i++) {
        char path[256];
        int nr = 0;

        if (!nodes[i].used)
            continue;
        if (i == 0)
            strcpy(path, "/");
        else
            path_of(nodes[i].parent, nodes[i].name, path);
        if (!nodes[i].dir) {
            check_file(i, path);
            continue;
        }
        for (int j = 1; j < NODES; j++)
            nr += nodes[j].used && nodes[j].parent == i;
        assert_int_equal(list_dir(path), nr);
    }
}

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

    process.umask = 022;
    for (int i = 0; i < 16; i++)
        process.limits[i].soft = UINT64_MAX;
    fake_boot.shm.base =
        (uintptr_t)mmap(NULL, SHM_BYTES, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    fake_boot.shm.len_bytes = SHM_BYTES;
    fake_boot.mem_limit_bytes = SHM_BYTES;
    platform.ops.shm_punch = no_punch;
    dentry_init();
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
    for (int round = 0; round < ROUNDS; round++) {
        int dir = random_dir(), name = rand() % NAMES;
        char path[256];

        path_of(dir, name, path);
        switch (rand() % 8) {
        case 0:
        case 1:
            op_write(dir, name, path);
            break;
        case 2:
            op_mkdir(dir, name, path);
            break;
        case 3:
        case 4:
            op_unlink(dir, name, path);
            break;
        case 5:
        case 6:
            op_rename(dir, name, path);
            break;
        default:
            op_link(dir, name, path);
            break;
        }
        if (round % 16 == 0)
            check_all();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vfs_names_follow_the_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

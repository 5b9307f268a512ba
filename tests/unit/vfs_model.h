/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A model of names and files, and operations on it and on the VFS alike: after
 * each the same names must exist, with the same content, and be listed once.
 */
#ifndef EINKORN_TESTS_UNIT_VFS_MODEL_H
#define EINKORN_TESTS_UNIT_VFS_MODEL_H

#include "tests/unit/fake_vfs.h"

enum { NODES = 64, ROUNDS = 60000, NAMES = 6 };

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

/* Random operations on files and names, each compared with the model. */
static void model_rounds(int rounds)
{
    for (int round = 0; round < rounds; round++) {
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

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of AF_UNIX sockets: paths, whose inode points at the socket, and
 * abstract ones (unix(7)).
 */
#include <linux/errno.h>
#include <linux/fcntl.h>

#include "kernel/core/random.h"
#include "kernel/fs/sock/unix.h"
#include "kernel/vfs/dentry.h"
#include "kernel/vfs/inode.h"
#include "kernel/vfs/namei.h"
#include "lib/fmt.h"
#include "lib/string.h"

enum {
    FAMILY_LEN = 2,
    S_IFMT_MASK = 0170000,
    S_IFSOCK_MODE = 0140000,
    MAY_WRITE = 2,
    AUTOBIND_TRIES = 1 << 20,
};

static struct list abstract = LIST_INIT(abstract);

int unix_parse(const struct sock_name *in, struct unix_name *out)
{
    const char *path = (const char *)in->data + FAMILY_LEN;

    if (in->len_bytes <= FAMILY_LEN ||
        in->len_bytes > FAMILY_LEN + UNIX_PATH_MAX || in->data[0] != AF_UNIX ||
        in->data[1])
        return -EINVAL;
    out->len_bytes = in->len_bytes - FAMILY_LEN;
    if (path[0])
        out->len_bytes = (uint32_t)strnlen(path, out->len_bytes);
    memcpy(out->data, path, out->len_bytes);
    return 0;
}

void unix_show(const struct unix_name *name, struct sock_name *out)
{
    memset(out->data, 0, sizeof(out->data));
    out->data[0] = AF_UNIX;
    memcpy(out->data + FAMILY_LEN, name->data, name->len_bytes);
    out->len_bytes = FAMILY_LEN + name->len_bytes;
    if (name->len_bytes && name->data[0])
        out->len_bytes++; /* the NUL counts */
}

static bool same(const struct unix_name *a, const struct unix_name *b)
{
    return a->len_bytes == b->len_bytes &&
           memcmp(a->data, b->data, a->len_bytes) == 0;
}

static struct unix_sock *find_abstract(const struct unix_name *name)
{
    list_for_each(node, &abstract)
    {
        struct unix_sock *u = container_of(node, struct unix_sock, named);

        if (same(&u->name, name))
            return u;
    }
    return NULL;
}

static int bind_abstract(struct unix_sock *u, const struct unix_name *name)
{
    if (find_abstract(name))
        return -EADDRINUSE;
    u->name = *name;
    list_push_back(&abstract, &u->named);
    return 0;
}

/* unix(7): five hexadecimal digits nobody uses. */
static int autobind(struct unix_sock *u)
{
    struct unix_name name = {.len_bytes = 6};
    char digits[8];

    for (unsigned i = 0; i < AUTOBIND_TRIES; i++) {
        snprintf(digits, sizeof(digits), "%05x",
                 (unsigned)random_u64() & 0xfffff);
        memcpy(name.data + 1, digits, 5);
        if (bind_abstract(u, &name) == 0)
            return 0;
    }
    return -ENOSPC;
}

static int path_of(const struct unix_name *name, char path[UNIX_PATH_MAX + 1])
{
    memcpy(path, name->data, name->len_bytes);
    path[name->len_bytes] = 0;
    return path[0] ? 0 : -EINVAL;
}

static int bind_path(struct unix_sock *u, const struct unix_name *name)
{
    char path[UNIX_PATH_MAX + 1];
    struct dentry *d;
    int err = path_of(name, path);

    if (!err)
        err = vfs_create_dentry(AT_FDCWD, path, S_IFSOCK_MODE | 0777, 0, &d);
    if (err)
        return err == -EEXIST ? -EADDRINUSE : err;
    u->name = *name;
    u->inode = d->inode;
    inode_get(u->inode);
    u->inode->object = u;
    dentry_put(d);
    return 0;
}

int unix_bind(struct sock *s, const struct sock_name *sn)
{
    struct unix_sock *u = unix_of(s);
    struct unix_name name;
    int err;

    if (u->name.len_bytes)
        return -EINVAL;
    if (sn->len_bytes == FAMILY_LEN && sn->data[0] == AF_UNIX && !sn->data[1])
        return autobind(u);
    err = unix_parse(sn, &name);
    if (err)
        return err;
    return name.data[0] ? bind_path(u, &name) : bind_abstract(u, &name);
}

void unix_unbind(struct unix_sock *u)
{
    list_remove(&u->named);
    if (!u->inode)
        return;
    u->inode->object = NULL;
    inode_put(u->inode);
    u->inode = NULL;
}

int unix_find(const struct unix_name *name, struct unix_sock **out)
{
    char path[UNIX_PATH_MAX + 1];
    struct unix_sock *u = NULL;
    struct dentry *d;
    int err;

    if (!name->data[0]) {
        u = find_abstract(name);
    } else {
        err = path_of(name, path);
        if (!err)
            err = path_lookup(AT_FDCWD, path, LOOKUP_FOLLOW, &d);
        if (err)
            return err;
        err = inode_permission(d->inode, MAY_WRITE);
        if (!err && (d->inode->mode & S_IFMT_MASK) == S_IFSOCK_MODE)
            u = d->inode->object;
        dentry_put(d);
        if (err)
            return err;
    }
    if (!u || u->dead)
        return -ECONNREFUSED;
    unix_get(u);
    *out = u;
    return 0;
}

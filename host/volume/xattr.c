/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests about extended attributes: see xattr.h. */
#include "host/volume/xattr.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "host/volume/serve.h"

static bool is_users(const char *name)
{
    return strncmp(name, "user.", 5) == 0 && name[5] != '\0';
}

static struct xattr *take_slot(struct server *s)
{
    for (int i = 0; i < XATTR_SLOTS; i++) {
        struct xattr *x = &s->xattrs[i];

        if (!x->used) {
            x->used = true;
            x->is_new = false;
            x->len = x->room = 0;
            return x;
        }
    }
    return NULL;
}

/* Names of users' attributes alone, each with its NUL. */
static size_t keep_users(uint8_t *list, size_t len)
{
    size_t kept = 0;

    for (size_t at = 0; at < len;) {
        const char *name = (const char *)list + at;
        size_t size = strnlen(name, len - at - 1) + 1;

        if (is_users(name)) {
            memmove(list + kept, name, size);
            kept += size;
        }
        at += size;
    }
    return kept;
}

/* The working directory has a name for each descriptor. */
static void name_of(const struct fid *fid, char number[16])
{
    snprintf(number, 16, "%d", fid->path_fd);
}

/* The value, or with an empty name the list of names. 0 or -errno. */
static int load(const struct fid *fid, struct xattr *x)
{
    char number[16];
    ssize_t len;

    name_of(fid, number);
    if (x->name[0] == '\0') {
        len = listxattr(number, (char *)x->value, sizeof(x->value));
    } else if (is_users(x->name)) {
        len = getxattr(number, x->name, x->value, sizeof(x->value));
    } else {
        return -ENODATA;
    }
    if (len < 0) {
        return -errno;
    }
    x->len =
        x->name[0] == '\0' ? keep_users(x->value, (size_t)len) : (size_t)len;
    return 0;
}

/* fid[4] newfid[4] name[s] -> size[8] */
int serve_xattrwalk(struct server *s, struct p9_msg *in, struct p9_msg *out)
{
    struct fid *fid = serve_fid(s, in);
    uint32_t number = p9_get32(in);
    struct xattr *x;
    int fd, rc;

    if (in->bad || fid == NULL) {
        return -EBADF;
    }
    x = take_slot(s);
    if (x == NULL) {
        return -ENFILE;
    }
    wire_get_str(in, x->name, sizeof(x->name));
    rc = in->bad ? -EINVAL : load(fid, x);
    fd = rc < 0 ? -1 : fcntl(fid->path_fd, F_DUPFD_CLOEXEC, 0);
    if (rc == 0) {
        rc = fd < 0 ? -errno : serve_add_fid(s, number, fd, NULL);
    }
    if (rc < 0) {
        x->used = false;
        return rc;
    }
    fid_find(&s->fids, number)->xattr = x;
    p9_put64(out, x->len);
    return 0;
}

/* fid[4] name[s] size[8] flags[4] */
int serve_xattrcreate(struct server *s, struct p9_msg *in, struct p9_msg *out)
{
    struct fid *fid = serve_fid(s, in);
    char name[XATTR_NAME_MAX + 1];
    uint64_t size;
    uint32_t flags;
    struct xattr *x;

    (void)out;
    wire_get_str(in, name, sizeof(name));
    size = p9_get64(in);
    flags = p9_get32(in);
    if (in->bad || fid == NULL || fid->open_fd >= 0 || fid->xattr != NULL) {
        return in->bad ? -EINVAL : -EBADF;
    }
    if (!is_users(name)) {
        return -EOPNOTSUPP;
    }
    if (size > XATTR_SIZE_MAX) {
        return -E2BIG;
    }
    x = take_slot(s);
    if (x == NULL) {
        return -ENFILE;
    }
    strcpy(x->name, name);
    x->is_new = true;
    x->room = (size_t)size;
    x->flags = (int)flags & (XATTR_CREATE | XATTR_REPLACE);
    fid->xattr = x;
    return 0;
}

size_t xattr_read(const struct xattr *x, uint64_t offset, void *to,
                  size_t count)
{
    if (x->is_new || offset >= x->len) {
        return 0;
    }
    count = count < x->len - offset ? count : x->len - (size_t)offset;
    memcpy(to, x->value + offset, count);
    return count;
}

int xattr_write(struct xattr *x, uint64_t offset, const void *data,
                size_t count)
{
    if (!x->is_new || offset != x->len || count > x->room - x->len) {
        return -EINVAL;
    }
    memcpy(x->value + x->len, data, count);
    x->len += count;
    return (int)count;
}

int xattr_commit(const struct xattr *x, const struct fid *fid)
{
    char number[16];
    int rc;

    if (!x->is_new) {
        return 0;
    }
    if (x->len != x->room) {
        return -EINVAL; /* a part is missing */
    }
    name_of(fid, number);
    if (x->room == 0 && x->flags == XATTR_REPLACE) {
        rc = removexattr(number, x->name);
    } else {
        rc = setxattr(number, x->name, x->value, x->len, x->flags);
    }
    return rc < 0 ? -errno : 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests about names: attach, walk, make, link, rename, remove. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/volume/serve.h"

enum { WALK_MAX = 16 };

static int put_qid_of(const struct server *s, struct p9_msg *out, int fd)
{
    struct stat st;

    if (fstat(fd, &st) < 0) {
        return -errno;
    }
    serve_put_qid(s, out, &st);
    return 0;
}

/* fid[4] afid[4] uname[s] aname[s] n_uname[4] */
int serve_attach(struct server *s, struct p9_msg *in, struct p9_msg *out)
{
    uint32_t number = p9_get32(in);
    int fd;

    if (in->bad) {
        return -EINVAL;
    }
    fd = fcntl(s->root_fd, F_DUPFD_CLOEXEC, 0);
    return fd < 0 ? -errno : serve_add_fid(s, number, fd, out);
}

/* Follows the names from `fd` (consumed), writing one qid each. Returns the
 * last descriptor, or -errno with *nr_done of them passed. */
static int follow(const struct server *s, struct p9_msg *in, struct p9_msg *out,
                  int fd, uint16_t nr_names, uint16_t *nr_done)
{
    for (*nr_done = 0; *nr_done < nr_names; (*nr_done)++) {
        char name[WIRE_NAME_MAX + 1];
        int next, rc;

        wire_get_name(in, name);
        next = in->bad ? -EINVAL : serve_lookup(fd, name);
        close(fd);
        if (next < 0) {
            return next;
        }
        rc = put_qid_of(s, out, next);
        if (rc < 0) {
            close(next);
            return rc;
        }
        fd = next;
    }
    return fd;
}

/* fid[4] newfid[4] nwname[2] nwname*(wname[s]) -> nwqid[2] nwqid*(qid[13]) */
int serve_walk(struct server *s, struct p9_msg *in, struct p9_msg *out)
{
    struct fid *fid = serve_fid(s, in);
    uint32_t number = p9_get32(in);
    uint16_t nr_names = p9_get16(in), nr_done = 0;
    size_t count_at = out->pos, end;
    struct fid *old;
    int fd;

    if (in->bad || fid == NULL || nr_names > WALK_MAX) {
        return fid == NULL ? -EBADF : -EINVAL;
    }
    old = fid_find(&s->fids, number);
    if (old != NULL && (old != fid || fid->open_fd >= 0)) {
        return -EEXIST;
    }
    p9_put16(out, 0);
    fd = fcntl(fid->path_fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0) {
        return -errno;
    }
    fd = follow(s, in, out, fd, nr_names, &nr_done);
    if (fd < 0 && nr_done == 0) {
        return fd;
    }
    end = out->pos;
    out->pos = count_at;
    p9_put16(out, nr_done);
    out->pos = end;
    if (fd < 0) {
        return 0; /* a partial walk tells how far; newfid is not made */
    }
    if (old != NULL) {
        serve_drop_fid(s, old);
    }
    return serve_add_fid(s, number, fd, NULL);
}

/* fid[4] */
int serve_clunk(struct server *s, struct p9_msg *in, struct p9_msg *out)
{
    struct fid *fid = serve_fid(s, in);
    uint64_t path;
    int rc = 0;

    (void)out;
    if (fid == NULL) {
        return -EBADF;
    }
    path = fid->qid_path;
    if (fid->xattr != NULL) {
        rc = xattr_commit(fid->xattr, fid);
    }
    serve_drop_fid(s, fid);
    lease_own(s, path, 0, 0); /* that a writer closed it */
    return rc;
}

static int put_qid_at(const struct server *s, struct p9_msg *out, int dir_fd,
                      const char *name)
{
    struct stat st;

    if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
        return -errno;
    }
    serve_put_qid(s, out, &st);
    return 0;
}

/* The file that a name means, 0 if none. */
static uint64_t path_at(const struct server *s, int dir_fd, const char *name)
{
    struct stat st;

    if (s->leases.nr == 0 ||
        fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
        return 0;
    }
    return serve_qid_path(s, &st);
}

/* dfid[4] name[s] mode[4] major[4] minor[4] gid[4] -> qid[13]. What devices
 * there are is not the client's to say. */
int serve_mknod(struct server *s, struct p9_msg *in, struct p9_msg *out)
{
    struct fid *dir = serve_fid(s, in);
    char name[WIRE_NAME_MAX + 1];
    uint32_t mode;

    wire_get_name(in, name);
    mode = p9_get32(in);
    if (in->bad || dir == NULL) {
        return dir == NULL ? -EBADF : -EINVAL;
    }
    if ((!S_ISREG(mode) && !S_ISFIFO(mode) && !S_ISSOCK(mode)) ||
        serve_check_mode(mode, false) < 0) {
        return -EPERM;
    }
    if (mknodat(dir->path_fd, name, mode & (S_IFMT | 01777), 0) < 0) {
        return -errno;
    }
    lease_own(s, dir->qid_path, 0, 0);
    return put_qid_at(s, out, dir->path_fd, name);
}

/* dfid[4] name[s] mode[4] gid[4] -> qid[13] */
int serve_mkdir(struct server *s, struct p9_msg *in, struct p9_msg *out)
{
    struct fid *dir = serve_fid(s, in);
    char name[WIRE_NAME_MAX + 1];
    uint32_t mode;

    wire_get_name(in, name);
    mode = p9_get32(in);
    if (in->bad || dir == NULL) {
        return dir == NULL ? -EBADF : -EINVAL;
    }
    if (mkdirat(dir->path_fd, name, mode & 01777) < 0) {
        return -errno;
    }
    lease_own(s, dir->qid_path, 0, 0);
    return put_qid_at(s, out, dir->path_fd, name);
}

/* dfid[4] name[s] symtgt[s] gid[4] -> qid[13] */
int serve_symlink(struct server *s, struct p9_msg *in, struct p9_msg *out)
{
    struct fid *dir = serve_fid(s, in);
    char name[WIRE_NAME_MAX + 1], target[WIRE_PATH_MAX];

    wire_get_name(in, name);
    wire_get_str(in, target, sizeof(target));
    if (in->bad || dir == NULL) {
        return dir == NULL ? -EBADF : -EINVAL;
    }
    if (symlinkat(target, dir->path_fd, name) < 0) {
        return -errno;
    }
    lease_own(s, dir->qid_path, 0, 0);
    return put_qid_at(s, out, dir->path_fd, name);
}

/* dfid[4] fid[4] name[s] */
int serve_link(struct server *s, struct p9_msg *in, struct p9_msg *out)
{
    struct fid *dir = serve_fid(s, in);
    struct fid *fid = serve_fid(s, in);
    char name[WIRE_NAME_MAX + 1], number[16];

    (void)out;
    wire_get_name(in, name);
    if (in->bad || dir == NULL || fid == NULL) {
        return in->bad ? -EINVAL : -EBADF;
    }
    snprintf(number, sizeof(number), "%d", fid->path_fd);
    if (linkat(s->self_fds_fd, number, dir->path_fd, name, AT_SYMLINK_FOLLOW) <
        0) {
        return -errno;
    }
    lease_own(s, dir->qid_path, fid->qid_path, 0);
    return 0;
}

/* olddirfid[4] oldname[s] newdirfid[4] newname[s], from our own client perhaps
 * flags[4] of renameat2(2) */
int serve_renameat(struct server *s, struct p9_msg *in, struct p9_msg *out)
{
    struct fid *from = serve_fid(s, in);
    char old_name[WIRE_NAME_MAX + 1], new_name[WIRE_NAME_MAX + 1];
    uint64_t replaced;
    uint32_t flags = 0;
    struct fid *to;

    (void)out;
    wire_get_name(in, old_name);
    to = serve_fid(s, in);
    wire_get_name(in, new_name);
    if (in->pos < in->size_bytes) {
        flags = p9_get32(in);
    }
    if (in->bad || from == NULL || to == NULL) {
        return in->bad ? -EINVAL : -EBADF;
    }
    replaced = path_at(s, to->path_fd, new_name);
    if (syscall(SYS_renameat2, from->path_fd, old_name, to->path_fd, new_name,
                flags & RENAME_NOREPLACE) < 0) {
        return -errno;
    }
    lease_own(s, from->qid_path, to->qid_path, replaced);
    return 0;
}

/* dirfd[4] name[s] flags[4] */
int serve_unlinkat(struct server *s, struct p9_msg *in, struct p9_msg *out)
{
    struct fid *dir = serve_fid(s, in);
    char name[WIRE_NAME_MAX + 1];
    uint64_t victim;
    uint32_t flags;

    (void)out;
    wire_get_name(in, name);
    flags = p9_get32(in);
    if (in->bad || dir == NULL || (flags & ~(uint32_t)AT_REMOVEDIR) != 0) {
        return dir == NULL ? -EBADF : -EINVAL;
    }
    victim = path_at(s, dir->path_fd, name);
    if (unlinkat(dir->path_fd, name, (int)flags) < 0) {
        return -errno;
    }
    lease_own(s, dir->qid_path, victim, 0);
    return 0;
}

/* fid[4] -> target[s] */
int serve_readlink(struct server *s, struct p9_msg *in, struct p9_msg *out)
{
    struct fid *fid = serve_fid(s, in);
    char target[WIRE_PATH_MAX];
    ssize_t len;

    if (fid == NULL) {
        return -EBADF;
    }
    len = readlinkat(fid->path_fd, "", target, sizeof(target) - 1);
    if (len < 0) {
        return -errno;
    }
    target[len] = '\0';
    wire_put_str(out, target);
    return 0;
}

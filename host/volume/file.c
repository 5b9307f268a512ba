/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests about contents: open, create, read, write, list, sync. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/volume/serve.h"

/* Of Linux's flags, those that mean something here. Data is synchronised by
 * Tfsync; appending is the client's business, which knows the offset. */
enum { OPEN_FLAGS = O_ACCMODE | O_TRUNC | O_DIRECTORY | O_NOATIME };

/* What the answer has room for behind a count. */
static uint32_t io_room(const struct p9_msg *out)
{
    size_t used = out->pos + 4;

    return used < out->size_bytes ? (uint32_t)(out->size_bytes - used) : 0;
}

static int open_fid(const struct server *s, struct fid *fid, int fd,
                    struct p9_msg *out)
{
    struct stat st;

    if (fstat(fd, &st) < 0) {
        int error = errno;

        close(fd);
        return -error;
    }
    fid->open_fd = fd;
    fid->qid_path = serve_qid_path(s, &st);
    fid->mode = st.st_mode;
    serve_put_qid(s, out, &st);
    p9_put32(out, 0); /* iounit: as large as a message */
    return 0;
}

/* fid[4] flags[4] -> qid[13] iounit[4] */
int serve_lopen(struct server *s, struct p9_msg *in, struct p9_msg *out)
{
    struct fid *fid = serve_fid(s, in);
    uint32_t asked = p9_get32(in);
    int flags = (int)asked & OPEN_FLAGS;
    int fd;

    if (in->bad || fid == NULL || fid->open_fd >= 0) {
        return -EBADF;
    }
    if (s->read_only &&
        ((flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC) != 0)) {
        return -EROFS;
    }
    if ((asked & P9_OPEN_TELLS) != 0) {
        flags |= O_APPEND;
        fid->tells = true;
    }
    fd = serve_reopen(s, fid->path_fd, flags);
    if (fd == -EPERM && (flags & O_NOATIME) != 0) {
        fd = serve_reopen(s, fid->path_fd, flags & ~O_NOATIME);
    }
    return fd < 0 ? fd : open_fid(s, fid, fd, out);
}

/* Creates the file, or opens one that exists unless O_EXCL is asked for: not
 * both in one call, which would open a device node too. */
static int create(struct server *s, int dir_fd, const char *name, int flags,
                  uint32_t mode, int *path_fd)
{
    int fd =
        openat(dir_fd, name, (flags & O_ACCMODE) | O_CREAT | O_EXCL | O_CLOEXEC,
               mode & 01777);
    int error = errno;

    if (fd < 0 && (error != EEXIST || (flags & O_EXCL) != 0)) {
        return -error;
    }
    *path_fd = serve_lookup(dir_fd, name);
    if (*path_fd >= 0 && fd < 0) {
        fd = serve_reopen(s, *path_fd, flags & (O_ACCMODE | O_TRUNC));
        error = fd < 0 ? -fd : 0;
    }
    if (*path_fd >= 0 && fd >= 0) {
        return fd;
    }
    error = *path_fd < 0 ? -*path_fd : error;
    close(fd < 0 ? *path_fd : fd);
    return -error;
}

/* fid[4] name[s] flags[4] mode[4] gid[4] -> qid[13] iounit[4]; the fid moves
 * from the directory to the new file. */
int serve_lcreate(struct server *s, struct p9_msg *in, struct p9_msg *out)
{
    struct fid *fid = serve_fid(s, in);
    char name[WIRE_NAME_MAX + 1];
    uint32_t mode;
    int flags, fd, path_fd = -1;

    wire_get_name(in, name);
    flags = (int)p9_get32(in);
    mode = p9_get32(in);
    if (in->bad || fid == NULL || fid->open_fd >= 0) {
        return in->bad ? -EINVAL : -EBADF;
    }
    fd = serve_check_mode(mode, false);
    if (fd < 0) {
        return fd;
    }
    fd = create(s, fid->path_fd, name, flags, mode, &path_fd);
    if (fd < 0) {
        return fd;
    }
    lease_drop(s, fid);
    lease_own(s, fid->qid_path, 0, 0);
    close(fid->path_fd);
    fid->path_fd = path_fd;
    return open_fid(s, fid, fd, out);
}

static int read_xattr(const struct xattr *x, const struct p9_msg *in,
                      struct p9_msg *out, uint64_t offset, uint32_t count)
{
    uint32_t room = io_room(out);
    size_t n;

    if (in->bad) {
        return -EINVAL;
    }
    n = xattr_read(x, offset, out->buf + out->pos + 4,
                   count < room ? count : room);
    p9_put32(out, (uint32_t)n);
    out->pos += n;
    return 0;
}

/* fid[4] offset[8] count[4] -> count[4] data[count] */
int serve_read(struct server *s, struct p9_msg *in, struct p9_msg *out)
{
    struct fid *fid = serve_fid(s, in);
    uint64_t offset = p9_get64(in);
    uint32_t count = p9_get32(in), room = io_room(out);
    size_t count_at = out->pos;
    ssize_t n;

    if (fid != NULL && fid->xattr != NULL) {
        return read_xattr(fid->xattr, in, out, offset, count);
    }
    if (in->bad || fid == NULL || fid->open_fd < 0) {
        return -EBADF;
    }
    n = pread(fid->open_fd, out->buf + out->pos + 4,
              count < room ? count : room, (off_t)offset);
    if (n < 0) {
        return -errno;
    }
    p9_put32(out, (uint32_t)n);
    out->pos = count_at + 4 + (size_t)n;
    return 0;
}

/* By write(2), which leaves the descriptor's offset behind the data. */
static ssize_t append(const struct fid *fid, const void *data, size_t count,
                      off_t *end)
{
    ssize_t n = write(fid->open_fd, data, count);

    if (n >= 0) {
        *end = lseek(fid->open_fd, 0, SEEK_CUR);
    }
    return n;
}

/* fid[4] offset[8] count[4] data[count] -> count[4] */
int serve_write(struct server *s, struct p9_msg *in, struct p9_msg *out)
{
    struct fid *fid = serve_fid(s, in);
    uint64_t offset = p9_get64(in);
    uint32_t count = p9_get32(in);
    const uint8_t *data = p9_bytes(in, count);
    off_t end = 0;
    ssize_t n;

    if (fid == NULL || (fid->open_fd < 0 && fid->xattr == NULL)) {
        return -EBADF;
    }
    if (data == NULL) {
        return -EINVAL;
    }
    if (fid->xattr != NULL) {
        int rc = xattr_write(fid->xattr, offset, data, count);

        p9_put32(out, count);
        return rc < 0 ? rc : 0;
    }
    n = fid->tells ? append(fid, data, count, &end)
                   : pwrite(fid->open_fd, data, count, (off_t)offset);
    if (n < 0) {
        return -errno;
    }
    lease_own(s, fid->qid_path, 0, 0);
    p9_put32(out, (uint32_t)n);
    if (fid->tells) {
        p9_put64(out, (uint64_t)end);
    }
    return 0;
}

/* struct linux_dirent64, getdents64(2) */
struct entry {
    uint64_t ino;
    int64_t next;
    uint16_t len;
    uint8_t type;
    char name[];
};

static void put_entry(struct p9_msg *out, const struct entry *e)
{
    p9_put8(out, e->type == DT_DIR ? 0x80 : e->type == DT_LNK ? 2 : 0);
    p9_put32(out, 0);
    p9_put64(out, e->ino);
    p9_put64(out, (uint64_t)e->next);
    p9_put8(out, e->type);
    wire_put_str(out, e->name);
}

/* fid[4] offset[8] count[4] -> count[4] entries of qid[13] offset[8] type[1]
 * name[s]; what does not fit comes with the next offset. */
int serve_readdir(struct server *s, struct p9_msg *in, struct p9_msg *out)
{
    struct fid *fid = serve_fid(s, in);
    uint64_t offset = p9_get64(in);
    uint32_t count = p9_get32(in), room = io_room(out);
    size_t start = out->pos, end;
    char entries[16384] __attribute__((aligned(8)));
    long len;

    if (in->bad || fid == NULL || fid->open_fd < 0) {
        return -EBADF;
    }
    room = count < room ? count : room;
    if (lseek(fid->open_fd, (off_t)offset, SEEK_SET) < 0) {
        return -errno;
    }
    len = syscall(SYS_getdents64, fid->open_fd, entries, sizeof(entries));
    if (len < 0) {
        return -errno;
    }
    p9_put32(out, 0);
    for (long at = 0; at < len;) {
        const struct entry *e = (const void *)(entries + at);

        if (out->pos - start - 4 + 24 + strlen(e->name) > room) {
            break;
        }
        put_entry(out, e);
        at += e->len;
    }
    end = out->pos;
    if (len > 0 && end == start + 4) {
        out->pos = start;
        return -EINVAL; /* as getdents(2): nothing would read as the end */
    }
    out->pos = start;
    p9_put32(out, (uint32_t)(end - start - 4));
    out->pos = end;
    return 0;
}

/* fid[4] datasync[4] */
int serve_fsync(struct server *s, struct p9_msg *in, struct p9_msg *out)
{
    struct fid *fid = serve_fid(s, in);
    uint32_t data_only = p9_get32(in);
    int rc;

    (void)out;
    if (fid == NULL || fid->open_fd < 0) {
        return -EBADF;
    }
    rc = data_only ? fdatasync(fid->open_fd) : fsync(fid->open_fd);
    return rc < 0 ? -errno : 0;
}

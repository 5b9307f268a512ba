/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests about attributes. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "host/volume/serve.h"

#define GETATTR_BASIC UINT64_C(0x7ff)

enum setattr {
    SET_MODE = 1,
    SET_UID = 2,
    SET_GID = 4,
    SET_SIZE = 8,
    SET_ATIME = 16,
    SET_MTIME = 32,
    SET_CTIME = 64,
    SET_ATIME_TO = 128, /* to the time given, else to now */
    SET_MTIME_TO = 256,
};

static void put_time(struct p9_msg *out, struct timespec t)
{
    p9_put64(out, (uint64_t)t.tv_sec);
    p9_put64(out, (uint64_t)t.tv_nsec);
}

/* fid[4] request_mask[8] -> valid[8] qid[13] mode[4] uid[4] gid[4] nlink[8]
 * rdev[8] size[8] blksize[8] blocks[8] atime mtime ctime btime [16 each]
 * gen[8] data_version[8] */
int serve_getattr(struct server *s, struct p9_msg *in, struct p9_msg *out)
{
    struct fid *fid = serve_fid(s, in);
    uint64_t mask = p9_get64(in);
    bool leased;
    struct stat st;

    if (fid == NULL || in->bad) {
        return -EBADF;
    }
    leased = (mask & P9_GETATTR_LEASE) != 0 && lease_take(s, fid);
    /* An open file may have lost its name; the descriptor has not. */
    if (fstat(fid->open_fd >= 0 ? fid->open_fd : fid->path_fd, &st) < 0) {
        return -errno;
    }
    p9_put64(out, GETATTR_BASIC | (leased ? P9_GETATTR_LEASE : 0));
    serve_put_qid(s, out, &st);
    p9_put32(out, st.st_mode);
    p9_put32(out, st.st_uid);
    p9_put32(out, st.st_gid);
    p9_put64(out, st.st_nlink);
    p9_put64(out, st.st_rdev);
    p9_put64(out, (uint64_t)st.st_size);
    p9_put64(out, (uint64_t)st.st_blksize);
    p9_put64(out, (uint64_t)st.st_blocks);
    put_time(out, st.st_atim);
    put_time(out, st.st_mtim);
    put_time(out, st.st_ctim);
    put_time(out, (struct timespec){0});
    p9_put64(out, leased ? (uint64_t)(int64_t)fid->hint : 0);
    p9_put64(out, 0);
    return 0;
}

static int set_size(struct server *s, const struct fid *fid, uint64_t size)
{
    int fd, rc;

    if (fid->open_fd >= 0) { /* as ftruncate(2): whatever the mode says now */
        return ftruncate(fid->open_fd, (off_t)size) < 0 ? -errno : 0;
    }
    fd = serve_reopen(s, fid->path_fd, O_WRONLY);
    if (fd < 0) {
        return fd;
    }
    rc = ftruncate(fd, (off_t)size) < 0 ? -errno : 0;
    close(fd);
    return rc;
}

static struct timespec new_time(uint32_t valid, uint32_t set, uint32_t to,
                                struct timespec given)
{
    if ((valid & set) == 0) {
        given.tv_nsec = UTIME_OMIT;
    } else if ((valid & to) == 0) {
        given.tv_nsec = UTIME_NOW;
    }
    return given;
}

static struct timespec get_time(struct p9_msg *in)
{
    struct timespec t;

    t.tv_sec = (time_t)p9_get64(in);
    t.tv_nsec = (long)(p9_get64(in) % 1000000000u);
    return t;
}

int serve_check_mode(uint32_t mode, bool is_dir)
{
    return mode & (is_dir ? S_ISUID : S_ISUID | S_ISGID) ? -EPERM : 0;
}

static int set_mode(struct server *s, const struct fid *fid, uint32_t mode)
{
    bool is_dir = S_ISDIR(fid->mode);
    char number[16];
    struct stat st;
    int rc;

    if (fstat(fid->path_fd, &st) < 0) {
        return -errno;
    }
    if ((st.st_mode & 07777) == (mode & 07777)) {
        return 0; /* what it has it may keep */
    }
    rc = serve_check_mode(mode, is_dir);
    if (rc < 0) {
        return rc;
    }
    snprintf(number, sizeof(number), "%d", fid->path_fd);
    if (fchmodat(s->self_fds_fd, number, mode & 07777, 0) < 0 ||
        fstat(fid->path_fd, &st) < 0) {
        return -errno;
    }
    /* The host takes it off in silence if the group is not ours. */
    return (mode & S_ISGID) != 0 && (st.st_mode & S_ISGID) == 0 ? -EPERM : 0;
}

/* fid[4] valid[4] mode[4] uid[4] gid[4] size[8] atime[16] mtime[16] */
int serve_setattr(struct server *s, struct p9_msg *in, struct p9_msg *out)
{
    struct fid *fid = serve_fid(s, in);
    uint32_t valid = p9_get32(in), mode = p9_get32(in);
    uint32_t uid = p9_get32(in), gid = p9_get32(in);
    uint64_t size = p9_get64(in);
    struct timespec times[2];
    char number[16];
    int rc = 0;

    (void)out;
    times[0] = new_time(valid, SET_ATIME, SET_ATIME_TO, get_time(in));
    times[1] = new_time(valid, SET_MTIME, SET_MTIME_TO, get_time(in));
    if (in->bad || fid == NULL) {
        return in->bad ? -EINVAL : -EBADF;
    }
    snprintf(number, sizeof(number), "%d", fid->path_fd);
    if ((valid & SET_SIZE) != 0) {
        rc = set_size(s, fid, size);
    }
    if (rc == 0 && (valid & (SET_UID | SET_GID)) != 0 &&
        fchownat(fid->path_fd, "", (valid & SET_UID) ? uid : (uid_t)-1,
                 (valid & SET_GID) ? gid : (gid_t)-1, AT_EMPTY_PATH) < 0) {
        rc = -errno;
    }
    if (rc == 0 && (valid & SET_MODE) != 0) {
        rc = set_mode(s, fid, mode);
    }
    if (rc == 0 && (valid & (SET_ATIME | SET_MTIME)) != 0 &&
        utimensat(s->self_fds_fd, number, times, 0) < 0) {
        rc = -errno;
    }
    lease_own(s, fid->qid_path, 0, 0);
    return rc;
}

/* fid[4] -> type[4] bsize[4] blocks[8] bfree[8] bavail[8] files[8] ffree[8]
 * fsid[8] namelen[4] */
int serve_statfs(struct server *s, struct p9_msg *in, struct p9_msg *out)
{
    struct fid *fid = serve_fid(s, in);
    struct statfs fs;

    if (fid == NULL) {
        return -EBADF;
    }
    if (fstatfs(fid->path_fd, &fs) < 0) {
        return -errno;
    }
    p9_put32(out, 0x01021997); /* V9FS_MAGIC */
    p9_put32(out, (uint32_t)fs.f_bsize);
    p9_put64(out, fs.f_blocks);
    p9_put64(out, fs.f_bfree);
    p9_put64(out, fs.f_bavail);
    p9_put64(out, fs.f_files);
    p9_put64(out, fs.f_ffree);
    p9_put64(out, 0);
    p9_put32(out, WIRE_NAME_MAX);
    return 0;
}

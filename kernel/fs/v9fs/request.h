/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The requests of 9P2000.L one by one. All wait for the answer; 0 or -errno,
 * the server's or -EIO for a broken answer. Lengths of names are checked.
 */
#ifndef EINKORN_KERNEL_FS_V9FS_REQUEST_H
#define EINKORN_KERNEL_FS_V9FS_REQUEST_H

#include "kernel/fs/v9fs/session.h"
#include "kernel/vfs/inode.h"
#include "kernel/vfs/lock.h"

struct v9_attr {
    struct v9_qid qid;
    struct kstat st;
    bool leased;  /* the server will tell when it changes */
    int32_t hint; /* its watch in the volume's watch channel */
    uint64_t seq; /* of the answer */
};

/* The fields of requests and answers that are sent in chains as well. */
void v9_put_walk(struct v9_msg *m, uint32_t fid, uint32_t new_fid,
                 const char *name);
int v9_get_walk(struct v9_msg *m, const char *name, struct v9_qid *qid);
void v9_put_getattr(struct v9_msg *m, const struct v9_session *s, uint32_t fid);
int v9_get_attr(struct v9_msg *m, struct v9_attr *out);
void v9_put_unlinkat(struct v9_msg *m, uint32_t fid, const char *name,
                     bool directory);
/* flags: RENAME_NOREPLACE, which Einkorn's server alone sees to. */
void v9_put_renameat(struct v9_msg *m, uint32_t old_fid, const char *old_name,
                     uint32_t new_fid, const char *new_name, uint32_t flags);

/* new_fid: name in the directory; name NULL: the same file as fid. */
int v9_walk(struct v9_session *s, uint32_t fid, uint32_t new_fid,
            const char *name, struct v9_qid *qid);
int v9_getattr(struct v9_session *s, uint32_t fid, struct v9_attr *out);
int v9_setattr(struct v9_session *s, uint32_t fid, const struct iattr *attr);
int v9_mkdir(struct v9_session *s, uint32_t fid, const char *name,
             uint32_t mode);
int v9_mknod(struct v9_session *s, uint32_t fid, const char *name,
             uint32_t mode, uint64_t rdev);
int v9_symlink(struct v9_session *s, uint32_t fid, const char *name,
               const char *target);
int v9_link(struct v9_session *s, uint32_t dir_fid, uint32_t fid,
            const char *name);
/* Bytes of the target, cut at size_bytes. */
int v9_readlink(struct v9_session *s, uint32_t fid, char *buf,
                size_t size_bytes);
/* One message's worth at most. Bytes, less only at the end of the file. */
int64_t v9_read(struct v9_session *s, uint32_t fid, uint64_t off, void *to,
                size_t len_bytes);
/* The same; m was begun as a P9_WRITE, with the data V9_WRITE_AT behind the
 * start of its buffer. The answer overwrites the header alone. */
int64_t v9_write(struct v9_session *s, struct v9_msg *m, uint32_t fid,
                 uint64_t off, size_t len_bytes);
/* The same by a fid that tells: *end is the file's, right behind the data. */
int64_t v9_append(struct v9_session *s, struct v9_msg *m, uint32_t fid,
                  size_t len_bytes, uint64_t *end);
enum {
    V9_WRITE_HEADER = P9_HEADER + 16,
    V9_WRITE_AT = V9_HEAD + V9_WRITE_HEADER,
};
/* type F_RDLCK, F_WRLCK, F_UNLCK on [start, end]. -EAGAIN: somebody else has a
 * lock. A server without locks lets one have any. */
int v9_set_lock(struct v9_session *s, uint32_t fid, int type, uint64_t start,
                uint64_t end);
/* As lock_get(). */
int v9_get_lock(struct v9_session *s, uint32_t fid, struct lock_range *range);
int v9_clunk_wait(struct v9_session *s, uint32_t fid);
/* new_fid: reads the attribute's value, or the list of names if name is "". */
int v9_xattrwalk(struct v9_session *s, uint32_t fid, uint32_t new_fid,
                 const char *name, uint64_t *size_bytes);
/* fid: takes the value's bytes and sets it when it is clunked. */
int v9_xattrcreate(struct v9_session *s, uint32_t fid, const char *name,
                   uint64_t size_bytes, int flags);
int v9_fsync(struct v9_session *s, uint32_t fid, bool data_only);
int v9_statfs(struct v9_session *s, uint32_t fid, struct kstatfs *out);
/* Entries from off on: m, over a buffer of size_bytes, is left at the first
 * of *len bytes. */
int v9_readdir(struct v9_session *s, struct v9_msg *m, void *buf,
               size_t size_bytes, uint32_t fid, uint64_t off, uint32_t *len);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to v9fs: its inode and what the files here share.
 *
 * Trust: a lease is the server's promise to say when a file changes on the
 * host by somebody else's hand; until then its data and, for a directory, its
 * names stand. Where no lease is given, a file is looked at when it is opened
 * and names each time.
 */
#ifndef EINKORN_KERNEL_FS_V9FS_V9_H
#define EINKORN_KERNEL_FS_V9FS_V9_H

#include "kernel/core/clock.h"
#include "kernel/fs/v9fs/request.h"
#include "kernel/fs/v9fs/session.h"
#include "kernel/mm/mm.h"
#include "kernel/vfs/dentry.h"
#include "kernel/vfs/file.h"

enum {
    V9_BUCKETS = 1024,
    PAGE_BYTES = 4096,
    /* of the file; as many as fit into one message with its header */
    BLOCK_PAGES = 31,
    BLOCK_BYTES = BLOCK_PAGES * PAGE_BYTES,
};

struct v9_fs {
    struct super super;
    struct v9_session session;
    struct v9_inode *buckets[V9_BUCKETS];
    int32_t watch_chan; /* where hints come from; -1: there are none */
    struct v9_inode *hint_buckets[V9_BUCKETS];
    uint8_t hints[4096];
    uint64_t looked_ns; /* when notices were last looked for */
    struct v9_fs *next_fs;
    char *path;
    bool no_chown; /* the server may not give files away */
};

struct v9_lock {
    bool held;
    struct waitq waitq;
};

struct v9_inode {
    struct inode inode;
    struct backing backing; /* refs: mappings; the first holds the inode */
    struct v9_fs *fs;
    struct v9_inode *next;
    uint32_t fid; /* names it, is never opened */
    /* Opened ones, or 0. The write fid goes with the last writer. */
    uint32_t read_fid, write_fid;
    bool write_fid_reads;
    uint32_t append_fid; /* appends where the host has the end */
    uint32_t lock_fid;   /* owns what is locked on the host */
    bool lock_fid_writes, lock_fid_final;
    uint32_t nr_writers; /* open files, a writable mapping */
    uint64_t nr_blocks;  /* as st_blocks */
    /* ---- trust ---- */
    bool exact;   /* all attributes are the server's */
    bool leased;  /* see above */
    bool refused; /* no lease was to be had */
    bool suspect; /* a lease ended: data may have changed */
    bool own;     /* changed from here since attributes were fetched */
    int32_t hint; /* what hints call it; 0: nothing */
    struct v9_inode *hint_next;
    uint32_t nr_hints;
    uint32_t nr_own; /* requests under way whose hints are no news */
    uint64_t notice_seq;
    uint64_t changed_seq; /* messages received when it was last changed here */
    uint64_t names_gen;   /* of a directory: dentry->cookie says which */
    /* ---- data: changed and filled under the lock ---- */
    struct v9_lock lock;
    struct list blocks;
    bool map_writes; /* some mapping may write */
    struct dentry *map_name;
};

static inline struct v9_inode *v9_of(struct inode *inode)
{
    return container_of(inode, struct v9_inode, inode);
}

static inline struct v9_session *v9_session(const struct v9_inode *v)
{
    return &v->fs->session;
}

/* Serialises changes of one file; sleeps. */
void v9_lock(struct v9_inode *v);
void v9_unlock(struct v9_inode *v);

/* trust.c */
void v9_notice(struct v9_session *s, uint64_t path, uint32_t what);
/* Takes in what has come about changes. */
void v9_look(struct v9_fs *fs);
/* May what is known of its data be used? Looks before. */
bool v9_trusted(struct v9_inode *v);
void v9_set_hint(struct v9_inode *v, int32_t hint);
/* Around a request that changes it. */
void v9_own_begin(struct v9_inode *v);
void v9_own_end(struct v9_inode *v);
/* Somebody here changed it. */
void v9_changed(struct v9_inode *v);
void v9_trust_end(struct v9_inode *v); /* it goes */

/* inode.c */
struct v9_inode *v9_inode_find(struct v9_fs *fs, uint64_t path);
/* The inode behind fid, which it consumes, with the attributes that the server
 * has just said (or err: it did not); out gets a reference. */
int v9_inode_got(struct v9_fs *fs, uint32_t fid, int err,
                 const struct v9_attr *a, struct inode **out);
/* Attributes have come, to be taken by who has the lock; hints: how many there
 * were when the server was asked. */
int v9_apply_locked(struct v9_inode *v, const struct v9_attr *a,
                    uint32_t hints);
/* Has all attributes exact, and data that is not what the server has is
 * forgotten. */
int v9_refresh(struct v9_inode *v);
/* The same, unconditionally, by who has the lock. */
int v9_fetch_locked(struct v9_inode *v);
int v9_getattr_op(struct inode *inode, struct kstat *st);
int v9_setattr_op(struct inode *inode, const struct iattr *attr);
void v9_evict(struct inode *inode);

/* fids.c */
/* A fid to read by; to write by, counting one writer. */
int v9_reader(struct v9_inode *v, uint32_t *fid);
int v9_add_writer(struct v9_inode *v, bool reads);
void v9_drop_writer(struct v9_inode *v);
void v9_drop_fids(struct v9_inode *v);
int v9_open_fid(struct v9_inode *v, uint32_t flags, uint32_t *out);
/* Has append_fid; not with any server. */
int v9_appender(struct v9_inode *v);

/* lock.c: of inode_ops; the lock fid goes unless it is needed. */
int v9_lock_op(struct inode *inode, int type, uint64_t start, uint64_t end);
int v9_lock_get_op(struct inode *inode, struct lock_range *range);
void v9_drop_lock_fid(struct v9_inode *v);

/* xattr.c: of inode_ops. */
int64_t v9_getxattr_op(struct inode *inode, const char *name, void *buf,
                       size_t size_bytes);
int64_t v9_listxattr_op(struct inode *inode, char *buf, size_t size_bytes);
int v9_setxattr_op(struct inode *inode, const char *name, const void *buf,
                   size_t size_bytes, int flags);
int v9_removexattr_op(struct inode *inode, const char *name);

/* cache.c */
struct v9_block;
/* Memory of the page, if its content is known; *len shrinks to what follows
 * in the block and is known too. */
void *v9_cached(struct v9_inode *v, uint64_t off, uint64_t *len);
/* Makes known what is at off, at least len bytes of it if they are in one
 * block and below the end of the file. Sleeps. */
int v9_fill_locked(struct v9_inode *v, uint64_t off, uint64_t len);
int v9_fill_range_locked(struct v9_inode *v, uint64_t off, uint64_t end);
/* What was written through: data at off, when the file's size was old_size. */
void v9_cache_wrote(struct v9_inode *v, uint64_t off, const void *data,
                    uint64_t len, uint64_t old_size);
/* The size changed from old_size to the inode's. */
void v9_cache_resized(struct v9_inode *v, uint64_t old_size);
/* Nothing is known any more. A mapped file is read anew. */
void v9_cache_forget(struct v9_inode *v);
/* Offset in the shareable object of a known page; -EIO. */
int64_t v9_page_shm(struct v9_inode *v, uint64_t page);
/* Remembers what pages of [off, end) hold, and writes those back that hold
 * something else than remembered. */
int v9_remember_locked(struct v9_inode *v, uint64_t off, uint64_t end);
int v9_write_back_locked(struct v9_inode *v, uint64_t off, uint64_t end);

/* dir.c, names.c, file.c, map.c */
extern const struct inode_ops v9_dir_ops, v9_file_ops, v9_link_ops,
    v9_special_ops;
extern const struct file_ops v9_dir_fops, v9_file_fops;
extern const struct backing_ops v9_backing_ops;
int64_t v9_file_write(struct file *f, struct uio *from, uint64_t *off);
int v9_mmap(struct file *f, struct backing **out, int prot, bool shared);
bool v9_revalidate(struct inode *dir, struct dentry *d);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* The server's inside: state and handlers. Used by host/volume only. */
#ifndef EINKORN_HOST_VOLUME_SERVE_H
#define EINKORN_HOST_VOLUME_SERVE_H

#include <linux/openat2.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "abi/platform.h"
#include "host/volume/fid.h"
#include "host/volume/lease.h"
#include "host/volume/wire.h"
#include "host/volume/xattr.h"

struct server {
    int chan_fd;
    int root_fd;     /* O_PATH */
    int self_fds_fd; /* /proc/self/fd, to open what an O_PATH names; also the
                        working directory */
    dev_t root_dev;
    bool read_only;
    bool has_batches; /* the client's protocol does */
    uint32_t msize;
    struct fid_table fids;
    struct leases leases;
    struct xattr xattrs[XATTR_SLOTS];
    uint8_t request[ABI_CHAN_MSG_MAX];
    uint8_t reply[ABI_CHAN_MSG_MAX];
};

/* A handler reads its fields from `in` (checking in->bad before it acts),
 * writes the reply's to `out`, and returns 0 or -errno. */
typedef int (*serve_handler)(struct server *s, struct p9_msg *in,
                             struct p9_msg *out);

/* Answers requests until the other end is closed. */
void serve_run(struct server *s);

/* Handles one request of len bytes and writes its answer, of at most room
 * bytes. Returns the answer's length; 0: there is no telling whom to answer. */
size_t serve_one(struct server *s, uint8_t *request, size_t len, uint8_t *reply,
                 size_t room);

/* The fid that comes next in the request, or NULL: -EBADF. */
struct fid *serve_fid(struct server *s, struct p9_msg *in);

/* Opens the file behind an O_PATH descriptor. Regular files and directories
 * only: others could block or reach devices. */
int serve_reopen(struct server *s, int path_fd, int flags);

/* How serve_lookup() walks; the only rules that the filter lets through. */
extern const struct open_how serve_lookup_how;

/* An O_PATH descriptor of a directory's entry; links are not followed. */
int serve_lookup(int dir_fd, const char *name);

/* The file's number for the client: the inode's, mixed with the device where
 * another file system is mounted below the root. */
uint64_t serve_qid_path(const struct server *s, const struct stat *st);
void serve_put_qid(const struct server *s, struct p9_msg *out,
                   const struct stat *st);

/* A new fid for path_fd, which it takes over; its qid goes to out unless that
 * is NULL. 0 or -errno. */
int serve_add_fid(struct server *s, uint32_t number, int path_fd,
                  struct p9_msg *out);
void serve_drop_fid(struct server *s, struct fid *fid);

/* batch.c */
int serve_batch(struct server *s, struct p9_msg *in, struct p9_msg *out);

/* namespace.c */
int serve_attach(struct server *s, struct p9_msg *in, struct p9_msg *out);
int serve_walk(struct server *s, struct p9_msg *in, struct p9_msg *out);
int serve_clunk(struct server *s, struct p9_msg *in, struct p9_msg *out);
int serve_mknod(struct server *s, struct p9_msg *in, struct p9_msg *out);
int serve_mkdir(struct server *s, struct p9_msg *in, struct p9_msg *out);
int serve_symlink(struct server *s, struct p9_msg *in, struct p9_msg *out);
int serve_link(struct server *s, struct p9_msg *in, struct p9_msg *out);
int serve_renameat(struct server *s, struct p9_msg *in, struct p9_msg *out);
int serve_unlinkat(struct server *s, struct p9_msg *in, struct p9_msg *out);
int serve_readlink(struct server *s, struct p9_msg *in, struct p9_msg *out);

/* file.c */
int serve_lopen(struct server *s, struct p9_msg *in, struct p9_msg *out);
int serve_lcreate(struct server *s, struct p9_msg *in, struct p9_msg *out);
int serve_read(struct server *s, struct p9_msg *in, struct p9_msg *out);
int serve_write(struct server *s, struct p9_msg *in, struct p9_msg *out);
int serve_readdir(struct server *s, struct p9_msg *in, struct p9_msg *out);
int serve_fsync(struct server *s, struct p9_msg *in, struct p9_msg *out);

/* attr.c */
/* 0, or -EPERM for bits that make a program run as somebody else: a volume
 * is no way to plant one on the host. */
int serve_check_mode(uint32_t mode, bool is_dir);
int serve_getattr(struct server *s, struct p9_msg *in, struct p9_msg *out);
int serve_setattr(struct server *s, struct p9_msg *in, struct p9_msg *out);
int serve_statfs(struct server *s, struct p9_msg *in, struct p9_msg *out);

/* lock.c */
int serve_lock(struct server *s, struct p9_msg *in, struct p9_msg *out);
int serve_getlock(struct server *s, struct p9_msg *in, struct p9_msg *out);

/* xattr.c */
int serve_xattrwalk(struct server *s, struct p9_msg *in, struct p9_msg *out);
int serve_xattrcreate(struct server *s, struct p9_msg *in, struct p9_msg *out);

#endif

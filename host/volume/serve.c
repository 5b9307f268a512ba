/* SPDX-License-Identifier: BSD-2-Clause */
/* The server's loop: one request, one reply. See serve.h. */
#include "host/volume/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

struct fid *serve_fid(struct server *s, struct p9_msg *in)
{
    uint32_t number = p9_get32(in);

    return in->bad ? NULL : fid_find(&s->fids, number);
}

const struct open_how serve_lookup_how = {
    .flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
    .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS,
};

int serve_lookup(int dir_fd, const char *name)
{
    int fd = (int)syscall(SYS_openat2, dir_fd, name, &serve_lookup_how,
                          sizeof(serve_lookup_how));

    return fd < 0 ? -errno : fd;
}

int serve_reopen(struct server *s, int path_fd, int flags)
{
    char number[16];
    struct stat st;
    int fd;

    if (fstat(path_fd, &st) < 0) {
        return -errno;
    }
    if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
        return S_ISLNK(st.st_mode) ? -ELOOP : -EACCES;
    }
    snprintf(number, sizeof(number), "%d", path_fd);
    fd = openat(s->self_fds_fd, number, flags | O_CLOEXEC | O_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

uint64_t serve_qid_path(const struct server *s, const struct stat *st)
{
    uint64_t path = st->st_ino;

    if (st->st_dev != s->root_dev) {
        path ^= (st->st_dev + 1) * UINT64_C(0x9e3779b97f4a7c15);
    }
    return path;
}

void serve_put_qid(const struct server *s, struct p9_msg *out,
                   const struct stat *st)
{
    uint8_t type = S_ISDIR(st->st_mode) ? 0x80 : S_ISLNK(st->st_mode) ? 2 : 0;

    p9_put8(out, type);
    p9_put32(out, (uint32_t)(st->st_mtim.tv_sec ^ st->st_size));
    p9_put64(out, serve_qid_path(s, st));
}

int serve_add_fid(struct server *s, uint32_t number, int path_fd,
                  struct p9_msg *out)
{
    struct fid fid = {.number = number, .path_fd = path_fd};
    struct stat st;

    if (fstat(path_fd, &st) < 0) {
        int error = errno;

        close(path_fd);
        return -error;
    }
    fid.qid_path = serve_qid_path(s, &st);
    fid.mode = st.st_mode;
    if (out != NULL) {
        serve_put_qid(s, out, &st);
    }
    return fid_add(&s->fids, &fid);
}

void serve_drop_fid(struct server *s, struct fid *fid)
{
    lease_drop(s, fid);
    if (fid->xattr != NULL) {
        fid->xattr->used = false;
    }
    fid_drop(&s->fids, fid);
}

/* ---- the protocol itself ---- */

static void drop_all(struct server *s)
{
    for (int i = 0; i < FID_BUCKETS; i++) {
        while (s->fids.buckets[i] != NULL) {
            serve_drop_fid(s, s->fids.buckets[i]);
        }
    }
}

static int version(struct server *s, struct p9_msg *in, struct p9_msg *out)
{
    uint32_t msize = p9_get32(in);
    char text[32];

    wire_get_str(in, text, sizeof(text));
    if (in->bad || msize < 4096) {
        return -EINVAL;
    }
    drop_all(s); /* a new session */
    s->msize = msize < ABI_CHAN_MSG_MAX ? msize : (uint32_t)ABI_CHAN_MSG_MAX;
    p9_put32(out, s->msize);
    s->has_batches = strcmp(text, P9_BATCHES) == 0;
    wire_put_str(
        out, s->has_batches || strcmp(text, P9_PLAIN) == 0 ? text : "unknown");
    return 0;
}

/* One request at a time: what is to be flushed was answered already. */
static int flush(struct server *s, struct p9_msg *in, struct p9_msg *out)
{
    (void)s;
    (void)in;
    (void)out;
    return 0;
}

static int unsupported(struct server *s, struct p9_msg *in, struct p9_msg *out)
{
    (void)s;
    (void)in;
    (void)out;
    return -EOPNOTSUPP;
}

static const struct {
    serve_handler handler;
    bool writes; /* refused on a read-only volume */
} handlers[P9_NR] = {
    [P9_VERSION] = {version, false},
    [P9_FLUSH] = {flush, false},
    [P9_BATCH] = {serve_batch, false},
    [P9_ATTACH] = {serve_attach, false},
    [P9_WALK] = {serve_walk, false},
    [P9_CLUNK] = {serve_clunk, false},
    [P9_GETATTR] = {serve_getattr, false},
    [P9_STATFS] = {serve_statfs, false},
    [P9_LOPEN] = {serve_lopen, false},
    [P9_READ] = {serve_read, false},
    [P9_READDIR] = {serve_readdir, false},
    [P9_READLINK] = {serve_readlink, false},
    [P9_FSYNC] = {serve_fsync, false},
    [P9_LOCK] = {serve_lock, false},
    [P9_GETLOCK] = {serve_getlock, false},
    [P9_XATTRWALK] = {serve_xattrwalk, false},
    [P9_WRITE] = {serve_write, true},
    [P9_SETATTR] = {serve_setattr, true},
    [P9_LCREATE] = {serve_lcreate, true},
    [P9_MKDIR] = {serve_mkdir, true},
    [P9_MKNOD] = {serve_mknod, true},
    [P9_SYMLINK] = {serve_symlink, true},
    [P9_LINK] = {serve_link, true},
    [P9_RENAMEAT] = {serve_renameat, true},
    [P9_UNLINKAT] = {serve_unlinkat, true},
    [P9_XATTRCREATE] = {serve_xattrcreate, true},
    /* Said outright, so that nobody looks for them: rename and remove by fid,
     * whose names we do not keep. */
    [P9_RENAME] = {unsupported, true},
    [P9_REMOVE] = {unsupported, true},
    [P9_AUTH] = {unsupported, false},
};

static int handle(struct server *s, uint8_t type, struct p9_msg *in,
                  struct p9_msg *out)
{
    if (type >= P9_NR || handlers[type].handler == NULL) {
        return -EOPNOTSUPP;
    }
    if (handlers[type].writes && s->read_only) {
        return -EROFS;
    }
    if (type != P9_VERSION && s->msize == 0) {
        return -EPROTO; /* Tversion comes first */
    }
    return handlers[type].handler(s, in, out);
}

size_t serve_one(struct server *s, uint8_t *request, size_t len, uint8_t *reply,
                 size_t room)
{
    struct p9_msg in = {.buf = request, .size_bytes = len};
    struct p9_msg out = {.buf = reply, .size_bytes = room};
    uint32_t size = p9_get32(&in);
    uint8_t type = p9_get8(&in);
    uint16_t tag = p9_get16(&in);
    int rc;

    if (in.bad || size != len) {
        return 0;
    }
    out.pos = P9_HEADER;
    rc = handle(s, type, &in, &out);
    if (rc == 0 && out.bad) {
        rc = -EMSGSIZE; /* a long link, a client with small messages */
    }
    if (rc < 0) {
        out.bad = false;
        out.pos = P9_HEADER;
        p9_put32(&out, (uint32_t)-rc);
        type = P9_RLERROR - 1;
    }
    size = (uint32_t)out.pos;
    out.pos = 0;
    p9_put32(&out, size);
    p9_put8(&out, (uint8_t)(type + 1));
    p9_put16(&out, tag);
    return size;
}

static void answer(struct server *s, size_t len)
{
    size_t room = s->msize != 0 ? s->msize : sizeof(s->reply);
    size_t size = serve_one(s, s->request, len, s->reply, room);

    while (size > 0 && send(s->chan_fd, s->reply, size, MSG_NOSIGNAL) < 0 &&
           errno == EINTR) {
    }
}

/* A change that was made before a request was sent shows in the same look as
 * the request: what the client is told by the answer comes behind the notice
 * of it. */
void serve_run(struct server *s)
{
    struct pollfd fds[2] = {{.fd = s->chan_fd, .events = POLLIN},
                            {.fd = s->leases.fd, .events = POLLIN}};
    ssize_t len;

    for (;;) {
        if (poll(fds, 2, -1) < 0) {
            continue; /* interrupted */
        }
        if (fds[1].revents != 0) {
            lease_look(s);
        }
        if (fds[0].revents == 0) {
            continue;
        }
        len = recv(s->chan_fd, s->request, sizeof(s->request), MSG_DONTWAIT);
        if (len > 0) {
            answer(s, (size_t)len);
        } else if (len == 0 || (errno != EINTR && errno != EAGAIN)) {
            return;
        }
    }
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests about locks. The client keeps its own; on the host an open file
 * description lock makes them hold against others.
 */
#include <errno.h>
#include <fcntl.h>

#include "host/volume/serve.h"

static const short types[] = {F_RDLCK, F_WRLCK, F_UNLCK};

/* start[8] length[8] proc_id[4] client_id[s], of which the owner is one. */
static void get_range(struct p9_msg *in, struct flock *lock)
{
    char client[WIRE_NAME_MAX + 1];

    lock->l_whence = SEEK_SET;
    lock->l_start = (off_t)p9_get64(in);
    lock->l_len = (off_t)p9_get64(in);
    p9_get32(in);
    wire_get_str(in, client, sizeof(client));
}

/* The open file that the request names and its type, or -errno. */
static int get_file(struct server *s, struct p9_msg *in, struct flock *lock,
                    struct fid **fid)
{
    uint8_t type;

    *fid = serve_fid(s, in);
    type = p9_get8(in);
    if (in->bad || *fid == NULL || (*fid)->open_fd < 0) {
        return -EBADF;
    }
    if (type > P9_LOCK_NONE) {
        return -EINVAL;
    }
    lock->l_type = types[type];
    return 0;
}

/* fid[4] type[1] flags[4] and the range -> status[1] */
int serve_lock(struct server *s, struct p9_msg *in, struct p9_msg *out)
{
    struct flock lock = {0};
    struct fid *fid;
    int rc = get_file(s, in, &lock, &fid);

    p9_get32(in);
    get_range(in, &lock);
    if (rc < 0 || in->bad) {
        return rc < 0 ? rc : -EINVAL;
    }
    if (fcntl(fid->open_fd, F_OFD_SETLK, &lock) == 0) {
        p9_put8(out, P9_LOCK_SUCCESS);
    } else if (errno == EAGAIN || errno == EACCES) {
        p9_put8(out, P9_LOCK_BLOCKED); /* try again */
    } else {
        return -errno;
    }
    return 0;
}

/* fid[4] type[1] and the range -> type[1] and the range of what is against
 * it; type "none" if nothing is. */
int serve_getlock(struct server *s, struct p9_msg *in, struct p9_msg *out)
{
    struct flock lock = {0};
    uint8_t type = P9_LOCK_NONE;
    struct fid *fid;
    int rc = get_file(s, in, &lock, &fid);

    get_range(in, &lock);
    if (rc < 0 || in->bad || lock.l_type == F_UNLCK) {
        return rc < 0 ? rc : -EINVAL;
    }
    if (fcntl(fid->open_fd, F_OFD_GETLK, &lock) < 0) {
        return -errno;
    }
    if (lock.l_type != F_UNLCK) {
        type = lock.l_type == F_WRLCK ? P9_LOCK_WRITE : P9_LOCK_READ;
    }
    p9_put8(out, type);
    p9_put64(out, (uint64_t)lock.l_start);
    p9_put64(out, (uint64_t)lock.l_len);
    p9_put32(out, 0);
    wire_put_str(out, "");
    return 0;
}

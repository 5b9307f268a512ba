/* SPDX-License-Identifier: BSD-2-Clause */
/* Watching files for the client: see lease.h. */
#include "host/volume/lease.h"

#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "host/volume/serve.h"

enum {
    HINT_FILE_EVENTS = IN_MODIFY | IN_ATTRIB,
    FILE_EVENTS = HINT_FILE_EVENTS | IN_CLOSE_WRITE | IN_DELETE_SELF,
    DIR_EVENTS = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |
                 IN_ATTRIB | IN_DELETE_SELF | IN_ONLYDIR,
    /* May be told of an entry instead of the directory itself. */
    ENTRY_EVENTS = IN_ATTRIB,
    EVENT_MAX = sizeof(struct inotify_event) + NAME_MAX + 1,
    NOTICE_BYTES = P9_HEADER + 8 + 4,
};

void lease_init(struct leases *leases)
{
    leases->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
}

static struct fid **bucket_of(struct leases *leases, int watch)
{
    return &leases->buckets[(unsigned)watch % LEASE_BUCKETS];
}

static struct fid *find(struct leases *leases, int watch)
{
    struct fid *fid = *bucket_of(leases, watch);

    while (fid != NULL && fid->watch != watch) {
        fid = fid->lease_next;
    }
    return fid;
}

/* Changes made on another machine are not told. */
static bool is_watchable(int path_fd)
{
    struct statfs fs;

    if (fstatfs(path_fd, &fs) < 0) {
        return false;
    }
    switch ((uint32_t)fs.f_type) {
    case NFS_SUPER_MAGIC:
    case SMB_SUPER_MAGIC:
    case (uint32_t)CIFS_SUPER_MAGIC:
    case (uint32_t)SMB2_SUPER_MAGIC:
    case FUSE_SUPER_MAGIC:
    case V9FS_MAGIC:
    case AFS_SUPER_MAGIC:
    case CEPH_SUPER_MAGIC:
    case PROC_SUPER_MAGIC:
    case SYSFS_MAGIC:
        return false;
    }
    return true;
}

/* The same file in both; names are in /proc/self/fd. */
static bool add_watches(struct leases *leases, struct fid *fid)
{
    bool is_dir = S_ISDIR(fid->mode);
    char number[16];

    snprintf(number, sizeof(number), "%d", fid->path_fd);
    fid->watch = inotify_add_watch(leases->fd, number,
                                   is_dir ? DIR_EVENTS : FILE_EVENTS);
    if (fid->watch < 0) {
        return false;
    }
    fid->hint = -1;
    if (leases->hint_fd < 0) {
        return true;
    }
    fid->hint = inotify_add_watch(leases->hint_fd, number,
                                  is_dir ? DIR_EVENTS : HINT_FILE_EVENTS);
    if (fid->hint < 0) {
        inotify_rm_watch(leases->fd, fid->watch);
    }
    return fid->hint >= 0;
}

bool lease_take(struct server *s, struct fid *fid)
{
    struct leases *leases = &s->leases;

    if (fid->watch >= 0) {
        return true;
    }
    if (leases->fd < 0 || leases->nr == LEASE_MAX ||
        (!S_ISDIR(fid->mode) && !S_ISREG(fid->mode)) ||
        !is_watchable(fid->path_fd)) {
        return false;
    }
    if (!add_watches(leases, fid)) {
        fid->watch = -1;
        return false;
    }
    if (find(leases, fid->watch) !=
        NULL) { /* the file's watches are another fid's */
        fid->watch = -1;
        return false;
    }
    fid->lease_next = *bucket_of(leases, fid->watch);
    *bucket_of(leases, fid->watch) = fid;
    leases->nr++;
    return true;
}

void lease_drop(struct server *s, struct fid *fid)
{
    struct fid **at = bucket_of(&s->leases, fid->watch);

    if (fid->watch < 0) {
        return;
    }
    while (*at != fid) {
        at = &(*at)->lease_next;
    }
    *at = fid->lease_next;
    s->leases.nr--;
    inotify_rm_watch(s->leases.fd, fid->watch);
    if (fid->hint >= 0) {
        inotify_rm_watch(s->leases.hint_fd, fid->hint);
    }
    fid->watch = -1;
}

static void send_notice(struct server *s, const struct fid *fid)
{
    uint8_t bytes[NOTICE_BYTES];
    struct p9_msg out = {.buf = bytes, .size_bytes = sizeof(bytes)};
    struct stat st;
    bool is_gone = fstat(fid->path_fd, &st) == 0 && st.st_nlink == 0;

    p9_put32(&out, sizeof(bytes));
    p9_put8(&out, P9_NOTICE);
    p9_put16(&out, P9_NOTAG);
    p9_put64(&out, fid->qid_path);
    p9_put32(&out, is_gone);
    while (send(s->chan_fd, bytes, sizeof(bytes), MSG_NOSIGNAL) < 0 &&
           errno == EINTR) {
    }
}

static void end_lease(struct server *s, struct fid *fid)
{
    lease_drop(s, fid);
    send_notice(s, fid);
}

static void end_all(struct server *s)
{
    for (int i = 0; i < LEASE_BUCKETS; i++) {
        while (s->leases.buckets[i] != NULL) {
            end_lease(s, s->leases.buckets[i]);
        }
    }
}

void lease_own(struct server *s, uint64_t a, uint64_t b, uint64_t c)
{
    char events[8192] __attribute__((aligned(8)));
    ssize_t len;

    if (s->leases.nr == 0) {
        return;
    }
    do {
        const struct inotify_event *e;

        len = read(s->leases.fd, events, sizeof(events));
        for (char *at = events; at < events + len; at += sizeof(*e) + e->len) {
            struct fid *fid;

            e = (const void *)at;
            if ((e->mask & IN_Q_OVERFLOW) != 0) {
                end_all(s);
                continue;
            }
            fid = find(&s->leases, e->wd);
            if (fid == NULL || (e->len > 0 && (e->mask & ENTRY_EVENTS) != 0) ||
                fid->qid_path == a || fid->qid_path == b ||
                fid->qid_path == c) {
                continue;
            }
            end_lease(s, fid);
        }
    } while (len > (ssize_t)sizeof(events) - EVENT_MAX); /* there is more */
}

void lease_look(struct server *s)
{
    lease_own(s, 0, 0, 0);
}

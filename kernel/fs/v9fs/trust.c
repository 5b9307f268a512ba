/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How far what is known of a file may be trusted: leases, the server's notices
 * that end them, and hints. A hint is an inotify event that comes here at
 * once, whoever made the change; it tells to ask the server before anything
 * is trusted again, and the server knows whose change it was.
 */
#include <linux/errno.h>
#include <linux/inotify.h>
#include <linux/stat.h>

#include "kernel/core/cpu.h"
#include "kernel/fs/v9fs/v9.h"
#include "lib/string.h"

enum { LOOK_NS = 20000 };

/* The file lost its last name on the host, and here only a name refers to it:
 * the host gets its space back. */
static void let_go(struct v9_inode *v)
{
    v9_drop_fids(v);
}

void v9_notice(struct v9_session *s, uint64_t path, uint32_t what)
{
    struct v9_fs *fs = container_of(s, struct v9_fs, session);
    struct v9_inode *v = v9_inode_find(fs, path);

    if (!v)
        return;
    v->leased = v->exact = false;
    v->suspect = true;
    v->names_gen++;
    v->notice_seq = s->rx_seq;
    if ((what & V9_GONE) && v->inode.refs == 1 && S_ISREG(v->inode.mode))
        let_go(v);
}

/* ---- hints ---- */

static struct v9_inode **bucket_of(struct v9_fs *fs, int32_t hint)
{
    return &fs->hint_buckets[(uint32_t)hint % V9_BUCKETS];
}

static void forget_hint(struct v9_inode *v)
{
    struct v9_inode **p = bucket_of(v->fs, v->hint);

    if (v->hint <= 0)
        return;
    while (*p != v)
        p = &(*p)->hint_next;
    *p = v->hint_next;
    v->hint = 0;
}

void v9_set_hint(struct v9_inode *v, int32_t hint)
{
    struct v9_inode **p = bucket_of(v->fs, hint);

    if (hint == v->hint)
        return;
    forget_hint(v);
    if (hint <= 0)
        return;
    v->hint = hint;
    v->hint_next = *p;
    *p = v;
}

static void doubt(struct v9_inode *v)
{
    v->leased = v->exact = false;
    v->nr_hints++;
}

static void doubt_all(struct v9_fs *fs)
{
    for (size_t i = 0; i < V9_BUCKETS; i++)
        for (struct v9_inode *v = fs->buckets[i]; v; v = v->next)
            doubt(v);
}

static void take_hint(struct v9_fs *fs, const struct inotify_event *e)
{
    struct v9_inode *v = *bucket_of(fs, e->wd);

    if (e->mask & IN_Q_OVERFLOW) {
        doubt_all(fs);
        return;
    }
    while (v && v->hint != e->wd)
        v = v->hint_next;
    if (!v || v->nr_own)
        return;
    if (e->len && (e->mask & IN_ATTRIB))
        return; /* of an entry, not of the directory */
    doubt(v);
}

static void read_hints(struct v9_fs *fs)
{
    uint32_t chan = (uint32_t)fs->watch_chan | ABI_CHAN_GLANCE;
    int64_t n;

    do {
        struct inotify_event e;

        n = platform.ops.chan_recv(chan, fs->hints, sizeof(fs->hints));

        for (int64_t at = 0; at + (int64_t)sizeof(e) <= n;
             at += (int64_t)sizeof(e) + e.len) {
            memcpy(&e, fs->hints + at, sizeof(e));
            if (e.len > sizeof(fs->hints))
                break;
            take_hint(fs, &e);
        }
    } while (n > 0); /* a machine's device hands them over in parts */
}

static void look_now(struct v9_fs *fs)
{
    if (fs->watch_chan >= 0)
        read_hints(fs);
}

void v9_look(struct v9_fs *fs)
{
    uint64_t now = clock_mono_ns();

    if (now - fs->looked_ns < LOOK_NS)
        return;
    fs->looked_ns = now;
    look_now(fs);
}

bool v9_trusted(struct v9_inode *v)
{
    v9_look(v->fs);
    return v->leased || v->refused;
}

/* ---- our own changes ---- */

void v9_own_begin(struct v9_inode *v)
{
    if (!v->nr_own)
        look_now(v->fs);
    v->nr_own++;
}

void v9_own_end(struct v9_inode *v)
{
    look_now(v->fs);
    v->nr_own--;
}

void v9_changed(struct v9_inode *v)
{
    v->exact = false;
    v->own = true;
    v->changed_seq = v9_session(v)->rx_seq;
}

void v9_trust_end(struct v9_inode *v)
{
    forget_hint(v);
}

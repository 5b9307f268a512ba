/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding changes: see changes.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/common/xalloc.h"
#include "host/record/changes.h"
#include "host/record/changes_format.h"
#include "host/record/materialise.h"

enum { MAX_DEPTH = 400 };

struct sender {
    const struct tree *tree;
    const uint8_t *data;
    struct timespec since;
    struct spool *spool;
    FILE *out;
    struct err *err;
};

static int send(struct sender *s, enum change_kind kind, const char *path,
                const struct stat *st, const char *target, uint64_t spool_off)
{
    struct change c = {.kind = kind,
                       .path_len = (uint32_t)strlen(path),
                       .target_len = (uint32_t)strlen(target),
                       .spool_off = spool_off};

    if (st) {
        c.mode = st->st_mode;
        c.uid = st->st_uid;
        c.gid = st->st_gid;
        c.mtime_s = st->st_mtim.tv_sec;
        c.mtime_ns = (uint32_t)st->st_mtim.tv_nsec;
        c.len_bytes = S_ISREG(st->st_mode) ? (uint64_t)st->st_size : 0;
    }
    if (fwrite(&c, sizeof(c), 1, s->out) != 1 ||
        fwrite(path, 1, c.path_len, s->out) != c.path_len ||
        fwrite(target, 1, c.target_len, s->out) != c.target_len)
        return err_set(s->err, ERR_TOOL, "sandbox: send changes: %m");
    return 0;
}

static int cannot_read(struct sender *s, const char *path)
{
    return err_set(s->err, ERR_TOOL, "sandbox: read %s: %m", path);
}

/* ---- files --------------------------------------------------------------- */

static bool same_owner_and_mode(const struct tree_inode *inode,
                                const struct stat *st)
{
    return materialised_id(inode->uid) == st->st_uid &&
           materialised_id(inode->gid) == st->st_gid &&
           (S_ISLNK(st->st_mode) || inode->mode == st->st_mode);
}

static bool is_before(struct timespec a, struct timespec b)
{
    return a.tv_sec != b.tv_sec ? a.tv_sec < b.tv_sec : a.tv_nsec < b.tv_nsec;
}

static bool same_content(const struct sender *s, const struct tree_inode *inode,
                         int fd)
{
    const uint8_t *p = s->data + inode->source_off;
    static char buf[1 << 16];
    uint64_t left = inode->len_bytes;
    ssize_t n = 0;

    while (left > 0 && (n = read(fd, buf, sizeof(buf))) > 0) {
        if ((uint64_t)n > left || memcmp(buf, p, (size_t)n) != 0)
            return false;
        p += n;
        left -= (uint64_t)n;
    }
    return left == 0;
}

static int spool_content(struct sender *s, int fd, const char *path,
                         struct stat *st, uint64_t *off)
{
    static char buf[1 << 16];
    uint64_t done = 0, len = (uint64_t)st->st_size;
    ssize_t n;

    if (spool_reserve(s->spool, len, path, off, s->err) < 0)
        return -1;
    while (done < len && (n = pread(fd, buf, sizeof(buf), (off_t)done)) > 0) {
        if (spool_write(s->spool, *off + done, buf, (size_t)n, s->err) < 0)
            return -1;
        done += (uint64_t)n;
    }
    return done == len ? 0 : cannot_read(s, path);
}

static int look_at_content(struct sender *s, int fd,
                           const struct tree_node *node, const char *path,
                           struct stat *st)
{
    uint64_t off = 0;

    if (node && S_ISREG(node->inode->mode) &&
        node->inode->len_bytes == (uint64_t)st->st_size &&
        same_content(s, node->inode, fd))
        return send(s, CHANGE_ATTRIBUTES, path, st, "", 0);
    if (spool_content(s, fd, path, st, &off) < 0)
        return -1;
    return send(s, CHANGE_ADD, path, st, "", off);
}

static int look_at_file(struct sender *s, int dir_fd, const char *name,
                        const struct tree_node *node, const char *path,
                        struct stat *st)
{
    int fd, ret;

    if (node && S_ISREG(node->inode->mode) && is_before(st->st_ctim, s->since))
        return 0;
    fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return cannot_read(s, path);
    ret = look_at_content(s, fd, node, path, st);
    close(fd);
    return ret;
}

static int look_at_link(struct sender *s, int dir_fd, const char *name,
                        const struct tree_node *node, const char *path,
                        struct stat *st)
{
    char target[PATH_MAX];
    ssize_t len = readlinkat(dir_fd, name, target, sizeof(target) - 1);

    if (len < 0)
        return cannot_read(s, path);
    target[len] = '\0';
    if (node && S_ISLNK(node->inode->mode) &&
        strcmp(target, node->inode->target) == 0 &&
        same_owner_and_mode(node->inode, st))
        return 0;
    return send(s, CHANGE_ADD, path, st, target, 0);
}

/* ---- directories --------------------------------------------------------- */

static int look_at_dir(struct sender *s, int dir_fd,
                       const struct tree_node *node, const char *path,
                       int depth);

static int enter(struct sender *s, int dir_fd, const char *name,
                 const struct tree_node *node, const char *path,
                 struct stat *st, int depth)
{
    bool is_new = !node || !S_ISDIR(node->inode->mode);
    int fd, ret = 0;

    if (is_new)
        ret = send(s, CHANGE_ADD, path, st, "", 0);
    else if (!same_owner_and_mode(node->inode, st))
        ret = send(s, CHANGE_ATTRIBUTES, path, st, "", 0);
    if (ret < 0 || depth == MAX_DEPTH)
        return ret;
    fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return cannot_read(s, path);
    return look_at_dir(s, fd, is_new ? NULL : node, path, depth + 1);
}

static int look_at_entry(struct sender *s, int dir_fd, const char *name,
                         const struct tree_node *node, const char *path,
                         int depth)
{
    struct stat st;

    if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return cannot_read(s, path);
    switch (st.st_mode & S_IFMT) {
    case S_IFDIR:
        return enter(s, dir_fd, name, node, path, &st, depth);
    case S_IFREG:
        return look_at_file(s, dir_fd, name, node, path, &st);
    case S_IFLNK:
        return look_at_link(s, dir_fd, name, node, path, &st);
    case S_IFIFO:
        if (node && S_ISFIFO(node->inode->mode))
            return 0;
        return send(s, CHANGE_ADD, path, &st, "", 0);
    default:
        return 0;
    }
}

static bool is_mount_point(const char *path)
{
    return strcmp(path, "/dev") == 0 || strcmp(path, "/proc") == 0 ||
           strcmp(path, "/sys") == 0;
}

static int look_for_removed(struct sender *s, int dir_fd,
                            const struct tree_node *node)
{
    for (size_t i = 0; node && i < node->nr_children; i++) {
        const struct tree_node *child = node->children[i];
        mode_t mode = child->inode->mode;
        struct stat st;
        char *path;
        int ret;

        if (S_ISCHR(mode) || S_ISBLK(mode) || S_ISSOCK(mode) ||
            fstatat(dir_fd, child->name, &st, AT_SYMLINK_NOFOLLOW) == 0 ||
            errno != ENOENT)
            continue;
        path = tree_path(child);
        ret = send(s, CHANGE_REMOVE, path, NULL, "", 0);
        free(path);
        if (ret < 0)
            return -1;
    }
    return 0;
}

/* Closes dir_fd. */
static int look_at_dir(struct sender *s, int dir_fd,
                       const struct tree_node *node, const char *path,
                       int depth)
{
    DIR *dir = fdopendir(dir_fd);
    int ret = look_for_removed(s, dir_fd, node);
    struct dirent *entry;

    while (ret == 0 && dir && (entry = readdir(dir))) {
        const char *name = entry->d_name;
        char *child;

        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
            continue;
        child = xasprintf("%s/%s", path, name);
        if (!is_mount_point(child))
            ret = look_at_entry(s, dir_fd, name,
                                node ? tree_child(s->tree, node, name) : NULL,
                                child, depth);
        free(child);
    }
    if (dir)
        closedir(dir);
    return ret;
}

int changes_send(const struct tree *t, const uint8_t *data, int dir_fd,
                 struct timespec since, struct spool *spool, FILE *out,
                 struct err *err)
{
    struct sender s = {.tree = t,
                       .data = data,
                       .since = since,
                       .spool = spool,
                       .out = out,
                       .err = err};

    if (look_at_dir(&s, openat(dir_fd, ".", O_RDONLY | O_DIRECTORY), t->root,
                    "", 0) < 0)
        return -1;
    return send(&s, CHANGE_END, "", NULL, "", 0);
}

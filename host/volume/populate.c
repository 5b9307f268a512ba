/* SPDX-License-Identifier: BSD-2-Clause */
/* From an image into an empty volume: see populate.h. */
#include "host/volume/populate.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/common/erofs_read.h"

enum { DEPTH_MAX = 128, MANY_DESCRIPTORS = 32 };

static bool is_empty(const char *path)
{
    DIR *dir = opendir(path);
    bool empty = dir != NULL;
    const struct dirent *e;

    while (empty && (e = readdir(dir)) != NULL) {
        empty = strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0;
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return empty;
}

/* Owner first: changing it takes mode bits away. */
static int set_attributes(int fd, const struct erofs_node *node)
{
    struct timespec times[2] = {
        {.tv_nsec = UTIME_OMIT},
        {.tv_sec = (time_t)node->mtime_s, .tv_nsec = (long)node->mtime_ns}};
    mode_t mask = S_ISDIR(node->mode) ? 03777 : 01777;

    if (geteuid() == 0 && fchown(fd, node->uid, node->gid) < 0) {
        return -1;
    }
    if (fchmod(fd, node->mode & mask) < 0) {
        return -1;
    }
    return futimens(fd, times);
}

static int write_all(int fd, const uint8_t *data, uint64_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len < SSIZE_MAX ? len : SSIZE_MAX);

        if (n < 0) {
            return -1;
        }
        data += n;
        len -= (uint64_t)n;
    }
    return 0;
}

static int copy_file(int dir_fd, const char *name,
                     const struct erofs_node *node)
{
    int fd = openat(dir_fd, name,
                    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    int rc;

    if (fd < 0) {
        return -1;
    }
    rc = write_all(fd, node->data, node->len_bytes);
    if (rc == 0) {
        rc = set_attributes(fd, node);
    }
    close(fd);
    return rc;
}

static int copy_link(int dir_fd, const char *name,
                     const struct erofs_node *node)
{
    char target[PATH_MAX];

    if (node->len_bytes >= sizeof(target)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(target, node->data, node->len_bytes);
    target[node->len_bytes] = '\0';
    if (symlinkat(target, dir_fd, name) < 0) {
        return -1;
    }
    return geteuid() == 0 ? fchownat(dir_fd, name, node->uid, node->gid,
                                     AT_SYMLINK_NOFOLLOW)
                          : 0;
}

static int copy_entries(const struct erofs_image *image, int dir_fd,
                        const struct erofs_node *dir, int depth);

static int copy_directory(const struct erofs_image *image, int dir_fd,
                          const char *name, const struct erofs_node *node,
                          int depth)
{
    int fd, rc;

    if (mkdirat(dir_fd, name, 0700) < 0) {
        return -1;
    }
    fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return -1;
    }
    rc = copy_entries(image, fd, node, depth + 1);
    if (rc == 0) {
        rc = set_attributes(fd, node);
    }
    close(fd);
    return rc;
}

static int copy_node(const struct erofs_image *image, int dir_fd,
                     const char *name, const struct erofs_node *node, int depth)
{
    switch (node->mode & S_IFMT) {
    case S_IFDIR:
        return copy_directory(image, dir_fd, name, node, depth);
    case S_IFREG:
        return copy_file(dir_fd, name, node);
    case S_IFLNK:
        return copy_link(dir_fd, name, node);
    default:
        return 0;
    }
}

static int copy_entries(const struct erofs_image *image, int dir_fd,
                        const struct erofs_node *dir, int depth)
{
    uint64_t at = 0, nid;
    const char *text;
    size_t len;

    if (depth == DEPTH_MAX) {
        errno = ELOOP;
        return -1;
    }
    while (erofs_entry(dir, &at, &text, &len, &nid)) {
        char name[NAME_MAX + 1];
        struct erofs_node node;

        snprintf(name, sizeof(name), "%.*s", (int)len, text);
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
            continue;
        }
        if (!erofs_get(image, nid, &node)) {
            errno = EUCLEAN;
            return -1;
        }
        if (copy_node(image, dir_fd, name, &node, depth) < 0) {
            return -1;
        }
    }
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int type,
                      struct FTW *at)
{
    (void)st;
    (void)at;
    return (type == FTW_DP ? rmdir(path) : unlink(path)) < 0 ? -1 : 0;
}

int populate_remove(const char *path)
{
    return nftw(path, remove_one, MANY_DESCRIPTORS, FTW_DEPTH | FTW_PHYS);
}

/* Beside it first, so that it is there at once or not at all. */
static int replace(const char *path, const struct erofs_image *image,
                   const struct erofs_node *dir)
{
    char made[PATH_MAX];

    if (snprintf(made, sizeof(made), "%s.new-%d", path, getpid()) >= PATH_MAX) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (copy_directory(image, AT_FDCWD, made, dir, 0) < 0) {
        return -1;
    }
    if (rename(made, path) == 0) {
        return 0;
    }
    /* Another instance was faster. */
    return errno == ENOTEMPTY || errno == EEXIST ? populate_remove(made) : -1;
}

int populate_if_empty(const char *path, const char *image, const char *guest,
                      struct err *err)
{
    struct erofs_image files;
    struct erofs_node dir;
    int rc = 0;

    if (!is_empty(path)) {
        return 0;
    }
    if (erofs_open(&files, image, err) < 0) {
        return -1;
    }
    if (erofs_walk(&files, guest, &dir) && S_ISDIR(dir.mode) &&
        replace(path, &files, &dir) < 0) {
        rc = err_set(err, ERR_TOOL, "volume %s: copy %s of the image: %m", path,
                     guest);
    }
    erofs_close(&files);
    return rc;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The files of an image, in a directory or an archive: see store.h. */
#include "host/oci/store.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/common/xalloc.h"

enum { MAX_FILES = 100000, MAX_NAME = 1024, MAX_LINKS = 4 };

int store_open_directory(struct oci_store *s, const char *path,
                         const char *where, struct err *err)
{
    *s = (struct oci_store){.where = where};
    s->dir_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (s->dir_fd < 0)
        return err_set(err, ERR_TOOL,
                       "%s: not a directory (an archive is named "
                       "oci-archive:FILE or docker-archive:FILE)",
                       where);
    return 0;
}

/* ---- archives ------------------------------------------------------------ */

static int damaged(const struct oci_store *s, struct archive *a,
                   struct err *err)
{
    const char *why = archive_error_string(a);

    return err_set(err, ERR_TOOL, "%s: not a readable archive: %s", s->where,
                   why ? why : "unknown reason");
}

static int take_data(struct oci_store *s, struct archive *a,
                     struct store_file *file, struct err *err)
{
    const void *data;
    size_t len;
    la_int64_t off;
    int ret;

    if (spool_reserve(s->spool, file->len_bytes, s->where, &file->off, err) < 0)
        return -1;
    while ((ret = archive_read_data_block(a, &data, &len, &off)) ==
           ARCHIVE_OK) {
        if (off < 0 || (uint64_t)off > file->len_bytes ||
            len > file->len_bytes - (uint64_t)off)
            return err_set(err, ERR_TOOL, "%s: %s is longer than stated",
                           s->where, file->name);
        if (spool_write(s->spool, file->off + (uint64_t)off, data, len, err) <
            0)
            return -1;
    }
    return ret == ARCHIVE_EOF ? 0 : damaged(s, a, err);
}

/* Names are compared, never used as paths. */
static const char *plain_name(const char *name)
{
    while (strncmp(name, "./", 2) == 0 || name[0] == '/')
        name += name[0] == '/' ? 1 : 2;
    return name;
}

static int take_entry(struct oci_store *s, struct archive *a,
                      struct archive_entry *entry, struct err *err)
{
    const char *name = archive_entry_pathname(entry);
    const char *link = archive_entry_symlink(entry);
    struct store_file *file;

    if (archive_entry_filetype(entry) == AE_IFDIR)
        return 0;
    if (!name || strlen(name) > MAX_NAME || (link && strlen(link) > MAX_NAME) ||
        archive_entry_size(entry) < 0)
        return err_set(err, ERR_TOOL, "%s: a file in it has no usable name",
                       s->where);
    if (s->nr == MAX_FILES)
        return err_set(err, ERR_TOOL, "%s: more than %d files", s->where,
                       MAX_FILES);
    if (archive_entry_hardlink(entry))
        link = archive_entry_hardlink(entry);
    s->files = xgrow(s->files, s->nr, &s->cap, sizeof(*s->files));
    file = &s->files[s->nr++];
    *file = (struct store_file){.name = xstrdup(plain_name(name)),
                                .link = link ? xstrdup(link) : NULL};
    if (link)
        return 0;
    file->len_bytes = (uint64_t)archive_entry_size(entry);
    return take_data(s, a, file, err);
}

int store_open_archive(struct oci_store *s, const char *path, const char *where,
                       struct spool *spool, struct err *err)
{
    struct archive *a = archive_read_new();
    struct archive_entry *entry;
    int ret;

    *s = (struct oci_store){.where = where, .dir_fd = -1, .spool = spool};
    archive_read_support_format_tar(a);
    archive_read_support_filter_gzip(a);
    archive_read_support_filter_zstd(a);
    if (archive_read_open_filename(a, path, 1 << 16) != ARCHIVE_OK) {
        damaged(s, a, err);
        archive_read_free(a);
        return -1;
    }
    while ((ret = archive_read_next_header(a, &entry)) == ARCHIVE_OK ||
           ret == ARCHIVE_WARN)
        if (take_entry(s, a, entry, err) < 0)
            break;
    if (ret != ARCHIVE_EOF)
        damaged(s, a, err);
    archive_read_free(a);
    return err->status == 0 ? 0 : -1;
}

void store_close(struct oci_store *s)
{
    if (s->dir_fd >= 0)
        close(s->dir_fd);
    for (size_t i = 0; i < s->nr; i++) {
        free(s->files[i].name);
        free(s->files[i].link);
    }
    free(s->files);
    *s = (struct oci_store){.dir_fd = -1};
}

/* ---- one file ------------------------------------------------------------ */

static int open_in_directory(struct oci_store *s, const char *name,
                             struct blob *out, struct err *err)
{
    int fd = openat(s->dir_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;

    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return 1;
    if (fd < 0 || fstat(fd, &st) < 0) {
        err_set(err, ERR_TOOL, "%s: open %s: %m", s->where, name);
        if (fd >= 0)
            close(fd);
        return -1;
    }
    if (!S_ISREG(st.st_mode)) {
        close(fd);
        return err_set(err, ERR_TOOL, "%s: %s is not a file", s->where, name);
    }
    *out = (struct blob){fd, 0, (uint64_t)st.st_size};
    return 0;
}

/* As in a tar archive, the last of several with one name counts. */
static const struct store_file *find(const struct oci_store *s,
                                     const char *name)
{
    for (size_t i = s->nr; i > 0; i--)
        if (strcmp(s->files[i - 1].name, name) == 0)
            return &s->files[i - 1];
    return NULL;
}

/* docker save writes a layer that images share as a link "../ID/layer.tar":
 * all of these lie one level down, so what follows the dots is the name. */
static const char *link_name(const char *target)
{
    while (strncmp(target, "../", 3) == 0)
        target += 3;
    return plain_name(target);
}

static int open_in_archive(struct oci_store *s, const char *name,
                           struct blob *out, struct err *err)
{
    const struct store_file *file = find(s, name);

    for (int i = 0; file && file->link && i < MAX_LINKS; i++)
        file = find(s, link_name(file->link));
    if (!file || file->link)
        return 1;
    out->fd = fcntl(s->spool->file.fd, F_DUPFD_CLOEXEC, 0);
    out->off = file->off;
    out->len_bytes = file->len_bytes;
    return out->fd < 0
               ? err_set(err, ERR_TOOL, "%s: open %s: %m", s->where, name)
               : 0;
}

int store_open_file(struct oci_store *s, const char *name, struct blob *out,
                    struct err *err)
{
    if (s->dir_fd >= 0)
        return open_in_directory(s, name, out, err);
    return open_in_archive(s, plain_name(name), out, err);
}

void blob_close(struct blob *b)
{
    close(b->fd);
}

ssize_t blob_read(const struct blob *b, uint64_t at, void *to, size_t len)
{
    size_t done = 0;

    if (at >= b->len_bytes)
        return 0;
    if (len > b->len_bytes - at)
        len = b->len_bytes - at;
    while (done < len) {
        ssize_t n = pread(b->fd, (char *)to + done, len - done,
                          (off_t)(b->off + at + done));

        if (n < 0)
            return -1;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

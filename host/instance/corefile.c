/* SPDX-License-Identifier: BSD-2-Clause */
/* Core files on the host: see corefile.h. */
#include "host/instance/corefile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/common/room.h"
#include "host/instance/store.h"

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

/* Absolute, since a background monitor works elsewhere. */
static int split(const char *wanted, char dir[DIR_MAX], const char **file)
{
    char *text = strdup(wanted), *slash, *real;
    struct stat st;
    int rc = -1;

    if (text == NULL) {
        return -1;
    }
    *file = NULL;
    slash = strrchr(text, '/');
    if (stat(text, &st) < 0 || !S_ISDIR(st.st_mode)) {
        *file = base_name(wanted);
        if (slash == NULL) {
            strcpy(text, ".");
        } else {
            slash[slash == text] = '\0';
        }
    }
    real = realpath(text, NULL);
    if (real != NULL) {
        rc = snprintf(dir, DIR_MAX, "%s", real) < DIR_MAX / 2 ? 0 : -1;
        errno = ENAMETOOLONG;
    }
    free(real);
    free(text);
    return rc;
}

/* DIR/FILE, kept; NULL: too long. */
static const char *keep_path(const char *dir, const char *file)
{
    char *path = room(DIR_MAX);
    int len = snprintf(path, DIR_MAX, "%s/%s", dir, file);

    return len < DIR_MAX ? room_keep(path, (size_t)len + 1) : NULL;
}

static int name_both(struct corefile *c, const char *wanted, const char *exe,
                     const char *id)
{
    char dir[DIR_MAX], made[DIR_MAX], hidden[DIR_MAX];
    const char *file;

    if (split(wanted, dir, &file) < 0) {
        return -1;
    }
    snprintf(made, sizeof(made), "core.%.64s.%.*s", base_name(exe),
             ID_SHORT_LEN, id);
    snprintf(hidden, sizeof(hidden), ".core.%s", id);
    file = file != NULL ? file : made;
    errno = file[0] == '\0' ? EISDIR : ENAMETOOLONG;
    if (file[0] == '\0' || (c->path = keep_path(dir, file)) == NULL ||
        (c->hidden = keep_path(dir, hidden)) == NULL) {
        return -1;
    }
    return 0;
}

int corefile_open(struct corefile *c, const struct spec *spec, const char *exe,
                  const char *id, struct err *err)
{
    c->fd = -1;
    if (spec->core == NULL) {
        return 0;
    }
    if (name_both(c, spec->core, exe, id) < 0) {
        return err_set(err, ERR_TOOL, "--core %s: %m%s", spec->core,
                       errno == ENOENT ? " (make the directory first)" : "");
    }
    c->fd = open(c->hidden, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                 0600);
    if (c->fd < 0) {
        return err_set(err, ERR_TOOL, "--core %s: make %s: %m", spec->core,
                       c->hidden);
    }
    if (ftruncate(c->fd, (off_t)spec->core_bytes) < 0) {
        err_set(err, ERR_TOOL,
                "--core %s: a file of %llu bytes: %m (give less with "
                "--core-size)",
                spec->core, (unsigned long long)spec->core_bytes);
        corefile_close(c);
        return -1;
    }
    return 0;
}

/* The end of what was written: the rest of the file is one hole. */
static void cut(int fd)
{
    off_t data = 0, hole = 0;

    while ((data = lseek(fd, hole, SEEK_DATA)) >= 0) {
        hole = lseek(fd, data, SEEK_HOLE);
        if (hole <= data) {
            return;
        }
    }
    if (errno == ENXIO) {
        (void)!ftruncate(fd, hole);
    }
}

bool corefile_close(struct corefile *c)
{
    char magic[4] = {0};
    bool kept;

    if (c->fd < 0) {
        return false;
    }
    kept = pread(c->fd, magic, 4, 0) == 4 && memcmp(magic, "\177ELF", 4) == 0;
    if (kept) {
        cut(c->fd);
        kept = rename(c->hidden, c->path) == 0;
    }
    if (!kept) {
        unlink(c->hidden);
    }
    close(c->fd);
    c->fd = -1;
    return kept;
}

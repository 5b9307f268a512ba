/* SPDX-License-Identifier: BSD-2-Clause */
/* What an entry of the image cache is called after: see image_cache.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/common/image_cache.h"
#include "host/common/image_ref.h"

/* Is it an absolute path without empty, "." and ".." parts? */
static bool is_plain(const char *path)
{
    for (const char *part = path; part[0] == '/'; part += strcspn(part, "/")) {
        part++;
        if (part[0] == '/' || part[0] == '\0' ||
            (part[0] == '.' && strspn(part, ".") <= 2 &&
             strchr("/", part[strspn(part, ".")]) != NULL))
            return false;
    }
    return path[0] == '/';
}

/* One call instead of a readlink(2) for each part: does no part of the
 * directory, which is cut from the path for that, lie behind a link? */
static bool is_free_of_links(char *path)
{
    struct open_how how = {
        .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
        .resolve = RESOLVE_NO_SYMLINKS,
    };
    char *slash = strrchr(path, '/');
    int fd;

    *slash = '\0';
    fd = (int)syscall(SYS_openat2, AT_FDCWD, slash == path ? "/" : path, &how,
                      sizeof(how));
    *slash = '/';
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static int resolve_dir(const char *path, char out[PATH_MAX])
{
    static char dir[PATH_MAX]; /* seldom needed: not of each start's stack */
    const char *slash = strrchr(path, '/');
    int n;

    snprintf(dir, sizeof(dir), "%.*s/", slash ? (int)(slash - path) : 0, path);
    if (!realpath(slash ? dir : ".", dir))
        return -1;
    n = snprintf(out, PATH_MAX, "%s/%s", strcmp(dir, "/") ? dir : "",
                 slash ? slash + 1 : path);
    errno = ENAMETOOLONG;
    return n < PATH_MAX ? 0 : -1;
}

/* Of a program, whose own name may be a link. */
static int resolve_program(const char *path, char out[PATH_MAX])
{
    if (is_plain(path)) {
        memcpy(out, path, strlen(path) + 1);
        if (is_free_of_links(out))
            return 0;
    }
    return resolve_dir(path, out);
}

static int resolve_file(const char *path, char out[PATH_MAX],
                        enum image_kind *kind)
{
    struct stat st;

    errno = ENAMETOOLONG;
    if (strlen(path) >= PATH_MAX || stat(path, &st) < 0)
        return -1;
    if (!S_ISDIR(st.st_mode)) {
        *kind = IMAGE_KIND_ELF;
        return resolve_program(path, out);
    }
    *kind = IMAGE_KIND_DIRECTORY;
    return realpath(path, out) ? 0 : -1;
}

/* A registry's name, where a path was wanted. */
static bool is_registry_name(const char *text)
{
    return strncmp(text, "docker://", 9) == 0 ||
           (text[0] != '/' && text[0] != '.' && !strchr(text, '/'));
}

static int not_found(const char *path, struct err *err)
{
    int status =
        errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_CANNOT_RUN;

    if (status != ERR_NOT_FOUND || !is_registry_name(path))
        return err_set(err, status, "run %s: %m", path);
    return err_set(err, status,
                   "run %s: no such file (give the path of a program or "
                   "directory; an image from a registry comes by `skopeo copy "
                   "docker://%s oci:DIR`, then run oci:DIR)",
                   path, path + (strncmp(path, "docker://", 9) ? 0 : 9));
}

int image_cache_source(const char *path, char out[PATH_MAX],
                       enum image_kind *kind, struct err *err)
{
    static struct image_ref ref; /* as above */
    int rc = image_ref_parse(path, &ref, err);

    if (rc < 0)
        return -1;
    if (rc > 0) {
        *kind = IMAGE_KIND_NAME;
        errno = ENAMETOOLONG;
        rc = image_ref_print(&ref, out);
    } else {
        rc = resolve_file(path, out, kind);
    }
    return rc >= 0 ? 0 : not_found(path, err);
}

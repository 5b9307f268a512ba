/* SPDX-License-Identifier: BSD-2-Clause */
/* From a target to image, sidecar and program: see image.h. */
#include "host/instance/image.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/common/room.h"
#include "host/instance/account.h"
#include "host/instance/builder.h"
#include "host/instance/container.h"

static int find_or_build(struct image *image, const struct dirs *dirs,
                         const char *target, struct err *err)
{
    const char *words[] = {"build", "-o", NULL, "--", target, NULL};
    char cache_dir[DIR_MAX + 16];
    int found;

    snprintf(cache_dir, sizeof(cache_dir), "%s/cache", dirs->data);
    found = image_cache_find(cache_dir, target, &image->entry, err);
    if (found != 0) {
        return found < 0 ? -1 : 0;
    }
    words[2] = cache_dir;
    if (builder_cache(dirs, cache_dir, err) < 0 ||
        builder_run(dirs, words, -1, err) < 0) {
        return -1;
    }
    found = image_cache_find(cache_dir, target, &image->entry, err);
    if (found == 0) {
        err_set(err, ERR_TOOL,
                "image of %s: stale at once (do its files keep changing?)",
                target);
    }
    return found == 1 ? 0 : -1;
}

/* ---- the program in a directory ---- */

/* As the program will see it: symbolic links stay inside the directory. */
static int open_inside(int root_fd, const char *path)
{
    struct open_how how = {
        .flags = O_PATH | O_CLOEXEC,
        .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
    };

    return (int)syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
}

static int is_program(int root_fd, const char *path)
{
    struct stat st;
    int fd = open_inside(root_fd, path);
    int rc;

    if (fd < 0) {
        return -1;
    }
    rc = fstat(fd, &st);
    close(fd);
    if (rc == 0 && (!S_ISREG(st.st_mode) || (st.st_mode & 0111) == 0)) {
        errno = EACCES;
        rc = -1;
    }
    return rc;
}

/* execvp(3) inside the directory, with the path that the program will see. */
static int search_path(int root_fd, const char *name, char exe[PATH_MAX])
{
    static const char *const dirs[] = {"/usr/local/sbin", "/usr/local/bin",
                                       "/usr/sbin",       "/usr/bin",
                                       "/sbin",           "/bin"};

    for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
        snprintf(exe, PATH_MAX, "%s/%.4000s", dirs[i], name);
        if (is_program(root_fd, exe) == 0) {
            return 0;
        }
    }
    errno = ENOENT;
    return -1;
}

static int find_in_directory(struct image *image, const struct spec *spec,
                             struct err *err)
{
    const char *source = image->entry.source;
    const char *name;
    int root_fd, rc;

    if (spec->nr_command == 0) {
        return err_set(err, ERR_TOOL,
                       "%s: a directory needs a command (einkorn run %s "
                       "COMMAND [ARG...])",
                       spec->target, spec->target);
    }
    name = spec->command[0];
    root_fd = open(source, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root_fd < 0) {
        return err_set(err, ERR_CANNOT_RUN, "open %s: %m", source);
    }
    if (strchr(name, '/') == NULL) {
        rc = search_path(root_fd, name, image->exe);
    } else {
        const char *cwd = name[0] != '/' && spec->cwd ? spec->cwd : "";

        snprintf(image->exe, PATH_MAX, "%.2000s%s%.2000s", cwd,
                 name[0] == '/' ? "" : "/", name);
        rc = is_program(root_fd, image->exe);
    }
    close(root_fd);
    if (rc < 0) {
        return err_set(err,
                       errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND
                                                           : ERR_CANNOT_RUN,
                       "run %s: %s in %s: %m (COMMAND is a path inside the "
                       "directory)",
                       spec->target, name, source);
    }
    return 0;
}

static int open_file(const char *path, struct err *err)
{
    int fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);

    return fd >= 0 ? fd : err_set(err, ERR_TOOL, "open %s: %m", path);
}

/* What stands in for a container image's configuration: -u names a user of
 * the image's own /etc/passwd; there is no entrypoint to replace. */
static int apply_options(struct spec *spec, const char *path, struct err *err)
{
    if (spec->entrypoint != NULL) {
        return err_set(err, ERR_TOOL,
                       "%s: --entrypoint is for container images",
                       spec->target);
    }
    return spec->user != NULL ? account_apply(spec, path, err) : 0;
}

int image_prepare(struct image *image, const struct dirs *dirs,
                  struct spec *spec, struct err *err)
{
    int len;

    if (find_or_build(image, dirs, spec->target, err) < 0) {
        return -1;
    }
    image->exe = room(PATH_MAX);
    len = snprintf(image->exe, PATH_MAX, "%s", image->entry.exe);
    room_keep(image->exe,
              image->entry.kind == IMAGE_KIND_ELF ? (size_t)len + 1 : PATH_MAX);
    if (image->entry.kind == IMAGE_KIND_NAME
            ? container_apply(spec, image, dirs, err) < 0
            : apply_options(spec, image->entry.image, err) < 0) {
        return -1;
    }
    if (image->entry.kind == IMAGE_KIND_DIRECTORY &&
        find_in_directory(image, spec, err) < 0) {
        return -1;
    }
    image->image_fd = open_file(image->entry.image, err);
    if (image->image_fd < 0) {
        return -1;
    }
    image->sidecar_fd = open_file(image->entry.sidecar, err);
    return image->sidecar_fd < 0 ? -1 : 0;
}

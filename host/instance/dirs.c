/* SPDX-License-Identifier: BSD-2-Clause */
/* Where things lie on the host: see dirs.h. */
#include "host/instance/dirs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "host/common/room.h"

static int fits(int len, const char *what, struct err *err)
{
    if (len < 0 || len >= DIR_MAX) {
        return err_set(err, ERR_TOOL, "%s: path too long (limit %d bytes)",
                       what, DIR_MAX - 1);
    }
    return 0;
}

static const char *env_dir(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && value[0] == '/' ? value : NULL;
}

static int find_data(char *out, struct err *err)
{
    const char *base;

    if ((base = env_dir("EINKORN_ROOT")) != NULL) {
        return fits(snprintf(out, DIR_MAX, "%s", base), "EINKORN_ROOT", err);
    }
    if (geteuid() == 0) {
        snprintf(out, DIR_MAX, "/var/lib/einkorn");
        return 0;
    }
    if ((base = env_dir("XDG_DATA_HOME")) != NULL) {
        return fits(snprintf(out, DIR_MAX, "%s/einkorn", base), "XDG_DATA_HOME",
                    err);
    }
    if ((base = env_dir("HOME")) != NULL) {
        return fits(snprintf(out, DIR_MAX, "%s/.local/share/einkorn", base),
                    "HOME", err);
    }
    return err_set(err, ERR_TOOL,
                   "data directory: no HOME (set EINKORN_ROOT to a directory)");
}

static int find_run(char *out, struct err *err)
{
    const char *base;

    if ((base = env_dir("EINKORN_RUN")) != NULL) {
        return fits(snprintf(out, DIR_MAX, "%s", base), "EINKORN_RUN", err);
    }
    if (geteuid() == 0) {
        snprintf(out, DIR_MAX, "/run/einkorn");
        return 0;
    }
    if ((base = env_dir("XDG_RUNTIME_DIR")) != NULL) {
        return fits(snprintf(out, DIR_MAX, "%s/einkorn", base),
                    "XDG_RUNTIME_DIR", err);
    }
    return fits(snprintf(out, DIR_MAX, "/tmp/einkorn-%u", geteuid()), "/tmp",
                err);
}

/* The path that was executed serves if it is no symbolic link; asking /proc
 * costs ten times as much. */
static int find_self(char self[DIR_MAX], struct err *err)
{
    const char *path = (const char *)getauxval(AT_EXECFN);
    struct stat st;
    ssize_t len;

    if (path != NULL && path[0] == '/' && strlen(path) < DIR_MAX &&
        lstat(path, &st) == 0 && S_ISREG(st.st_mode)) {
        snprintf(self, DIR_MAX, "%s", path);
        return 0;
    }
    len = readlink("/proc/self/exe", self, DIR_MAX - 1);
    if (len < 0) {
        return err_set(err, ERR_TOOL, "/proc/self/exe: %m (is /proc mounted?)");
    }
    self[len] = '\0';
    return 0;
}

/* Beside the tool in the build tree, below the prefix once installed. */
static int find_libexec(char *out, struct err *err)
{
    char self[DIR_MAX];

    if (find_self(self, err) < 0) {
        return -1;
    }
    *strrchr(self, '/') = '\0';
    if (fits(snprintf(out, DIR_MAX, "%s/libexec", self), self, err) < 0) {
        return -1;
    }
    if (access(out, X_OK) == 0) {
        return 0;
    }
    return fits(snprintf(out, DIR_MAX, "%s/../libexec/einkorn", self), self,
                err);
}

/* One of them, kept; NULL: failed. */
static const char *find(int (*how)(char *out, struct err *err), struct err *err)
{
    char *path = room(DIR_MAX);

    return how(path, err) < 0 ? NULL : room_keep(path, strlen(path) + 1);
}

int dirs_find(struct dirs *dirs, struct err *err)
{
    dirs->data = find(find_data, err);
    dirs->run = dirs->data != NULL ? find(find_run, err) : NULL;
    dirs->libexec = dirs->run != NULL ? find(find_libexec, err) : NULL;
    return dirs->libexec != NULL ? 0 : -1;
}

int dirs_make(const char *path, struct err *err)
{
    char part[DIR_MAX];
    struct stat st;

    if (mkdir(path, 0700) == 0 || errno == EEXIST) {
        /* Below /tmp anybody could have made it before us. */
        if (stat(path, &st) == 0 && st.st_uid != geteuid()) {
            return err_set(err, ERR_TOOL,
                           "directory %s: belongs to user %u (remove it or set "
                           "EINKORN_RUN)",
                           path, st.st_uid);
        }
        return 0;
    }
    if (errno == ENOENT &&
        snprintf(part, sizeof(part), "%s", path) < (int)sizeof(part) &&
        strrchr(part, '/') > part) {
        *strrchr(part, '/') = '\0';
        if (dirs_make(part, err) < 0) {
            return -1;
        }
        if (mkdir(path, 0700) == 0 || errno == EEXIST) {
            return 0;
        }
    }
    return err_set(err, ERR_TOOL, "create directory %s: %m", path);
}

bool dirs_in_memory(int fd)
{
    struct statfs fs;

    return fstatfs(fd, &fs) == 0 && fs.f_type == TMPFS_MAGIC;
}

/* Is the folder at the path still the bare one on a disk? */
static bool wants_mount(const char *run, const char *inside)
{
    int fd = open(run, O_PATH | O_DIRECTORY | O_CLOEXEC);
    bool wants = fd >= 0 && !dirs_in_memory(fd) && access(inside, F_OK) < 0;

    close(fd);
    return wants;
}

/* Under a lock on the folder itself: a second mount would hide the first. */
static void mount_memory(const char *run, const char *inside)
{
    int fd = open(run, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0 && flock(fd, LOCK_EX) == 0 && wants_mount(run, inside)) {
        mount("einkorn", run, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
              "mode=0700");
    }
    close(fd);
}

int dirs_make_run(const char *run, const char *inside, struct err *err)
{
    if (dirs_make(run, err) < 0) {
        return -1;
    }
    if (geteuid() == 0) {
        mount_memory(run, inside);
    }
    return dirs_make(inside, err);
}

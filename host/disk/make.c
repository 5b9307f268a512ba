/* SPDX-License-Identifier: BSD-2-Clause */
/* Making disks, by e2fsprogs: see disk.h. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/disk/disk.h"

#define MKE2FS "/sbin/mke2fs"

enum { BLOCK = 4096 };

static int run(char *const argv[], struct err *err)
{
    pid_t pid = fork();
    int status;

    if (pid < 0) {
        return err_set(err, ERR_TOOL, "%s: %m", argv[0]);
    }
    if (pid == 0) {
        dup2(STDERR_FILENO, STDOUT_FILENO);
        execv(argv[0], argv);
        _exit(127);
    }
    if (waitpid(pid, &status, 0) == pid && status == 0) {
        return 0;
    }
    return err_set(err, ERR_TOOL, "%s failed (it says why above)", argv[0]);
}

int disk_format(const struct disk_make *make, struct err *err)
{
    char extended[128], blocks[32];
    char *argv[] = {MKE2FS,   "-q",
                    "-F",     "-t",
                    "ext4",   "-b",
                    "4096",   "-m",
                    "0",      "-J",
                    NULL,     "-E",
                    extended, (char *)(uintptr_t)make->path,
                    blocks,   NULL};

    if (make->len_bytes < DISK_MIN_BYTES) {
        return err_set(err, ERR_TOOL,
                       "%s: a disk needs at least %" PRIu64 " MiB", make->path,
                       DISK_MIN_BYTES >> 20);
    }
    if (access(MKE2FS, X_OK) < 0) {
        return err_set(err, ERR_TOOL,
                       MKE2FS ": %m (apt-get install e2fsprogs)");
    }
    /* A small disk's journal shall not take half of it. */
    argv[10] = make->len_bytes < DISK_MIN_BYTES * 16 ? "size=4" : "size=16";
    snprintf(extended, sizeof(extended),
             "offset=%" PRIu64 ",root_owner=%u:%u,nodiscard", make->offset,
             make->uid, make->gid);
    snprintf(blocks, sizeof(blocks), "%" PRIu64, make->len_bytes / BLOCK);
    return run(argv, err);
}

int disk_create(const struct disk_make *make, struct err *err)
{
    int fd = open(make->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

    if (fd < 0) {
        return err_set(err, ERR_TOOL, "disk create %s: %m%s", make->path,
                       errno == EEXIST ? " (remove it first, if its content "
                                         "is not needed)"
                                       : "");
    }
    if (ftruncate(fd, (off_t)(make->offset + make->len_bytes)) < 0) {
        err_set(err, ERR_TOOL, "%s: %m", make->path);
    } else if (disk_format(make, err) == 0) {
        close(fd);
        return 0;
    }
    close(fd);
    unlink(make->path);
    return -1;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Files in memory: see memfile.h. */
#include "host/instance/memfile.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

int memfile_new(const char *name, struct err *err)
{
    int fd = memfd_create(name, MFD_CLOEXEC);

    if (fd < 0) {
        return err_set(err, ERR_TOOL, "memory file for %s: %m", name);
    }
    return fd;
}

int memfile_write(int fd, const void *data, size_t len_bytes, uint64_t offset,
                  struct err *err)
{
    const char *at = data;

    while (len_bytes > 0) {
        ssize_t n = pwrite(fd, at, len_bytes, (off_t)offset);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return err_set(err, ERR_TOOL, "write memory file: %m");
        }
        at += n;
        offset += (uint64_t)n;
        len_bytes -= (size_t)n;
    }
    return 0;
}

int64_t memfile_copy(int fd, int from_fd, uint64_t offset, struct err *err)
{
    off_t from = 0;
    struct stat st;

    if (fstat(from_fd, &st) < 0 || lseek(fd, (off_t)offset, SEEK_SET) < 0) {
        return err_set(err, ERR_TOOL, "copy into memory file: %m");
    }
    while (from < st.st_size) {
        ssize_t n = sendfile(fd, from_fd, &from, (size_t)(st.st_size - from));

        if (n <= 0 && errno != EINTR) {
            return err_set(err, ERR_TOOL, "copy into memory file: %m");
        }
    }
    return st.st_size;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* See write_text.h. */
#include "host/common/write_text.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    ssize_t len = (ssize_t)strlen(text);
    int rc;

    if (fd < 0) {
        return -1;
    }
    rc = write(fd, text, (size_t)len) == len ? 0 : -1;
    close(fd);
    return rc;
}

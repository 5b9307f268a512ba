/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A whole small text file in memory; see text_file.h.
 */
#include "host/image/text_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/common/xalloc.h"

char *text_file_read(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t done = 0, cap;
    struct stat st;
    char *text;
    ssize_t n;

    if (fd < 0)
        return NULL;
    cap = fstat(fd, &st) == 0 ? (size_t)st.st_size + 1 : 4096;
    text = xmalloc(cap);
    while ((n = read(fd, text + done, cap - done)) > 0) {
        done += (size_t)n;
        if (done == cap)
            text = xreallocarray(text, cap *= 2, 1);
    }
    close(fd);
    text[done] = '\0';
    return text;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* See boot_cache.h. A file is "BOOT_ID LINE\n". */
#include "host/instance/boot_cache.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/instance/dirs.h"

enum { BOOT_ID_MAX = 64 };

static void read_boot_id(char boot_id[BOOT_ID_MAX])
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t len = read(fd, boot_id, BOOT_ID_MAX - 1);

    if (len <= 0) {
        len = snprintf(boot_id, BOOT_ID_MAX, "unknown");
    }
    boot_id[len] = '\0';
    boot_id[strcspn(boot_id, "\n")] = '\0';
    if (fd >= 0) {
        close(fd);
    }
}

/* Is this file of this boot? In memory it must be; asking costs 10 µs. */
static bool is_current(int fd, const char *text)
{
    char boot_id[BOOT_ID_MAX];
    size_t len;

    if (dirs_in_memory(fd)) {
        return true;
    }
    read_boot_id(boot_id);
    len = strlen(boot_id);
    return strncmp(text, boot_id, len) == 0 && text[len] == ' ';
}

int boot_cache_read(const char *run_dir, const char *name,
                    char out[BOOT_CACHE_MAX])
{
    char path[DIR_MAX + 16], text[BOOT_ID_MAX + BOOT_CACHE_MAX], *at, *end;
    ssize_t len;
    int fd, rc = -1;

    snprintf(path, sizeof(path), "%s/%s", run_dir, name);
    fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return -1;
    }
    len = read(fd, text, sizeof(text) - 1);
    text[len < 0 ? 0 : len] = '\0';
    at = strchr(text, ' ');
    end = strchr(text, '\n');
    if (at != NULL && end != NULL && end - at <= BOOT_CACHE_MAX &&
        is_current(fd, text)) {
        *end = '\0';
        strcpy(out, at + 1);
        rc = 0;
    }
    close(fd);
    return rc;
}

void boot_cache_write(const char *run_dir, const char *name, const char *line)
{
    char boot_id[BOOT_ID_MAX], path[DIR_MAX + 16], tmp[DIR_MAX + 32];
    char text[BOOT_ID_MAX + BOOT_CACHE_MAX];
    int fd, len;

    read_boot_id(boot_id);
    len = snprintf(text, sizeof(text), "%s %s\n", boot_id, line);
    snprintf(path, sizeof(path), "%s/%s", run_dir, name);
    snprintf(tmp, sizeof(tmp), "%s.%d", path, getpid());
    fd = open(tmp, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0) {
        return;
    }
    if (len < (int)sizeof(text) && write(fd, text, (size_t)len) == len) {
        rename(tmp, path);
    } else {
        unlink(tmp);
    }
    close(fd);
}

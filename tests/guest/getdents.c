/* SPDX-License-Identifier: BSD-2-Clause */
/* getdents(2), which programs older than getdents64(2) call. */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/guest/check.h"

enum { AT_LENGTH = 16, AT_NAME = 18, BUFFER_BYTES = 256 };

static void make(const char *name)
{
    int fd = open(name, O_CREAT | O_WRONLY, 0644);

    CHECK(fd >= 0 && close(fd) == 0);
}

/* One record: a bit for what it is of "." ".." "a" "longer-name". */
static int known(const char *rec, uint16_t len)
{
    static const char *const names[] = {".", "..", "a", "longer-name"};
    const char *name = rec + AT_NAME;
    char type = rec[len - 1];
    struct stat st;
    uint64_t ino;

    memcpy(&ino, rec, sizeof(ino));
    CHECK(lstat(name, &st) == 0 && (name[0] == '.' || ino == st.st_ino));
    CHECK(type == DT_UNKNOWN ||
          type == (S_ISDIR(st.st_mode) ? DT_DIR : DT_REG));
    for (int i = 0; i < 4; i++)
        if (strcmp(name, names[i]) == 0)
            return 1 << i;
    return 0;
}

int main(void)
{
    char buf[BUFFER_BYTES];
    int fd, seen = 0;
    uint16_t len;
    long n;

    CHECK(mkdir("getdents.test", 0755) == 0 && chdir("getdents.test") == 0);
    make("a");
    make("longer-name");
    fd = open(".", O_RDONLY | O_DIRECTORY);
    CHECK(fd >= 0);
    CHECK(syscall(SYS_getdents, fd, buf, 8) == -1 && errno == EINVAL);
    while ((n = syscall(SYS_getdents, fd, buf, sizeof(buf))) > 0) {
        for (long at = 0; at < n; at += len) {
            memcpy(&len, buf + at + AT_LENGTH, sizeof(len));
            CHECK(len % 8 == 0 && len > AT_NAME);
            seen |= known(buf + at, len);
        }
    }
    CHECK(n == 0 && seen == 15);
    CHECK(unlink("a") == 0 && unlink("longer-name") == 0);
    CHECK(chdir("..") == 0 && rmdir("getdents.test") == 0);
    puts("getdents: ok");
    return 0;
}

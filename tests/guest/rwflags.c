/* SPDX-License-Identifier: BSD-2-Clause */
/* preadv2(2), pwritev2(2): their flags hold for the call, not for the file. */
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "check.h"

enum { NOWAIT = 8, APPEND = 16, SYNC = 4 };

/* The C libraries' wrappers differ in age: the call itself. */
static ssize_t vec(long nr, int fd, void *buf, size_t len, off_t off, int flags)
{
    struct iovec iov = {buf, len};

    return syscall(nr, fd, &iov, 1UL, off, 0UL, flags);
}

static void *reader(void *arg)
{
    char c;

    CHECK(vec(SYS_preadv2, *(int *)arg, &c, 1, -1, 0) == 1 && c == 'x');
    return NULL;
}

/* Another thread changes the file's flags while the call sleeps. */
static void test_sleep_keeps_flags(void)
{
    int fds[2];
    pthread_t t;

    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
    CHECK(pthread_create(&t, NULL, reader, &fds[0]) == 0);
    usleep(20000);
    CHECK(fcntl(fds[0], F_SETFL, O_NONBLOCK) == 0);
    CHECK(write(fds[1], "x", 1) == 1);
    CHECK(pthread_join(t, NULL) == 0);
    CHECK(fcntl(fds[0], F_GETFL) & O_NONBLOCK);
    close(fds[0]);
    close(fds[1]);
}

/* Linux's sockets know RWF_NOWAIT since 6.4, ours always. */
static bool nowait_is_known(void)
{
    struct utsname u;
    int major, minor;

    return uname(&u) == 0 && sscanf(u.release, "%d.%d", &major, &minor) == 2 &&
           (strstr(u.release, "einkorn") || major > 6 ||
            (major == 6 && minor >= 4));
}

static void test_nowait(void)
{
    int fds[2];
    char c;

    if (!nowait_is_known())
        return;
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
    CHECK(vec(SYS_preadv2, fds[0], &c, 1, -1, NOWAIT) == -1 && errno == EAGAIN);
    CHECK(!(fcntl(fds[0], F_GETFL) & O_NONBLOCK));
    CHECK(write(fds[1], "y", 1) == 1);
    CHECK(vec(SYS_preadv2, fds[0], &c, 1, -1, NOWAIT) == 1 && c == 'y');
    CHECK(vec(SYS_preadv2, fds[0], &c, 1, 0, 0) == -1 && errno == ESPIPE);
    close(fds[0]);
    close(fds[1]);
}

static void test_append(void)
{
    char name[] = "rwflags-XXXXXX", buf[8] = {0};
    int fd = mkstemp(name);

    CHECK(fd >= 0 && unlink(name) == 0);
    CHECK(write(fd, "abc", 3) == 3);
    CHECK(vec(SYS_pwritev2, fd, "d", 1, 0, APPEND | SYNC) == 1);
    CHECK(lseek(fd, 0, SEEK_CUR) == 3);
    CHECK(lseek(fd, 1, SEEK_SET) == 1);
    CHECK(vec(SYS_pwritev2, fd, "e", 1, -1, APPEND) == 1);
    CHECK(lseek(fd, 0, SEEK_CUR) == 5);
    CHECK(!(fcntl(fd, F_GETFL) & O_APPEND));
    CHECK(vec(SYS_preadv2, fd, buf, sizeof(buf), 0, 0) == 5);
    CHECK(strcmp(buf, "abcde") == 0);
    CHECK(vec(SYS_pwritev2, fd, "e", 1, 0, 1 << 20) == -1);
    CHECK(errno == EOPNOTSUPP);
    close(fd);
}

int main(void)
{
    test_sleep_keeps_flags();
    test_nowait();
    test_append();
    return 0;
}

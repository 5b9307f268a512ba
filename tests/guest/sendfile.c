/* SPDX-License-Identifier: BSD-2-Clause */
/* sendfile(2) into TCP: the file changes while the socket still holds it. */
#include "tests/guest/check.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SIZE = 8 << 20, OTHER = 'o' };

static char *data, *got;

static uint8_t byte_at(size_t i)
{
    return (uint8_t)(i % 251 % 97);
}

static void connect_pair(int pair[2])
{
    struct sockaddr_in sin = {.sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(sin);
    int l = socket(AF_INET, SOCK_STREAM, 0);

    CHECK(bind(l, (void *)&sin, sizeof(sin)) == 0 && listen(l, 1) == 0);
    CHECK(getsockname(l, (void *)&sin, &len) == 0);
    pair[0] = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(connect(pair[0], (void *)&sin, sizeof(sin)) == 0);
    pair[1] = accept(l, NULL, NULL);
    CHECK(pair[1] >= 0);
    CHECK(fcntl(pair[0], F_SETFL, O_NONBLOCK) == 0);
    close(l);
}

static void fill_file(const char *name, const char *from)
{
    int fd = open(name, O_WRONLY | O_CREAT, 0600);

    CHECK(fd >= 0);
    for (size_t n = 0; n < SIZE;) {
        ssize_t put = write(fd, from + n, SIZE - n);

        CHECK(put > 0);
        n += (size_t)put;
    }
    CHECK(close(fd) == 0);
}

/* As much as the socket takes; what it takes is not read by anybody yet. */
static size_t send_all(int fd, int to)
{
    off_t off = 0;
    ssize_t n;

    while ((n = sendfile(to, fd, &off, SIZE - (size_t)off)) > 0)
        ;
    CHECK(off > 0 && (n == 0 || errno == EAGAIN));
    return (size_t)off;
}

static void receive(int from, size_t len)
{
    size_t n = 0;

    while (n < len) {
        ssize_t part = read(from, got + n, len - n);

        CHECK(part > 0);
        n += (size_t)part;
    }
    CHECK(read(from, got + n, 1) == 0);
}

static void remove_file(int fd)
{
    (void)fd;
    CHECK(unlink("sent") == 0);
}

static void truncate_file(int fd)
{
    CHECK(ftruncate(fd, 0) == 0);
}

/* Mapped meanwhile: what lies beyond the end is no more, and comes back as
 * zeros when the file grows again. */
static void truncate_mapped(int fd)
{
    char *p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    CHECK(p != MAP_FAILED && p[SIZE - 1] == data[SIZE - 1]);
    CHECK(ftruncate(fd, 0) == 0);
    CHECK(ftruncate(fd, SIZE) == 0);
    CHECK(p[0] == 0 && p[SIZE - 1] == 0);
    p[SIZE / 2] = 1;
    CHECK(munmap(p, SIZE) == 0);
}

static void overwrite(int fd)
{
    char *other = malloc(SIZE);

    memset(other, OTHER, SIZE);
    CHECK(pwrite(fd, other, SIZE, 0) == SIZE);
    free(other);
}

/* Sends, changes the file, writes another one where memory may have become
 * free, and only then receives. */
static void send_and_change(void (*change)(int fd), int may_be_new)
{
    char *other = malloc(SIZE);
    int pair[2], fd;
    size_t len;

    memset(other, OTHER + 1, SIZE);
    fill_file("sent", data);
    fd = open("sent", O_RDWR);
    connect_pair(pair);
    len = send_all(fd, pair[0]);
    change(fd);
    close(fd);
    fill_file("other", other);
    close(pair[0]);
    receive(pair[1], len);
    for (size_t i = 0; i < len; i++)
        CHECK(got[i] == data[i] || (may_be_new && got[i] == OTHER));
    close(pair[1]);
    unlink("sent");
    CHECK(unlink("other") == 0);
    free(other);
}

/* A header, the file and a trailer, in the order they were written. */
static void test_with_header(void)
{
    off_t off = 100;
    int pair[2], fd;

    fill_file("sent", data);
    fd = open("sent", O_RDONLY);
    connect_pair(pair);
    CHECK(send(pair[0], "head", 4, MSG_MORE) == 4);
    CHECK(sendfile(pair[0], fd, &off, 50000) == 50000 && off == 50100);
    CHECK(sendfile(pair[0], fd, &off, 10) == 10);
    CHECK(send(pair[0], "tail", 4, 0) == 4);
    close(pair[0]);
    receive(pair[1], 50018);
    close(pair[1]);
    close(fd);
    CHECK(unlink("sent") == 0);
}

int main(void)
{
    char dir[] = "/tmp/sendfile.XXXXXX";

    CHECK(mkdtemp(dir) && chdir(dir) == 0);
    data = malloc(SIZE);
    got = malloc(SIZE + 1);
    for (size_t i = 0; i < SIZE; i++)
        data[i] = (char)byte_at(i);
    test_with_header();
    for (int i = 0; i < 3; i++) { /* what was kept must have come back */
        send_and_change(remove_file, 0);
        send_and_change(truncate_file, 0);
        send_and_change(truncate_mapped, 0);
        send_and_change(overwrite, 1);
    }
    CHECK(rmdir(dir) == 0);
    puts("ok");
    return 0;
}

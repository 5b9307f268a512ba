/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An HTTP server for one file, /data/kept: PUT replaces it, GET shows it. A PUT
 * of /sync is answered when the file is on the disk.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char buf[1 << 20];

static void answer(int fd, const char *data, size_t len)
{
    dprintf(fd, "HTTP/1.0 200 OK\r\nContent-Length: %zu\r\n\r\n", len);
    while (len) {
        ssize_t n = write(fd, data, len);

        if (n <= 0)
            return;
        data += n;
        len -= (size_t)n;
    }
}

static void get(int fd)
{
    int file = open("/data/kept", O_RDONLY);
    ssize_t len = file < 0 ? -1 : read(file, buf, sizeof(buf));

    if (len < 0)
        answer(fd, "nothing", 7);
    else
        answer(fd, buf, (size_t)len);
    close(file);
}

/* head: what came with the request's lines, the body's beginning at body. */
static void put(int fd, const char *body, size_t have)
{
    const char *length = strcasestr(buf, "content-length:");
    size_t want = length ? strtoul(length + 15, NULL, 10) : 0;
    int sync = strncmp(buf, "PUT /sync", 9) == 0;
    int file = open("/data/kept", O_WRONLY | O_CREAT | O_TRUNC, 0644);
    ssize_t n = (ssize_t)have;

    while (n > 0) {
        if (write(file, body, (size_t)n) != n)
            return; /* no answer: the client sees it */
        want -= (size_t)n;
        body = buf;
        n = want ? read(fd, buf, sizeof(buf)) : 0;
    }
    if (want || (sync && fsync(file)) || close(file))
        return;
    answer(fd, "taken", 5);
}

static void serve(int fd)
{
    size_t have = 0;
    char *body;

    do {
        ssize_t n = read(fd, buf + have, sizeof(buf) - 1 - have);

        if (n <= 0)
            return;
        have += (size_t)n;
        buf[have] = '\0';
        body = strstr(buf, "\r\n\r\n");
    } while (!body);
    body += 4;
    if (strncmp(buf, "PUT", 3) == 0)
        put(fd, body, have - (size_t)(body - buf));
    else
        get(fd);
}

int main(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(80)};
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    if (bind(listener, (void *)&at, sizeof(at)) || listen(listener, 8)) {
        perror("listen");
        return 1;
    }
    for (;;) {
        int fd = accept(listener, NULL, NULL);

        serve(fd);
        shutdown(fd, SHUT_WR);
        close(fd);
    }
}

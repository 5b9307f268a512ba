/* SPDX-License-Identifier: BSD-2-Clause */
/* See gdb.h: the thread, and what the virtual CPUs' threads say to it. */
#include "tender/kvm/gdb.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tender/kvm/gdb_session.h"

static struct gdb_session session;
static int listen_fd = -1;

void gdb_session(struct machine *m, int fd)
{
    gdb_converse(&session, m, fd);
}

static void *serve_gdb(void *arg)
{
    for (;;) {
        int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);

        if (fd < 0)
            continue;
        gdb_session(arg, fd);
        close(fd);
    }
    return NULL;
}

/* Loopback only: who may connect may do anything with the guest. */
static int listen_on(const char *where)
{
    struct sockaddr_in addr = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    char *end;
    unsigned long port = strtoul(where, &end, 10);

    if (end == where || *end || !port || port > UINT16_MAX)
        die("gdb=%s: neither a port nor a descriptor (@N)", where);
    addr.sin_port = htons((uint16_t)port);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    /* Who comes inherits it: many small packets, each waited for. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
        listen(fd, 1) < 0)
        die("gdb=%s: listen on 127.0.0.1: %m", where);
    return fd;
}

void gdb_start(struct machine *m, const struct options *opt)
{
    pthread_t thread;

    if (!opt->gdb)
        return;
    listen_fd = opt->gdb[0] == '@' ? options_open("gdb", opt->gdb)
                                   : listen_on(opt->gdb);
    session.wait_at_start = opt->gdb_wait;
    hold_init();
    if (pthread_create(&thread, NULL, serve_gdb, m))
        die("start the debugger's thread: %m");
}

void gdb_up(void)
{
    if (__atomic_exchange_n(&session.wait_at_start, false, __ATOMIC_SEQ_CST))
        hold_ask();
}

void gdb_exited(int status)
{
    char text[16];
    uint8_t sum = 0;
    struct iovec part = {.iov_base = text};
    struct msghdr msg = {.msg_iov = &part, .msg_iovlen = 1};

    if (!__atomic_load_n(&session.running, __ATOMIC_SEQ_CST))
        return;
    snprintf(text, sizeof(text), "$W%02x", status & 0xff);
    for (const char *c = text + 1; *c; c++)
        sum = (uint8_t)(sum + (uint8_t)*c);
    part.iov_len =
        4 + (size_t)snprintf(text + 4, sizeof(text) - 4, "#%02x", sum);
    sendmsg(session.conn.fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Host ports: see port.h. */
#include "host/network/port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/* Packets never reach this socket (NAT comes first); listening makes the
 * claim exclusive even against others that use SO_REUSEADDR. */
static int bind_port(const struct port *port)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_addr = {port->host_ip},
                             .sin_port = htons(port->host_port)};
    int type = port->is_udp ? SOCK_DGRAM : SOCK_STREAM;
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    int on = 1;

    if (fd < 0) {
        return -1;
    }
    if (!port->is_udp) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    }
    if (bind(fd, (struct sockaddr *)&to, sizeof(to)) < 0 ||
        (!port->is_udp && listen(fd, 0) < 0)) {
        int error = errno;

        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

static const char *way_out(int error)
{
    switch (error) {
    case EADDRINUSE:
        return "stop what uses it or choose another";
    case EADDRNOTAVAIL:
        return "use an address of this host";
    default:
        return "ports below 1024 need root";
    }
}

int port_hold(const struct port *port, struct err *err)
{
    struct in_addr ip = {port->host_ip};
    int fd = bind_port(port);

    if (fd >= 0) {
        return fd;
    }
    return err_set(err, ERR_TOOL, "publish port %s:%u/%s: %m (%s)",
                   inet_ntoa(ip), port->host_port, port->is_udp ? "udp" : "tcp",
                   way_out(errno));
}

int port_choose(struct port *port, struct err *err)
{
    struct sockaddr_in at;
    socklen_t len = sizeof(at);
    int fd = port_hold(port, err);

    if (fd < 0) {
        return -1;
    }
    getsockname(fd, (struct sockaddr *)&at, &len);
    close(fd);
    port->host_port = ntohs(at.sin_port);
    return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* See gdbline.h. The socket is named through the directory's descriptor: a
 * run directory may have a longer path than a socket's address holds. */
#include "host/instance/gdbline.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "host/common/strings.h"

enum { NAME_BYTES = ID_LEN + 8 };

static int open_port(uint16_t port, struct err *err)
{
    struct sockaddr_in addr = {.sin_family = AF_INET,
                               .sin_port = htons(port),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    /* Who comes inherits it: many small packets, each waited for. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
        listen(fd, 1) < 0) {
        err_set(err, ERR_TOOL, "--gdb %u: listen on 127.0.0.1: %m", port);
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    return fd;
}

static void address(const struct store *store, const char *id,
                    struct sockaddr_un *addr)
{
    addr->sun_family = AF_UNIX;
    snprintf(addr->sun_path, sizeof(addr->sun_path), "/proc/self/fd/%d/%s.gdb",
             store->dir_fd, id);
}

static int open_socket(const struct store *store, const char *id)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un addr;
    mode_t mask;
    int rc;

    if (fd < 0) {
        return -1;
    }
    address(store, id, &addr);
    mask = umask(0177);
    rc = bind(fd, (struct sockaddr *)&addr, sizeof(addr));
    umask(mask);
    if (rc < 0 || listen(fd, 1) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

int gdbline_open(const struct spec *spec, const struct store *store,
                 const char *id, struct err *err)
{
    return spec->gdb_port != 0 ? open_port(spec->gdb_port, err)
                               : open_socket(store, id);
}

void gdbline_remove(const struct store *store, const char *id)
{
    char name[NAME_BYTES];

    snprintf(name, sizeof(name), "%s.gdb", id);
    unlinkat(store->dir_fd, name, 0);
}

int gdbline_target(const struct store *store, const struct inst *inst,
                   char *text, size_t text_len, struct err *err)
{
    const char *port = strings_get(inst->record, "gdb");
    struct sockaddr_un addr;

    if (port != NULL && port[0] != '\0') {
        snprintf(text, text_len, "127.0.0.1:%s", port);
        return 0;
    }
    address(store, inst->id, &addr);
    if (access(addr.sun_path, W_OK) < 0) {
        return err_set(err, ERR_TOOL, "debug: socket of the monitor: %m");
    }
    fcntl(store->dir_fd, F_SETFD, 0);
    snprintf(text, text_len, "%s", addr.sun_path);
    return 0;
}

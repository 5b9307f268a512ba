/* SPDX-License-Identifier: BSD-2-Clause */
/* Running passt(1): see passt.h. */
#include "host/network/passt.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/instance/launch.h"
#include "host/network/port.h"

/* The guest sees these; nobody else does. */
#define GUEST_IP "10.114.0.2"
#define GUEST_GATEWAY "10.114.0.1"
#define GUEST_PREFIX 16

enum { MAX_ARGS = 24 + 2 * MAX_PORTS };

const char *passt_path(void)
{
    static const char *const paths[] = {"/usr/bin/passt",
                                        "/usr/local/bin/passt"};

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        if (access(paths[i], X_OK) == 0) {
            return paths[i];
        }
    }
    return NULL;
}

/* passt takes the ports itself and says little if it cannot: ask before. */
static int try_ports(const struct spec *spec, struct err *err)
{
    for (int i = 0; i < spec->nr_ports; i++) {
        int fd = port_hold(&spec->ports[i], err);

        if (fd < 0) {
            return -1;
        }
        close(fd);
    }
    return 0;
}

static int port_args(char **argv, int n, const struct spec *spec,
                     char text[MAX_PORTS][48])
{
    for (int i = 0; i < spec->nr_ports; i++) {
        const struct port *p = &spec->ports[i];
        struct in_addr ip = {p->host_ip};

        snprintf(text[i], sizeof(text[i]), "%s%s%u:%u",
                 p->host_ip != 0 ? inet_ntoa(ip) : "",
                 p->host_ip != 0 ? "/" : "", p->host_port, p->guest_port);
        argv[n++] = p->is_udp ? "-u" : "-t";
        argv[n++] = text[i];
    }
    return n;
}

/* passt goes to the background once it serves, and ends when its socket's
 * other end is closed everywhere: no need to watch it. */
static int start(int fd, int out_fd, const struct spec *spec, struct err *err)
{
    char ports[MAX_PORTS][48], fd_text[16], prefix[16];
    char *argv[MAX_ARGS] = {"passt", "-q",          "-e",     "-1", "-F",
                            fd_text, "-a",          GUEST_IP, "-n", prefix,
                            "-g",    GUEST_GATEWAY, "-4"};
    static char *no_env[] = {NULL};
    struct launch launch;
    int n = port_args(argv, 13, spec, ports);
    int status;
    pid_t pid;

    argv[n] = NULL;
    snprintf(fd_text, sizeof(fd_text), "%d", fd);
    snprintf(prefix, sizeof(prefix), "%d", GUEST_PREFIX);
    launch_init(&launch);
    launch.path = passt_path();
    launch.argv = argv;
    launch.envp = no_env;
    launch.stdio[0] = launch.stdio[1] = launch.stdio[2] = out_fd;
    launch_keep(&launch, fd);
    pid = launch_start(&launch, err);
    if (pid < 0) {
        return -1;
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Of what passt printed, the last line: it says why. */
static int say_why(int out_fd, struct err *err)
{
    char text[1024];
    ssize_t len = pread(out_fd, text, sizeof(text) - 1, 0);
    char *last = text;

    text[len < 0 ? 0 : len] = '\0';
    for (char *p = text; (p = strchr(p, '\n')) != NULL;) {
        *p++ = '\0';
        if (*p != '\0' && strstr(p, "syslog") == NULL) {
            last = p;
        }
    }
    return err_set(err, ERR_TOOL,
                   "--network user: passt: %s (does this host have a network "
                   "itself?)",
                   last);
}

static int start_and_check(int fd, const struct spec *spec, struct err *err)
{
    int out_fd = memfd_create("passt", MFD_CLOEXEC);
    int ok;

    if (out_fd < 0) {
        return err_set(err, ERR_TOOL, "memory file for passt: %m");
    }
    ok = start(fd, out_fd, spec, err);
    if (ok == 0) {
        say_why(out_fd, err);
    }
    close(out_fd);
    return ok == 1 ? 0 : -1;
}

int passt_attach(struct network *net, const struct spec *spec, struct err *err)
{
    static const uint8_t mac[6] = {0x02, 0x45, 10, 114, 0, 2};
    int fds[2], rc;

    if (passt_path() == NULL) {
        return err_set(err, ERR_TOOL,
                       "--network user: passt is missing (apt-get install "
                       "passt)");
    }
    if (try_ports(spec, err) < 0) {
        return -1;
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0) {
        return err_set(err, ERR_TOOL, "socket for passt: %m");
    }
    net->dev_fd = fds[0];
    rc = start_and_check(fds[1], spec, err);
    close(fds[1]);
    if (rc < 0) {
        return -1;
    }
    inet_pton(AF_INET, GUEST_IP, &net->ip);
    inet_pton(AF_INET, GUEST_GATEWAY, &net->gateway);
    net->prefix_len = GUEST_PREFIX;
    net->mtu = 65520;
    net->no_ip6 = true; /* -4 */
    memcpy(net->mac, mac, sizeof(mac));
    return 0;
}

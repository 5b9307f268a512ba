/* SPDX-License-Identifier: BSD-2-Clause */
/* What monitoring reads of the network: counters, numbers of sockets,
 * interfaces in /sys. */
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

static char text[65536];

static const char *contents(const char *path)
{
    int fd = open(path, O_RDONLY);
    ssize_t len;

    CHECK(fd >= 0);
    len = read(fd, text, sizeof(text) - 1);
    CHECK(len >= 0);
    text[len] = 0;
    close(fd);
    return text;
}

/* A counter of /proc/net/FILE: names in one line, values in the next. */
static long counter(const char *file, const char *group, const char *name)
{
    char path[64], *names, *values, *n, *v, *keep_n, *keep_v;

    snprintf(path, sizeof(path), "/proc/net/%s", file);
    contents(path);
    names = strstr(text, group);
    CHECK(names);
    values = strstr(names + 1, group);
    CHECK(values);
    n = strtok_r(names, " \n", &keep_n);
    v = strtok_r(values, " \n", &keep_v);
    while (n && v && strcmp(n, name) != 0) {
        n = strtok_r(NULL, " \n", &keep_n);
        v = strtok_r(NULL, " \n", &keep_v);
    }
    CHECK(n && v);
    return atol(v);
}

static long tcp(const char *name)
{
    return counter("snmp", "Tcp:", name);
}

static long udp(const char *name)
{
    return counter("snmp", "Udp:", name);
}

static long in_use(const char *kind)
{
    const char *line = strstr(contents("/proc/net/sockstat"), kind);
    long n;

    CHECK(line && sscanf(line + strlen(kind), " inuse %ld", &n) == 1);
    return n;
}

static struct sockaddr_in bound(int fd)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(a);

    CHECK(bind(fd, (void *)&a, sizeof(a)) == 0);
    CHECK(getsockname(fd, (void *)&a, &len) == 0);
    return a;
}

static void streams_are_counted(void)
{
    long active = tcp("ActiveOpens"), passive = tcp("PassiveOpens");
    long now = tcp("CurrEstab"), in = tcp("InSegs"), out = tcp("OutSegs");
    long resets = tcp("EstabResets"), sockets = in_use("TCP:");
    struct linger at_once = {1, 0};
    int listener = socket(AF_INET, SOCK_STREAM, 0), client, server;
    struct sockaddr_in a = bound(listener);
    char byte;

    CHECK(listen(listener, 1) == 0);
    client = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(connect(client, (void *)&a, sizeof(a)) == 0);
    server = accept(listener, NULL, NULL);
    CHECK(write(client, "x", 1) == 1 && read(server, &byte, 1) == 1);
    CHECK(tcp("ActiveOpens") > active && tcp("PassiveOpens") > passive);
    CHECK(tcp("CurrEstab") >= now + 2);
    CHECK(tcp("InSegs") >= in + 4 && tcp("OutSegs") >= out + 4);
    CHECK(in_use("TCP:") >= sockets + 3);
    CHECK(setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once,
                     sizeof(at_once)) == 0);
    close(client);
    CHECK(read(server, &byte, 1) == -1 && errno == ECONNRESET);
    CHECK(tcp("EstabResets") > resets && tcp("OutRsts") > 0);
    close(server);
    close(listener);
}

static void datagrams_are_counted(void)
{
    long in = udp("InDatagrams"), out = udp("OutDatagrams");
    long full = udp("RcvbufErrors"), sockets = in_use("UDP:");
    int to = socket(AF_INET, SOCK_DGRAM, 0);
    int from = socket(AF_INET, SOCK_DGRAM, 0), least = 0;
    struct sockaddr_in a = bound(to);
    char data[1000] = {0};

    CHECK(setsockopt(to, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least)) == 0);
    for (int i = 0; i < 20; i++)
        CHECK(sendto(from, data, sizeof(data), 0, (void *)&a, sizeof(a)) ==
              sizeof(data));
    CHECK(read(to, data, sizeof(data)) == sizeof(data));
    CHECK(udp("InDatagrams") > in && udp("OutDatagrams") >= out + 20);
    CHECK(udp("RcvbufErrors") > full);
    CHECK(in_use("UDP:") > sockets);
    close(to);
    close(from);
}

static bool lists(const char *path, const char *name)
{
    DIR *dir = opendir(path);
    bool found = false;

    CHECK(dir);
    for (struct dirent *e; (e = readdir(dir));)
        found |= strcmp(e->d_name, name) == 0;
    closedir(dir);
    return found;
}

static void interfaces_in_sys(void)
{
    CHECK(lists("/sys/class/net", "lo"));
    CHECK(strcmp(contents("/sys/class/net/lo/address"),
                 "00:00:00:00:00:00\n") == 0);
    CHECK(strcmp(contents("/sys/class/net/lo/ifindex"), "1\n") == 0);
    CHECK(strcmp(contents("/sys/class/net/lo/type"), "772\n") == 0);
    CHECK(strcmp(contents("/sys/class/net/lo/mtu"), "65536\n") == 0);
    CHECK(strcmp(contents("/sys/class/net/lo/operstate"), "unknown\n") == 0);
    CHECK(strcmp(contents("/sys/class/net/lo/flags"), "0x9\n") == 0);
    CHECK(lists("/sys/class/net/lo/statistics", "rx_bytes"));
    CHECK(access("/sys/class/net/none", F_OK) == -1 && errno == ENOENT);
}

int main(void)
{
    streams_are_counted();
    datagrams_are_counted();
    CHECK(counter("netstat", "TcpExt:", "ListenOverflows") >= 0);
    CHECK(counter("netstat", "IpExt:", "InOctets") >= 0);
    CHECK(strncmp(contents("/proc/net/arp"), "IP address", 10) == 0);
    CHECK(strstr(contents("/proc/net/sockstat"), "sockets: used "));
    interfaces_in_sys();
    return 0;
}

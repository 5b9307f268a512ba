/* SPDX-License-Identifier: BSD-2-Clause */
/* Interfaces, as programs list them: netlink and ioctl. */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

static void loopback_has_its_address(void)
{
    struct ifaddrs *all, *i;
    int found = 0;

    CHECK(getifaddrs(&all) == 0);
    for (i = all; i; i = i->ifa_next) {
        const struct sockaddr_in *sin = (void *)i->ifa_addr;

        if (!sin || strcmp(i->ifa_name, "lo") != 0)
            continue;
        CHECK(i->ifa_flags & IFF_LOOPBACK);
        if (sin->sin_family != AF_INET)
            continue;
        CHECK(sin->sin_addr.s_addr == htonl(INADDR_LOOPBACK));
        sin = (void *)i->ifa_netmask;
        CHECK(sin->sin_addr.s_addr == htonl(0xff000000));
        found++;
    }
    freeifaddrs(all);
    CHECK(found == 1);
}

static void names_and_indices(void)
{
    struct if_nameindex *list = if_nameindex(), *i;
    char name[IF_NAMESIZE];
    int found = 0;

    CHECK(list);
    for (i = list; i->if_index; i++)
        found += strcmp(i->if_name, "lo") == 0;
    if_freenameindex(list);
    CHECK(found == 1);
    CHECK(if_nametoindex("lo") == 1);
    CHECK(if_indextoname(1, name) && strcmp(name, "lo") == 0);
    CHECK(if_nametoindex("nonesuch") == 0);
}

static void by_ioctl(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct ifreq req = {.ifr_name = "lo"};
    struct ifconf conf = {.ifc_len = 0};

    CHECK(ioctl(fd, SIOCGIFFLAGS, &req) == 0 && (req.ifr_flags & IFF_UP));
    CHECK(ioctl(fd, SIOCGIFADDR, &req) == 0);
    CHECK(((struct sockaddr_in *)&req.ifr_addr)->sin_addr.s_addr ==
          htonl(INADDR_LOOPBACK));
    CHECK(ioctl(fd, SIOCGIFCONF, &conf) == 0);
    CHECK(conf.ifc_len >= (int)sizeof(struct ifreq));
    strcpy(req.ifr_name, "nonesuch");
    CHECK(ioctl(fd, SIOCGIFFLAGS, &req) == -1 && errno == ENODEV);
    close(fd);
}

int main(void)
{
    loopback_has_its_address();
    names_and_indices();
    by_ioctl();
    puts("ok");
    return 0;
}

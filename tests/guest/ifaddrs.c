/* SPDX-License-Identifier: BSD-2-Clause */
/* Interfaces, as programs list them: netlink and ioctl. */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
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
    struct arpreq arp = {.arp_dev = ""};

    CHECK(ioctl(fd, SIOCGIFFLAGS, &req) == 0 && (req.ifr_flags & IFF_UP));
    CHECK(ioctl(fd, SIOCGIFADDR, &req) == 0);
    CHECK(((struct sockaddr_in *)&req.ifr_addr)->sin_addr.s_addr ==
          htonl(INADDR_LOOPBACK));
    CHECK(ioctl(fd, SIOCGIFCONF, &conf) == 0);
    CHECK(conf.ifc_len >= (int)sizeof(struct ifreq));
    strcpy(req.ifr_name, "nonesuch");
    CHECK(ioctl(fd, SIOCGIFFLAGS, &req) == -1 && errno == ENODEV);
    arp.arp_pa.sa_family = AF_INET;
    CHECK(ioctl(fd, SIOCGARP, &arp) == -1);
    CHECK(errno == ENXIO || errno == ENODEV);
    arp.arp_pa.sa_family = AF_INET6;
    CHECK(ioctl(fd, SIOCGARP, &arp) == -1 && errno == EPFNOSUPPORT);
    close(fd);
}

/* Types of the first and the last message of the answer to a request. */
static void list(int type, int flags, int *first, int *last)
{
    struct {
        struct nlmsghdr h;
        struct ifaddrmsg body;
        unsigned char rest[16];
    } request = {.h = {.nlmsg_len = sizeof(request),
                       .nlmsg_type = type,
                       .nlmsg_flags = NLM_F_REQUEST | flags}};
    static char answer[65536] __attribute__((aligned(8)));
    int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

    CHECK(send(fd, &request, sizeof(request), 0) == sizeof(request));
    *first = *last = 0;
    while (*last != NLMSG_DONE && *last != NLMSG_ERROR) {
        ssize_t len = recv(fd, answer, sizeof(answer), 0);
        struct nlmsghdr *h = (void *)answer;

        CHECK(len > 0);
        if (!*first)
            *first = h->nlmsg_type;
        for (; NLMSG_OK(h, len); h = NLMSG_NEXT(h, len))
            *last = h->nlmsg_type;
    }
    close(fd);
}

/* dnsmasq asks for an acknowledgement, too; snmpd with one flag of two. */
static void lists_end_with_done(void)
{
    int first, last;

    list(RTM_GETADDR, NLM_F_DUMP | NLM_F_ACK, &first, &last);
    CHECK(first == RTM_NEWADDR && last == NLMSG_DONE);
    list(RTM_GETNEIGH, NLM_F_ROOT, &first, &last);
    CHECK((first == RTM_NEWNEIGH || first == NLMSG_DONE) && last == NLMSG_DONE);
}

int main(void)
{
    lists_end_with_done();
    loopback_has_its_address();
    names_and_indices();
    by_ioctl();
    puts("ok");
    return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* NAT and published ports through nft(8): see nft.h. */
#include "host/network/nft.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/instance/store.h"
#include "host/network/netlink.h"
#include "host/network/nft_script.h"

/* ---- the table ---- */

static int table_exists(const char *name)
{
    struct nfgenmsg body = {.nfgen_family = NFPROTO_IPV4,
                            .version = NFNETLINK_V0};
    struct nl_msg msg;
    int fd = nl_open(NETLINK_NETFILTER);
    int rc;

    if (fd < 0) {
        return 0;
    }
    nl_begin(&msg, (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETTABLE, 0, &body,
             sizeof(body));
    nl_attr_str(&msg, NFTA_TABLE_NAME, name);
    rc = nl_call(fd, &msg);
    close(fd);
    return rc == 0;
}

/* Rules are flushed first, so that two makers at once do no harm; maps, and
 * with them the ports of others, stay. */
static void write_table(struct nft_script *s, const struct bridge *bridge)
{
    struct in_addr net = {htonl(bridge->net)};
    const char *b = bridge->name;

    nft_line(s, "table ip %s {\n", b);
    nft_line(s, " map ports { type inet_proto . inet_service : ipv4_addr . "
                "inet_service; }\n");
    nft_line(s, " map ports_at { type ipv4_addr . inet_proto . inet_service : "
                "ipv4_addr . inet_service; }\n");
    nft_line(s,
             " chain prerouting { type nat hook prerouting priority dstnat; }\n"
             " chain output { type nat hook output priority -100; }\n"
             " chain postrouting { type nat hook postrouting priority srcnat; "
             "}\n}\n");
    nft_line(s, "flush table ip %s\n", b);
    nft_line(s, "table ip %s {\n", b);
    for (int i = 0; i < 2; i++) {
        nft_line(s,
                 " chain %s {\n"
                 "  dnat to ip daddr . meta l4proto . th dport map @ports_at\n"
                 "  fib daddr type local dnat to meta l4proto . th dport map "
                 "@ports\n }\n",
                 i == 0 ? "prerouting" : "output");
    }
    nft_line(s,
             " chain postrouting {\n"
             "  ip saddr 127.0.0.0/8 oifname %s masquerade\n"
             "  ip saddr %s/%u oifname != %s masquerade\n"
             "  ip saddr %s/%u oifname %s ct status dnat masquerade\n }\n}\n",
             b, inet_ntoa(net), bridge->prefix_len, b, inet_ntoa(net),
             bridge->prefix_len, b);
}

int nft_ensure(const struct bridge *bridge)
{
    struct nft_script s = {.len = 0};
    char out[512];

    if (table_exists(bridge->name)) {
        return 0;
    }
    write_table(&s, bridge);
    return nft_run_script(&s, out, sizeof(out));
}

/* ---- ports ---- */

static void key(struct nft_script *s, const struct port *p)
{
    struct in_addr ip = {p->host_ip};

    if (p->host_ip != 0) {
        nft_line(s, "%s . ", inet_ntoa(ip));
    }
    nft_line(s, "%s . %u", p->is_udp ? "udp" : "tcp", p->host_port);
}

static const char *map_of(const struct port *p)
{
    return p->host_ip != 0 ? "ports_at" : "ports";
}

static void element(struct nft_script *s, const struct bridge *bridge,
                    const char *verb, const struct port *p)
{
    nft_line(s, "%s element ip %s %s { ", verb, bridge->name, map_of(p));
    key(s, p);
}

/* An equal element of a dead instance would stay and keep its comment: it is
 * replaced. An unequal one makes the script fail. */
static int add_all(const struct bridge *bridge, const char *id,
                   const struct spec *spec, uint32_t guest_ip, char *out,
                   size_t cap)
{
    struct in_addr guest = {guest_ip};
    struct nft_script s = {.len = 0};

    for (int i = 0; i < spec->nr_ports; i++) {
        const struct port *p = &spec->ports[i];

        for (int again = 0; again < 2; again++) {
            element(&s, bridge, "add", p);
            nft_line(&s, " comment \"%.*s\" : %s . %u }\n", ID_SHORT_LEN, id,
                     inet_ntoa(guest), p->guest_port);
            if (!again) {
                element(&s, bridge, "delete", p);
                nft_line(&s, " }\n");
            }
        }
    }
    return nft_run_script(&s, out, cap);
}

/* Whoever holds the port on the host may take elements of dead instances
 * away: one script each, as most are not there. */
static void remove_stale(const struct bridge *bridge, const struct spec *spec)
{
    char out[512];

    for (int i = 0; i < spec->nr_ports; i++) {
        struct nft_script s = {.len = 0};

        element(&s, bridge, "delete", &spec->ports[i]);
        nft_line(&s, " }\n");
        nft_run_script(&s, out, sizeof(out));
    }
}

int nft_publish(const struct bridge *bridge, const char *id,
                const struct spec *spec, uint32_t guest_ip, struct err *err)
{
    char out[512];

    if (nft_path() == NULL) {
        return err_set(err, ERR_TOOL,
                       "publish ports: nft is missing (apt-get install "
                       "nftables, or use --network user)");
    }
    if (add_all(bridge, id, spec, guest_ip, out, sizeof(out)) == 0) {
        return 0;
    }
    remove_stale(bridge, spec);
    if (add_all(bridge, id, spec, guest_ip, out, sizeof(out)) == 0) {
        return 0;
    }
    out[strcspn(out, "\n")] = '\0';
    return err_set(err, ERR_TOOL, "publish ports: nft: %s", out);
}

/* Elements of one map are listed as `KEY comment "ID" : VALUE`, separated by
 * commas or newlines. */
static void collect(struct nft_script *s, const char *table, const char *map,
                    char *listing, const char *id)
{
    char mark[64];
    char *at = listing;

    snprintf(mark, sizeof(mark), " comment \"%.*s\"", ID_SHORT_LEN, id);
    while ((at = strstr(at, mark)) != NULL) {
        char *begin = at;

        while (begin > listing && strchr("{,\n\t", begin[-1]) == NULL) {
            begin--;
        }
        nft_line(s, "delete element ip %s %s { %.*s }\n", table, map,
                 (int)(at - begin), begin);
        at += strlen(mark);
    }
}

static void list_map(const char *table, const char *map, struct nft_script *s,
                     const char *id)
{
    char *argv[] = {"nft",
                    "-n",
                    "list",
                    "map",
                    "ip",
                    (char *)(uintptr_t)table,
                    (char *)(uintptr_t)map,
                    NULL};
    int out_fd = nft_memory_file("", 0);
    off_t len;
    char *text;

    if (out_fd < 0 || nft_run(argv, -1, out_fd) != 0) {
        close(out_fd);
        return;
    }
    len = lseek(out_fd, 0, SEEK_END);
    text = calloc(1, (size_t)len + 1);
    if (text != NULL && pread(out_fd, text, (size_t)len, 0) == len) {
        collect(s, table, map, text, id);
    }
    free(text);
    close(out_fd);
}

void nft_unpublish(const struct bridge *bridge, const char *id)
{
    struct nft_script s = {.len = 0};
    char out[512];

    list_map(bridge->name, "ports", &s, id);
    list_map(bridge->name, "ports_at", &s, id);
    if (s.len > 0) {
        nft_run_script(&s, out, sizeof(out));
    }
}

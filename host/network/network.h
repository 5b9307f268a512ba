/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An instance's network device, from the host's side: none, a tap on our
 * bridge (root), or a socket to passt (anybody). Everything that it takes is
 * held by descriptors of the monitor, so it is freed even if that is killed;
 * only elements of nftables maps stay behind then, and are replaced or
 * removed later.
 */
#ifndef EINKORN_HOST_NETWORK_NETWORK_H
#define EINKORN_HOST_NETWORK_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

#include "host/common/err.h"
#include "host/instance/spec.h"

struct network {
    enum network_kind kind; /* never NETWORK_AUTO */
    int dev_fd;             /* tap, or stream socket; -1: none */
    uint16_t mtu;
    unsigned int prefix_len;
    uint32_t ip, gateway; /* network order; 0: none */
    uint8_t mac[6];
    uint8_t gateway_mac[6];
    bool gateway_known;      /* that, and ours by the gateway */
    bool no_ip6;             /* there is none on it */
    int bridge;              /* its index */
    uint32_t number;         /* of the address in the subnet */
    int ip_fd;               /* holds the lock on that */
    int port_fds[MAX_PORTS]; /* hold the published ports */
    int nr_port_fds;
    bool published; /* nftables has elements of ours */
};

/* What NETWORK_AUTO means here; *note says why if it is less than a bridge,
 * else NULL. */
enum network_kind network_choose(const char **note);

/* Sets up net->kind (given) with the published ports of the spec. On error
 * everything is released again. */
int network_attach(struct network *net, const char *run_dir, const char *id,
                   const struct spec *spec, struct err *err);

/* Releases all of it. */
void network_detach(struct network *net, const char *run_dir, const char *id);

/* Removes what an instance whose monitor died left in nftables. */
void network_remove_leftover(const char *run_dir, const char *id);

#endif

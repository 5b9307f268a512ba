/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whom a segment is for: connections, half-open requests and what is left of
 * closed connections (TIME_WAIT), in one hash by addresses and ports.
 */
#ifndef EINKORN_KERNEL_NET_TCP_TABLE_H
#define EINKORN_KERNEL_NET_TCP_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/net/addr.h"

/* No padding: compared and hashed as bytes. */
struct conn_key {
    uint64_t remote[2], local[2];
    uint16_t remote_port, local_port;
    uint32_t scope, family, zero;
};

enum node_kind { NODE_CONN, NODE_REQUEST, NODE_TIME_WAIT };

struct conn_node {
    struct conn_node *next;
    struct conn_key key;
    uint32_t hash;
    uint8_t kind; /* enum node_kind */
    bool listed;
};

void conn_key_make(struct conn_key *key, const struct net_addr *local,
                   const struct net_addr *remote);
void conn_key_addrs(const struct conn_key *key, struct net_addr *local,
                    struct net_addr *remote);
struct conn_node *table_find(const struct conn_key *key);
/* The key must not be there yet. */
void table_add(struct conn_node *node, const struct conn_key *key,
               enum node_kind kind);
void table_remove(struct conn_node *node); /* not there is fine */
/* Calls fn for each node until it says false; fn must not change the table. */
void table_each(bool (*fn)(struct conn_node *node, void *arg), void *arg);
/* A secret-keyed number of the key (SipHash-2-4): ISNs, time stamps. */
uint64_t conn_key_secret(const struct conn_key *key);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hash of connections; it grows with them. Places are keyed by a secret,
 * so that peers cannot aim at one bucket.
 */
#include "kernel/net/tcp/table.h"

#include "kernel/core/alloc.h"
#include "kernel/core/random.h"
#include "lib/string.h"

enum { FIRST_SIZE = 256, SIZE_MAX_ENTRIES = 1 << 16 };

static struct conn_node *first_buckets[FIRST_SIZE];
static struct conn_node **buckets = first_buckets;
static uint32_t nr_buckets = FIRST_SIZE, nr_nodes;
static uint64_t secret[2];

static void need_secret(void)
{
    if (!secret[0])
        random_bytes(secret, sizeof(secret));
    secret[0] |= 1;
}

static uint64_t rotl(uint64_t v, unsigned n)
{
    return v << n | v >> (64 - n);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1], v[1] = rotl(v[1], 13) ^ v[0], v[0] = rotl(v[0], 32);
    v[2] += v[3], v[3] = rotl(v[3], 16) ^ v[2];
    v[0] += v[3], v[3] = rotl(v[3], 21) ^ v[0];
    v[2] += v[1], v[1] = rotl(v[1], 17) ^ v[2], v[2] = rotl(v[2], 32);
}

/* SipHash-2-4 of whole words (Aumasson and Bernstein, 2012). */
static uint64_t sip_hash(const uint64_t key[2], const uint64_t *words,
                         unsigned nr)
{
    uint64_t v[4] = {key[0] ^ UINT64_C(0x736f6d6570736575),
                     key[1] ^ UINT64_C(0x646f72616e646f6d),
                     key[0] ^ UINT64_C(0x6c7967656e657261),
                     key[1] ^ UINT64_C(0x7465646279746573)};

    for (unsigned i = 0; i <= nr; i++) {
        uint64_t word = i < nr ? words[i] : (uint64_t)nr << 59;

        v[3] ^= word;
        sip_round(v);
        sip_round(v);
        v[0] ^= word;
    }
    v[2] ^= 0xff;
    for (unsigned i = 0; i < 4; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t conn_key_secret(const struct conn_key *key)
{
    uint64_t words[sizeof(*key) / sizeof(uint64_t)];

    need_secret();
    memcpy(words, key, sizeof(words));
    return sip_hash(secret, words, sizeof(words) / sizeof(words[0]));
}

static uint32_t hash_of(const struct conn_key *key)
{
    const uint64_t k = UINT64_C(0x9e3779b97f4a7c15);
    uint64_t h = secret[1];

    h = (h ^ key->remote[0]) * k;
    h = ((h ^ h >> 29) ^ key->local[0]) * k;
    if (key->family == NET_V6) {
        h = ((h ^ h >> 29) ^ key->remote[1]) * k;
        h = ((h ^ h >> 29) ^ key->local[1]) * k;
    }
    h = ((h ^ h >> 29) ^ (key->remote_port | (uint64_t)key->local_port << 16)) *
        k;
    return (uint32_t)(h >> 32);
}

void conn_key_make(struct conn_key *key, const struct net_addr *local,
                   const struct net_addr *remote)
{
    size_t len = remote->family == NET_V6 ? 16 : 4;

    memset(key, 0, sizeof(*key));
    memcpy(key->remote, remote->ip, len);
    memcpy(key->local, local->ip, len);
    key->remote_port = remote->port;
    key->local_port = local->port;
    key->scope = remote->scope;
    key->family = remote->family;
}

static void make_addr(struct net_addr *a, const struct conn_key *key,
                      const uint64_t ip[2], uint16_t port)
{
    memset(a, 0, sizeof(*a));
    a->family = (uint8_t)key->family;
    memcpy(a->ip, ip, key->family == NET_V6 ? 16 : 4);
    a->port = port;
    a->scope = key->scope;
}

void conn_key_addrs(const struct conn_key *key, struct net_addr *local,
                    struct net_addr *remote)
{
    make_addr(local, key, key->local, key->local_port);
    make_addr(remote, key, key->remote, key->remote_port);
}

struct conn_node *table_find(const struct conn_key *key)
{
    uint32_t hash = hash_of(key);
    struct conn_node *n = buckets[hash & (nr_buckets - 1)];

    while (n && (n->hash != hash || memcmp(&n->key, key, sizeof(*key)) != 0))
        n = n->next;
    return n;
}

static void insert(struct conn_node *n)
{
    struct conn_node **head = &buckets[n->hash & (nr_buckets - 1)];

    n->next = *head;
    *head = n;
}

/* Without memory it stays as it is: only slower. */
static void grow(void)
{
    struct conn_node **old = buckets;
    uint32_t nr_old = nr_buckets;
    struct conn_node **more = kzalloc(nr_old * 4 * sizeof(struct conn_node *));

    if (!more)
        return;
    buckets = more;
    nr_buckets = nr_old * 4;
    for (uint32_t i = 0; i < nr_old; i++)
        for (struct conn_node *n = old[i], *next; n; n = next) {
            next = n->next;
            insert(n);
        }
    if (old != first_buckets)
        kfree(old);
}

void table_add(struct conn_node *node, const struct conn_key *key,
               enum node_kind kind)
{
    need_secret();
    if (nr_nodes >= nr_buckets && nr_buckets < SIZE_MAX_ENTRIES)
        grow();
    node->key = *key;
    node->hash = hash_of(key);
    node->kind = (uint8_t)kind;
    node->listed = true;
    nr_nodes++;
    insert(node);
}

void table_remove(struct conn_node *node)
{
    struct conn_node **link = &buckets[node->hash & (nr_buckets - 1)];

    if (!node->listed)
        return;
    while (*link != node)
        link = &(*link)->next;
    *link = node->next;
    node->listed = false;
    nr_nodes--;
}

void table_each(bool (*fn)(struct conn_node *node, void *arg), void *arg)
{
    for (uint32_t i = 0; i < nr_buckets; i++)
        for (struct conn_node *n = buckets[i]; n; n = n->next)
            if (!fn(n, arg))
                return;
}

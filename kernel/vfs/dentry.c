/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tree of names and its hash table. Unused cache entries stay on a list,
 * oldest first, until there are too many. Changes are dentry_change.c's.
 */
#include "kernel/vfs/dentry_table.h"

#include <linux/errno.h>

#include "kernel/core/alloc.h"
#include "kernel/core/log.h"
#include "lib/string.h"

enum { LRU_MAX = 4096, BUCKETS_MIN = 256 };

static struct {
    struct dentry **buckets;
    uint32_t mask;
    uint32_t nr_hashed;
    struct list lru;
    uint32_t nr_lru;
    uint64_t next_cookie;
} cache;

void dentry_init(void)
{
    cache.buckets = kzalloc(BUCKETS_MIN * sizeof(void *));
    if (!cache.buckets)
        panic("no memory for the name cache");
    cache.mask = BUCKETS_MIN - 1;
    list_init(&cache.lru);
    cache.next_cookie = 1;
}

uint32_t dentry_hash_name(const struct dentry *parent, const char *name,
                          size_t len)
{
    uint32_t h = (uint32_t)((uintptr_t)parent >> 4) * 0x9e3779b1u;

    for (size_t i = 0; i < len; i++)
        h = (h ^ (uint8_t)name[i]) * 0x01000193u;
    return h ^ (h >> 15);
}

static struct dentry **bucket_of(uint32_t hash)
{
    return &cache.buckets[hash & cache.mask];
}

/* Without memory the table just stays as full as it is. */
static void grow(void)
{
    uint32_t nr = (cache.mask + 1) * 2;
    struct dentry **old = cache.buckets;
    struct dentry **buckets = kzalloc(nr * sizeof(void *));

    if (!buckets)
        return;
    for (uint32_t i = 0; i <= cache.mask; i++) {
        struct dentry *d = old[i], *next;

        for (; d; d = next) {
            next = d->hash_next;
            d->hash_next = buckets[d->hash & (nr - 1)];
            buckets[d->hash & (nr - 1)] = d;
        }
    }
    cache.buckets = buckets;
    cache.mask = nr - 1;
    kfree(old);
}

static void table_insert(struct dentry *d)
{
    struct dentry **bucket;

    if (++cache.nr_hashed > cache.mask)
        grow();
    bucket = bucket_of(d->hash);
    d->hash_next = *bucket;
    *bucket = d;
    d->flags |= DENTRY_HASHED;
}

void dentry_table_remove(struct dentry *d)
{
    struct dentry **p = bucket_of(d->hash);

    while (*p != d)
        p = &(*p)->hash_next;
    *p = d->hash_next;
    cache.nr_hashed--;
    d->flags &= ~DENTRY_HASHED;
}

uint64_t dentry_next_cookie(void)
{
    return cache.next_cookie++;
}

static void lru_remove(struct dentry *d)
{
    if (list_empty(&d->lru))
        return;
    list_remove(&d->lru);
    cache.nr_lru--;
}

static void free_one(struct dentry *d)
{
    lru_remove(d);
    if (d->flags & DENTRY_HASHED)
        dentry_table_remove(d);
    list_remove(&d->sibling);
    if (d->inode)
        inode_put(d->inode);
    if (d->name != d->small_name)
        kfree((void *)d->name);
    kfree(d);
}

/* Frees d, and its ancestors as far as that was their last use. */
void dentry_free_up(struct dentry *d)
{
    while (d) {
        struct dentry *parent = d->parent == d ? NULL : d->parent;

        free_one(d);
        if (!parent || --parent->refs > 0)
            return;
        if (parent->flags & DENTRY_HASHED) {
            list_push_back(&cache.lru, &parent->lru);
            cache.nr_lru++;
            return;
        }
        d = parent;
    }
}

void dentry_put(struct dentry *d)
{
    if (--d->refs > 0)
        return;
    if (!(d->flags & DENTRY_HASHED)) {
        dentry_free_up(d);
        return;
    }
    list_push_back(&cache.lru, &d->lru);
    if (++cache.nr_lru > LRU_MAX)
        dentry_free_up(container_of(cache.lru.next, struct dentry, lru));
}

bool dentry_set_name(struct dentry *d, const char *name, size_t len)
{
    char *to = d->small_name;

    if (len >= sizeof(d->small_name)) {
        to = kmalloc(len + 1);
        if (!to)
            return false;
    }
    memcpy(to, name, len);
    to[len] = '\0';
    d->name = to;
    d->name_len = len;
    return true;
}

static struct dentry *make(struct super *super, const char *name, size_t len)
{
    struct dentry *d = kmalloc(sizeof(*d));

    if (!d)
        return NULL;
    memset(d, 0, offsetof(struct dentry, small_name));
    list_init(&d->children);
    list_init(&d->sibling);
    list_init(&d->lru);
    d->super = super;
    d->refs = 1;
    d->parent = d;
    if (!dentry_set_name(d, name, len)) {
        kfree(d);
        return NULL;
    }
    return d;
}

struct dentry *dentry_root(struct super *super, struct inode *inode)
{
    struct dentry *d = make(super, "", 0);

    if (d)
        d->inode = inode;
    return d;
}

struct dentry *dentry_anonymous(struct inode *inode, const char *name)
{
    struct dentry *d = make(inode->super, name, strnlen(name, DENTRY_NAME_MAX));

    if (!d)
        return NULL;
    inode_get(inode);
    d->inode = inode;
    return d;
}

struct dentry *dentry_new(struct dentry *parent, const char *name, size_t len)
{
    struct dentry *d = make(parent->super, name, len);

    if (!d)
        return NULL;
    dentry_get(parent);
    d->parent = parent;
    d->hash = dentry_hash_name(parent, d->name, len);
    list_push_back(&parent->children, &d->sibling);
    return d;
}

struct dentry *dentry_find(struct dentry *parent, const char *name, size_t len)
{
    uint32_t hash = dentry_hash_name(parent, name, len);

    for (struct dentry *d = *bucket_of(hash); d; d = d->hash_next) {
        if (d->hash != hash || d->parent != parent || d->name_len != len ||
            memcmp(d->name, name, len) != 0)
            continue;
        if (d->refs++ == 0)
            lru_remove(d);
        return d;
    }
    return NULL;
}

void dentry_hash(struct dentry *d)
{
    if (!(d->flags & DENTRY_HASHED))
        table_insert(d);
}

static int ask(struct dentry *parent, const char *name, size_t len,
               struct dentry **out)
{
    struct inode *dir = parent->inode, *inode = NULL;
    struct dentry *d = dentry_new(parent, name, len);
    struct dentry *other;
    int err;

    if (!d)
        return -ENOMEM;
    err = dir->ops->lookup ? dir->ops->lookup(dir, d, &inode) : -ENOENT;
    if (err && err != -ENOENT) {
        dentry_put(d);
        return err;
    }
    d->inode = inode;
    *out = d;
    if (parent->super->flags & SUPER_NOCACHE)
        return 0;
    /* the file system may have slept: somebody else may have been faster */
    other = dentry_find(parent, name, len);
    if (other) {
        dentry_put(d);
        *out = other;
        return 0;
    }
    dentry_hash(d);
    return 0;
}

int dentry_lookup(struct dentry *parent, const char *name, size_t len,
                  struct dentry **out)
{
    struct dentry *d = dentry_find(parent, name, len);

    if (!d)
        return ask(parent, name, len, out);
    if ((parent->super->flags & SUPER_REVALIDATE) && !d->mounted &&
        !parent->inode->ops->revalidate(parent->inode, d)) {
        dentry_unhash(d);
        dentry_put(d);
        return ask(parent, name, len, out);
    }
    *out = d;
    return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doubly linked circular lists with the node inside the element. A head is a
 * node that points at itself when the list is empty. No allocation, no locks.
 */
#ifndef EINKORN_LIB_LIST_H
#define EINKORN_LIB_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *next, *prev;
};

#define LIST_INIT(head)                                                        \
    {                                                                          \
        &(head), &(head)                                                       \
    }

#ifndef container_of
#define container_of(ptr, type, member)                                        \
    ((type *)((char *)(ptr)-offsetof(type, member)))
#endif

#ifndef ARRAY_LEN
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#endif

static inline void list_init(struct list *head)
{
    head->next = head->prev = head;
}

static inline bool list_empty(const struct list *head)
{
    return head->next == head;
}

static inline void list_insert_(struct list *node, struct list *prev,
                                struct list *next)
{
    node->prev = prev;
    node->next = next;
    prev->next = node;
    next->prev = node;
}

static inline void list_push_front(struct list *head, struct list *node)
{
    list_insert_(node, head, head->next);
}

static inline void list_push_back(struct list *head, struct list *node)
{
    list_insert_(node, head->prev, head);
}

/* The node becomes an empty list, so removing it twice does no harm. */
static inline void list_remove(struct list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}

/* First node, taken off, or NULL. */
static inline struct list *list_pop_front(struct list *head)
{
    struct list *node = head->next;

    if (node == head)
        return NULL;
    list_remove(node);
    return node;
}

#define list_first(head, type, member)                                         \
    (list_empty(head) ? NULL : container_of((head)->next, type, member))

#define list_for_each(pos, head)                                               \
    for (struct list *pos = (head)->next; pos != (head); pos = pos->next)

/* The body may remove pos. */
#define list_for_each_safe(pos, head)                                          \
    for (struct list *pos = (head)->next, *pos##_next = pos->next;             \
         pos != (head); pos = pos##_next, pos##_next = pos->next)

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Futexes with an owner: PI locks, robust lists, and what the end of a thread
 * does to words in program memory.
 */
#include <asm/errno.h>
#include <linux/futex.h>

#include "kernel/sched/futex.h"
#include "kernel/sched/futex_queue.h"

/* First waiter for ownership; *more: there are others. */
static struct futex_waiter *next_owner(uptr_t addr, bool *more)
{
    struct futex_waiter *first = NULL;

    *more = false;
    list_for_each(node, futex_bucket(addr))
    {
        struct futex_waiter *w = container_of(node, struct futex_waiter, node);

        if (w->addr != addr || !w->pi)
            continue;
        if (first)
            *more = true;
        else
            first = w;
    }
    return first;
}

/* *addr: old -> value. 0, -EAGAIN if it was not old (now in *old), -EFAULT. */
static int replace(uptr_t addr, uint32_t *old, uint32_t value)
{
    uint32_t expected = *old;
    int err = cmpxchg_user_u32(addr, old, value);

    if (err)
        return err;
    return *old == expected ? 0 : -EAGAIN;
}

/* 1: `self` owns it now, 0: FUTEX_WAITERS is set and somebody else owns it. */
static int claim(uptr_t addr, uint32_t self, bool try_only)
{
    uint32_t word;
    int err = get_user_u32(addr, &word);

    while (!err) {
        uint32_t owner = word & FUTEX_TID_MASK;

        if (owner == self)
            return -EDEADLK;
        if (owner && try_only)
            return -EAGAIN;
        if (owner && !thread_find((int32_t)owner))
            return -ESRCH;
        err = replace(addr, &word,
                      owner ? word | FUTEX_WAITERS
                            : self | (word & ~(uint32_t)FUTEX_TID_MASK));
        if (!err)
            return owner == 0;
        if (err == -EAGAIN)
            err = 0;
    }
    return err;
}

int futex_lock_pi(uptr_t addr, uint64_t deadline_ns, bool try_only)
{
    struct futex_waiter w = {.addr = addr, .pi = true};
    int got = addr % 4 ? -EINVAL
                       : claim(addr, (uint32_t)current_thread()->tid, try_only);

    if (got)
        return got < 0 ? got : 0;
    return futex_sleep(&w, deadline_ns);
}

/* Ownership passes to the first waiter that is there. */
static int hand_over(uptr_t addr, uint32_t word, uint32_t flags)
{
    bool more;
    struct futex_waiter *w = next_owner(addr, &more);
    uint32_t value =
        w ? (uint32_t)w->thread->tid | flags | (more ? FUTEX_WAITERS : 0)
          : flags;
    int err;

    do {
        err = replace(addr, &word, value);
    } while (err == -EAGAIN);
    if (!err && w)
        futex_wake_waiter(w);
    return err;
}

int futex_unlock_pi(uptr_t addr)
{
    uint32_t self = (uint32_t)current_thread()->tid, word;
    int err = get_user_u32(addr, &word);

    if (err)
        return err;
    if ((word & FUTEX_TID_MASK) != self)
        return -EPERM;
    return addr % 4 ? -EINVAL : hand_over(addr, word, 0);
}

int futex_wait_requeue_pi(uptr_t addr, uint32_t value, uint64_t deadline_ns,
                          uptr_t lock)
{
    struct futex_waiter w = {.addr = addr, .pi = true, .pi_target = lock};
    uint32_t now;
    int err;

    if (addr % 4 || lock % 4 || addr == lock)
        return -EINVAL;
    err = get_user_u32(addr, &now);
    if (!err && now != value)
        err = -EAGAIN;
    return err ? err : futex_sleep(&w, deadline_ns);
}

/* One sleeper: 1 if it has the lock and runs, 0 if it waits for it. */
static int pass_on(struct futex_waiter *w)
{
    int got = claim(w->pi_target, (uint32_t)w->thread->tid, false);

    if (got < 0)
        return got;
    if (got) {
        futex_wake_waiter(w);
        return 1;
    }
    list_remove(&w->node);
    w->addr = w->pi_target;
    list_push_back(futex_bucket(w->addr), &w->node);
    return 0;
}

int64_t futex_requeue_pi(uptr_t addr, uint32_t value, uint32_t nr_move,
                         uptr_t lock)
{
    int64_t done = 0;
    uint32_t now;
    int err;

    if (addr % 4 || lock % 4 || addr == lock || (int32_t)nr_move < 0)
        return -EINVAL;
    err = get_user_u32(addr, &now);
    if (!err && now != value)
        err = -EAGAIN;
    list_for_each_safe(node, futex_bucket(addr))
    {
        struct futex_waiter *w = container_of(node, struct futex_waiter, node);

        if (err < 0 || done > (int64_t)nr_move)
            break;
        if (w->addr != addr)
            continue;
        err = w->pi_target == lock ? pass_on(w) : -EINVAL;
        done += err >= 0;
    }
    return err < 0 ? err : done;
}

static void owner_died(struct thread *t, uptr_t addr, bool pi)
{
    uint32_t word;

    if (get_user_u32(addr, &word) < 0)
        return;
    while ((word & FUTEX_TID_MASK) == (uint32_t)t->tid) {
        uint32_t flags = (word & FUTEX_WAITERS) | FUTEX_OWNER_DIED;
        int err;

        if (pi) {
            hand_over(addr, word, FUTEX_OWNER_DIED);
            return;
        }
        err = replace(addr, &word, flags);
        if (err == -EAGAIN)
            continue;
        if (!err && (flags & FUTEX_WAITERS))
            futex_wake(addr, true, 1, FUTEX_BITSET_MATCH_ANY);
        return;
    }
}

/* Bit 0 of a link says that the futex is a PI one. */
static void walk_robust_list(struct thread *t)
{
    struct robust_list_head head;
    uptr_t entry, next, pending;

    if (!t->robust_list || copy_in(&head, t->robust_list) < 0)
        return;
    pending = (uptr_t)head.list_op_pending;
    entry = (uptr_t)head.list.next;
    for (int i = 0; i < ROBUST_LIST_LIMIT; i++) {
        uptr_t node = entry & ~UINT64_C(1);
        int err;

        if (node == t->robust_list)
            break;
        err = copy_in(&next, node);
        if (node != (pending & ~UINT64_C(1)))
            owner_died(t, node + (uint64_t)head.futex_offset, entry & 1);
        if (err)
            return;
        entry = next;
    }
    if (pending & ~UINT64_C(1))
        owner_died(t, (pending & ~UINT64_C(1)) + (uint64_t)head.futex_offset,
                   pending & 1);
}

void futex_thread_exit(struct thread *t)
{
    uint32_t zero = 0;

    walk_robust_list(t);
    t->robust_list = 0;
    if (t->clear_child_tid && copy_out(t->clear_child_tid, &zero) == 0)
        futex_wake(t->clear_child_tid, true, 1, FUTEX_BITSET_MATCH_ANY);
    t->clear_child_tid = 0;
}

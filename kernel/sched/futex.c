/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Futex wait, wake, requeue and wake-op. Nothing here is preempted between
 * reading the word and queueing the waiter.
 */
#include "kernel/sched/futex.h"

#include <asm/errno.h>
#include <linux/futex.h>

#include "kernel/mm/mm.h"
#include "kernel/sched/futex_queue.h"
#include "kernel/sched/signal.h"

enum { NR_BUCKETS = 256 };

static struct list buckets[NR_BUCKETS];

struct list *futex_bucket(uptr_t addr)
{
    struct list *b = &buckets[(addr >> 2 ^ addr >> 12) % NR_BUCKETS];

    if (!b->next)
        list_init(b);
    return b;
}

/* What names the word: an object that is mapped shared may be mapped at other
 * addresses too. Only a look into the book of mappings tells, so FUTEX_PRIVATE
 * spares it. */
struct key {
    uptr_t addr;
    const struct backing *object;
};

static struct key key_of(uptr_t addr, bool shared)
{
    struct key k = {.addr = addr};
    uint64_t off;

    k.object = shared ? mm_shared_at(addr, &off) : NULL;
    if (k.object)
        k.addr = off;
    return k;
}

static bool waits_on(const struct futex_waiter *w, struct key k)
{
    return w->addr == k.addr && w->object == k.object && !w->pi;
}

/* Once woken, the waker has taken w off its bucket. */
int futex_sleep(struct futex_waiter *w, uint64_t deadline_ns)
{
    int err = 0;

    w->thread = current_thread();
    w->woken = false;
    list_push_back(futex_bucket(w->addr), &w->node);
    while (!w->woken && err == 0)
        err = thread_sleep(deadline_ns);
    if (w->woken)
        return 0;
    list_remove(&w->node);
    return err;
}

void futex_wake_waiter(struct futex_waiter *w)
{
    list_remove(&w->node);
    w->woken = true;
    thread_wake(w->thread);
}

int futex_wait(uptr_t addr, bool shared, uint32_t value, uint32_t bitset,
               uint64_t deadline_ns)
{
    struct key k = key_of(addr, shared);
    struct futex_waiter w = {
        .addr = k.addr, .object = k.object, .bitset = bitset};
    uint32_t now;
    int err;

    if (!bitset)
        return -EINVAL;
    if (addr % 4)
        return -EINVAL;
    err = get_user_u32(addr, &now);
    if (err)
        return err;
    if (now != value)
        return -EAGAIN;
    return futex_sleep(&w, deadline_ns);
}

int64_t futex_wake(uptr_t addr, bool shared, uint32_t nr, uint32_t bitset)
{
    struct key k = key_of(addr, shared);
    int64_t woken = 0;

    if (!bitset || addr % 4)
        return -EINVAL;
    list_for_each_safe(node, futex_bucket(k.addr))
    {
        struct futex_waiter *w = container_of(node, struct futex_waiter, node);

        if (woken >= (int64_t)nr)
            break;
        if (!waits_on(w, k) || !(w->bitset & bitset))
            continue;
        futex_wake_waiter(w);
        woken++;
    }
    return woken;
}

static int64_t move(struct key from, struct key to, uint32_t nr)
{
    int64_t moved = 0;

    list_for_each_safe(node, futex_bucket(from.addr))
    {
        struct futex_waiter *w = container_of(node, struct futex_waiter, node);

        if (moved >= (int64_t)nr)
            break;
        if (!waits_on(w, from))
            continue;
        w->addr = to.addr;
        w->object = to.object;
        list_remove(&w->node);
        list_push_back(futex_bucket(to.addr), &w->node);
        moved++;
    }
    return moved;
}

int64_t futex_requeue(uptr_t addr, bool shared, uint32_t nr_wake,
                      uint32_t nr_move, uptr_t addr2, const uint32_t *expected)
{
    int64_t woken;
    uint32_t now;

    if (addr % 4 || addr2 % 4 || (int32_t)nr_wake < 0 || (int32_t)nr_move < 0)
        return -EINVAL;
    if (expected) {
        if (get_user_u32(addr, &now) < 0)
            return -EFAULT;
        if (now != *expected)
            return -EAGAIN;
    }
    woken = futex_wake(addr, shared, nr_wake, FUTEX_BITSET_MATCH_ANY);
    if (woken < 0 || addr == addr2)
        return woken;
    return woken + move(key_of(addr, shared), key_of(addr2, shared), nr_move);
}

static int apply(uint32_t op, uint32_t old, uint32_t arg, uint32_t *out)
{
    switch (op) {
    case FUTEX_OP_SET:
        *out = arg;
        return 0;
    case FUTEX_OP_ADD:
        *out = old + arg;
        return 0;
    case FUTEX_OP_OR:
        *out = old | arg;
        return 0;
    case FUTEX_OP_ANDN:
        *out = old & ~arg;
        return 0;
    case FUTEX_OP_XOR:
        *out = old ^ arg;
        return 0;
    default:
        return -ENOSYS;
    }
}

static int compare(uint32_t cmp, int32_t old, int32_t arg)
{
    switch (cmp) {
    case FUTEX_OP_CMP_EQ:
        return old == arg;
    case FUTEX_OP_CMP_NE:
        return old != arg;
    case FUTEX_OP_CMP_LT:
        return old < arg;
    case FUTEX_OP_CMP_LE:
        return old <= arg;
    case FUTEX_OP_CMP_GT:
        return old > arg;
    case FUTEX_OP_CMP_GE:
        return old >= arg;
    default:
        return -ENOSYS;
    }
}

static int32_t sign_extend12(uint32_t value)
{
    return (int32_t)(value << 20) >> 20;
}

/* Atomically *addr2 = op(*addr2); 1 or 0: what the comparison said. */
static int modify(uptr_t addr2, uint32_t code)
{
    uint32_t op = code >> 28 & 7, cmp = code >> 24 & 15;
    uint32_t arg = (uint32_t)sign_extend12(code >> 12 & 0xfff);
    uint32_t old, seen, new_value;
    int err;

    if (code >> 28 & FUTEX_OP_OPARG_SHIFT)
        arg = UINT32_C(1) << (arg & 31);
    err = get_user_u32(addr2, &old);
    while (!err) {
        err = apply(op, old, arg, &new_value);
        if (err)
            break;
        seen = old;
        err = cmpxchg_user_u32(addr2, &seen, new_value);
        if (!err && seen == old)
            return compare(cmp, (int32_t)old, sign_extend12(code & 0xfff));
        old = seen;
    }
    return err;
}

int64_t futex_wake_op(uptr_t addr, bool shared, uint32_t nr, uint32_t nr2,
                      uptr_t addr2, uint32_t op)
{
    int also = modify(addr2, op);
    int64_t woken, more;

    if (also < 0)
        return also;
    woken = futex_wake(addr, shared, nr, FUTEX_BITSET_MATCH_ANY);
    if (woken < 0 || !also)
        return woken;
    more = futex_wake(addr2, shared, nr2, FUTEX_BITSET_MATCH_ANY);
    return more < 0 ? more : woken + more;
}

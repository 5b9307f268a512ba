/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System V semaphores: semget(2), semop(2), semtimedop(2). What SEM_UNDO would
 * take back at the end of the process ends with it, since sets do not outlive
 * the instance: it has no effect.
 */
#include <asm/errno.h>

#include "kernel/core/alloc.h"
#include "kernel/core/clock.h"
#include "kernel/core/uaccess.h"
#include "kernel/linux/calls.h"
#include "kernel/linux/sem.h"
#include "kernel/linux/timespec.h"
#include "kernel/sched/thread.h"

struct ipc_table sem_sets = {.objects = LIST_INIT(sem_sets.objects),
                             .max = SEMMNI};
uint32_t sem_total;

static struct sem_set *to_set(struct ipc_object *o)
{
    return o ? container_of(o, struct sem_set, ipc) : NULL;
}

static int64_t create(int32_t key, int32_t nr, uint32_t flags)
{
    struct sem_set *s;

    if (nr <= 0 || nr > SEMMSL)
        return -EINVAL;
    if ((uint32_t)nr > SEMMNS - sem_total)
        return -ENOSPC;
    s = kzalloc(sizeof(*s) + (size_t)nr * sizeof(s->sems[0]));
    if (!s)
        return -ENOMEM;
    s->nr = (uint32_t)nr;
    s->ctime = ipc_now_s();
    list_init(&s->sleepers);
    sem_total += s->nr;
    return ipc_add(&sem_sets, &s->ipc, key, flags);
}

int64_t sys_semget(struct abi_frame *r)
{
    int32_t key = (int32_t)r->rdi, nr = (int32_t)r->rsi;
    struct ipc_object *found;
    int err = ipc_lookup(&sem_sets, key, (uint32_t)r->rdx, &found);

    if (err)
        return err;
    if (!found)
        return create(key, nr, (uint32_t)r->rdx);
    return nr < 0 || (uint32_t)nr > to_set(found)->nr ? -EINVAL : found->id;
}

/* Takes back what the operations before `end` have done. */
static void take_back(struct sem_call *c, const struct sembuf *end)
{
    for (const struct sembuf *op = c->ops; op < end; op++)
        c->set->sems[op->sem_num].value -= (uint16_t)op->sem_op;
}

/* 0, -ERANGE, or 1: not now. */
static int apply(struct sem *sem, const struct sembuf *op)
{
    int value = sem->value + op->sem_op;

    if (value < 0 || (op->sem_op == 0 && sem->value != 0))
        return 1;
    if (value > SEMVMX)
        return -ERANGE;
    sem->value = (uint16_t)value;
    return 0;
}

static void note_done(struct sem_call *c)
{
    bool changed = false;

    for (uint32_t i = 0; i < c->nr; i++) {
        c->set->sems[c->ops[i].sem_num].pid = SEM_OWN_PID;
        changed |= c->ops[i].sem_op != 0;
    }
    c->set->otime = ipc_now_s();
    if (changed)
        waitq_wake(&c->set->ipc.waitq, 0);
}

/* All operations or none: is there a result? */
static bool attempt(struct sem_call *c)
{
    if (c->result <= 0)
        return true;
    if (c->set->ipc.removed) {
        c->result = -EIDRM;
        return true;
    }
    for (const struct sembuf *op = c->ops; op < c->ops + c->nr; op++) {
        int err = apply(&c->set->sems[op->sem_num], op);

        if (!err)
            continue;
        take_back(c, op);
        c->stuck = op;
        if (err > 0 && op->sem_flg & IPC_NOWAIT)
            err = -EAGAIN;
        c->result = err;
        return err < 0;
    }
    c->result = 0;
    note_done(c);
    return true;
}

static int sleep_for(struct sem_call *c, uint64_t deadline)
{
    int err;

    c->set->ipc.nr_sleepers++;
    list_push_back(&c->set->sleepers, &c->node);
    WAIT(&c->set->ipc.waitq, deadline, err, attempt(c));
    list_remove(&c->node);
    if (ipc_end_sleep(&c->set->ipc))
        kfree(c->set);
    if (err)
        return err == -ETIMEDOUT ? -EAGAIN : -EINTR;
    return c->result;
}

/* Which of read and write the operations need, or -EFBIG. */
static int needs(const struct sem_call *c)
{
    int want = 0;

    for (uint32_t i = 0; i < c->nr; i++) {
        if (c->ops[i].sem_num >= c->set->nr)
            return -EFBIG;
        want |= c->ops[i].sem_op ? IPC_WRITE : IPC_READ;
    }
    return want;
}

static int operate(struct sem_call *c, uint64_t deadline)
{
    int want = needs(c), err;

    if (want < 0)
        return want;
    err = ipc_may(&c->set->ipc, (uint32_t)want);
    if (err)
        return err;
    return attempt(c) ? c->result : sleep_for(c, deadline);
}

static int64_t semop(int32_t id, uptr_t uops, uint64_t nr, uint64_t deadline)
{
    struct sem_call c = {.nr = (uint32_t)nr, .result = 1};
    struct sembuf *ops;
    int err;

    if (nr == 0)
        return -EINVAL;
    if (nr > SEMOPM)
        return -E2BIG;
    ops = kmalloc(nr * sizeof(*ops));
    if (!ops)
        return -ENOMEM;
    c.ops = ops;
    err = copy_from_user(ops, uops, nr * sizeof(*ops));
    c.set = to_set(ipc_by_id(&sem_sets, id));
    if (!err)
        err = c.set ? operate(&c, deadline) : -EINVAL;
    kfree(ops);
    return err;
}

int64_t sys_semop(struct abi_frame *r)
{
    return semop((int32_t)r->rdi, r->rsi, r->rdx, NO_DEADLINE);
}

int64_t sys_semtimedop(struct abi_frame *r)
{
    uint64_t deadline = NO_DEADLINE;
    int err = 0;

    if (r->r10)
        err = deadline_from_user(r->r10, CLOCK_ID_MONOTONIC, false, &deadline);
    return err ? err : semop((int32_t)r->rdi, r->rsi, r->rdx, deadline);
}

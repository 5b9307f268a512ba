/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * semctl(2): values, owners and ends of semaphore sets.
 */
#include <asm/errno.h>

#include "kernel/core/alloc.h"
#include "kernel/core/uaccess.h"
#include "kernel/linux/calls.h"
#include "kernel/linux/sem.h"

static struct sem_set *to_set(struct ipc_object *o)
{
    return container_of(o, struct sem_set, ipc);
}

static void changed(struct sem_set *s)
{
    s->ctime = ipc_now_s();
    waitq_wake(&s->ipc.waitq, 0);
}

static int64_t set_value(struct sem_set *s, uint32_t num, int32_t value)
{
    if (value < 0 || value > SEMVMX)
        return -ERANGE;
    s->sems[num].value = (uint16_t)value;
    s->sems[num].pid = SEM_OWN_PID;
    changed(s);
    return 0;
}

static int64_t get_all(const struct sem_set *s, uptr_t to)
{
    for (uint32_t i = 0; i < s->nr; i++)
        if (copy_out(to + i * sizeof(uint16_t), &s->sems[i].value))
            return -EFAULT;
    return 0;
}

static int64_t set_all(struct sem_set *s, uptr_t from)
{
    size_t len_bytes = s->nr * sizeof(uint16_t);
    uint16_t *values = kmalloc(len_bytes);
    int err = values ? copy_from_user(values, from, len_bytes) : -ENOMEM;

    for (uint32_t i = 0; !err && i < s->nr; i++)
        err = values[i] > SEMVMX ? -ERANGE : 0;
    for (uint32_t i = 0; !err && i < s->nr; i++)
        s->sems[i] = (struct sem){values[i], SEM_OWN_PID};
    kfree(values);
    if (!err)
        changed(s);
    return err;
}

/* Threads that wait for the semaphore to grow, or to become zero. */
static int64_t count_sleepers(struct sem_set *s, uint32_t num, bool for_zero)
{
    int64_t n = 0;

    list_for_each(pos, &s->sleepers)
    {
        struct sem_call *c = container_of(pos, struct sem_call, node);

        n += c->stuck->sem_num == num && !c->stuck->sem_op == for_zero;
    }
    return n;
}

static int64_t of_one(struct sem_set *s, uint32_t num, int cmd, uint64_t arg)
{
    if (num >= s->nr)
        return -EINVAL;
    switch (cmd) {
    case GETVAL:
        return s->sems[num].value;
    case GETPID:
        return s->sems[num].pid;
    case SETVAL:
        return set_value(s, num, (int32_t)arg);
    }
    return count_sleepers(s, num, cmd == GETZCNT);
}

static int64_t stat(const struct sem_set *s, uptr_t to)
{
    struct semid64_ds ds = {.sem_perm = s->ipc.perm,
                            .sem_otime = s->otime,
                            .sem_ctime = s->ctime,
                            .sem_nsems = s->nr};

    return copy_out(to, &ds);
}

static int64_t set_owner(struct sem_set *s, uptr_t from)
{
    struct semid64_ds ds;
    int err = copy_in(&ds, from) ? -EFAULT : ipc_may_change(&s->ipc);

    if (err)
        return err;
    ipc_set_perm(&s->ipc, &ds.sem_perm);
    s->ctime = ipc_now_s();
    return 0;
}

static int64_t remove_set(struct sem_set *s)
{
    int err = ipc_may_change(&s->ipc);

    if (err)
        return err;
    sem_total -= s->nr;
    if (ipc_remove(&sem_sets, &s->ipc))
        kfree(s);
    return 0;
}

/* How many there are takes the place of two limits for SEM_INFO. */
static int64_t limits(int cmd, uptr_t to)
{
    struct seminfo info = {.semmap = SEMMAP,
                           .semmni = SEMMNI,
                           .semmns = SEMMNS,
                           .semmnu = SEMMNU,
                           .semmsl = SEMMSL,
                           .semopm = SEMOPM,
                           .semume = SEMUME,
                           .semusz = 20,
                           .semvmx = SEMVMX,
                           .semaem = SEMAEM};

    if (cmd == SEM_INFO) {
        info.semusz = (int)sem_sets.nr;
        info.semaem = (int)sem_total;
    }
    if (copy_out(to, &info))
        return -EFAULT;
    return sem_sets.nr ? sem_sets.nr - 1 : 0;
}

static int64_t by_command(struct sem_set *s, uint32_t num, int cmd,
                          uint64_t arg)
{
    bool writes = cmd == SETVAL || cmd == SETALL;
    int err = 0;

    if (cmd == IPC_SET)
        return set_owner(s, arg);
    if (cmd == IPC_RMID)
        return remove_set(s);
    if (cmd != SEM_STAT_ANY)
        err = ipc_may(&s->ipc, writes ? IPC_WRITE : IPC_READ);
    if (err)
        return err;
    switch (cmd) {
    case GETVAL:
    case GETPID:
    case GETNCNT:
    case GETZCNT:
    case SETVAL:
        return of_one(s, num, cmd, arg);
    case GETALL:
        return get_all(s, arg);
    case SETALL:
        return set_all(s, arg);
    case IPC_STAT:
        return stat(s, arg);
    case SEM_STAT:
    case SEM_STAT_ANY:
        err = (int)stat(s, arg);
        return err ? err : s->ipc.id;
    }
    return -EINVAL;
}

int64_t sys_semctl(struct abi_frame *r)
{
    int32_t id = (int32_t)r->rdi;
    int cmd = (int)r->rdx;
    bool by_index = cmd == SEM_STAT || cmd == SEM_STAT_ANY;
    struct ipc_object *o;

    if (cmd == IPC_INFO || cmd == SEM_INFO)
        return limits(cmd, r->r10);
    o = by_index ? ipc_by_index(&sem_sets, id) : ipc_by_id(&sem_sets, id);
    return o ? by_command(to_set(o), (uint32_t)r->rsi, cmd, r->r10) : -EINVAL;
}

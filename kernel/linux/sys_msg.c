/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System V message queues: msgget(2), msgsnd(2), msgrcv(2), msgctl(2).
 */
#include <asm/errno.h>
#include <asm/msgbuf.h>
#include <linux/msg.h>

#include "kernel/core/alloc.h"
#include "kernel/core/clock.h"
#include "kernel/core/uaccess.h"
#include "kernel/linux/calls.h"
#include "kernel/linux/sysvipc.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/thread.h"

enum { OWN_PID = 1 };

struct message {
    struct list node;
    int64_t type;
    size_t len_bytes;
    char text[];
};

struct msg_queue {
    struct ipc_object ipc;
    struct list messages;
    struct msqid64_ds ds; /* all but the permissions, which ipc has */
};

/* What msgrcv(2) asks for. */
struct msg_want {
    int64_t type; /* MSG_COPY: a place in the queue */
    uint32_t flags;
};

static struct ipc_table queues = {.objects = LIST_INIT(queues.objects),
                                  .max = MSGMNI};

static struct msg_queue *to_queue(struct ipc_object *o)
{
    return o ? container_of(o, struct msg_queue, ipc) : NULL;
}

static int64_t create(int32_t key, uint32_t flags)
{
    struct msg_queue *q = kzalloc(sizeof(*q));

    if (!q)
        return -ENOMEM;
    list_init(&q->messages);
    q->ds.msg_qbytes = MSGMNB;
    q->ds.msg_ctime = ipc_now_s();
    return ipc_add(&queues, &q->ipc, key, flags);
}

int64_t sys_msgget(struct abi_frame *r)
{
    struct ipc_object *found;
    int err = ipc_lookup(&queues, (int32_t)r->rdi, (uint32_t)r->rsi, &found);

    if (err)
        return err;
    return found ? found->id : create((int32_t)r->rdi, (uint32_t)r->rsi);
}

/* After a sleep of WAIT(): the queue may have gone meanwhile. */
static int end_sleep(struct msg_queue *q, int err)
{
    bool removed = q->ipc.removed;

    if (ipc_end_sleep(&q->ipc))
        kfree(q);
    if (removed)
        return -EIDRM;
    return err ? -ERESTARTNOHAND : 0;
}

/* ---- sending ------------------------------------------------------------- */

static bool has_room(const struct msg_queue *q, size_t len_bytes)
{
    return q->ds.msg_cbytes + len_bytes <= q->ds.msg_qbytes &&
           q->ds.msg_qnum < q->ds.msg_qbytes;
}

static int wait_for_room(struct msg_queue *q, size_t len_bytes, uint32_t flags)
{
    int err;

    if (has_room(q, len_bytes))
        return 0;
    if (flags & IPC_NOWAIT)
        return -EAGAIN;
    q->ipc.nr_sleepers++;
    WAIT(&q->ipc.waitq, NO_DEADLINE, err,
         q->ipc.removed || has_room(q, len_bytes));
    return end_sleep(q, err);
}

/* NULL and *err: -EFAULT, -EINVAL, -ENOMEM. */
static struct message *message_from_user(uptr_t from, size_t len_bytes,
                                         int *err)
{
    struct message *m = kmalloc(sizeof(*m) + len_bytes);

    *err = m ? 0 : -ENOMEM;
    if (!*err)
        *err = copy_in(&m->type, from);
    if (!*err && m->type < 1)
        *err = -EINVAL;
    if (!*err)
        *err = copy_from_user(m->text, from + sizeof(m->type), len_bytes);
    if (!*err) {
        m->len_bytes = len_bytes;
        return m;
    }
    kfree(m);
    return NULL;
}

static void append(struct msg_queue *q, struct message *m)
{
    list_push_back(&q->messages, &m->node);
    q->ds.msg_cbytes += m->len_bytes;
    q->ds.msg_qnum++;
    q->ds.msg_lspid = OWN_PID;
    q->ds.msg_stime = ipc_now_s();
    waitq_wake(&q->ipc.waitq, 0);
}

int64_t sys_msgsnd(struct abi_frame *r)
{
    struct msg_queue *q;
    struct message *m;
    int err;

    if (r->rdx > MSGMAX)
        return -EINVAL;
    m = message_from_user(r->rsi, r->rdx, &err);
    if (!m)
        return err;
    q = to_queue(ipc_by_id(&queues, (int32_t)r->rdi));
    err = q ? ipc_may(&q->ipc, IPC_WRITE) : -EINVAL;
    if (!err)
        err = wait_for_room(q, m->len_bytes, (uint32_t)r->r10);
    if (err)
        kfree(m);
    else
        append(q, m);
    return err;
}

/* ---- receiving ----------------------------------------------------------- */

/* A better choice than `best` so far (NULL: none)? */
static bool fits(const struct message *m, const struct msg_want *want,
                 const struct message *best)
{
    if (want->type < 0)
        return m->type <= -want->type && (!best || m->type < best->type);
    if (best)
        return false;
    return want->type == 0 ||
           (m->type == want->type) == !(want->flags & MSG_EXCEPT);
}

static struct message *pick(struct msg_queue *q, const struct msg_want *want)
{
    struct message *best = NULL;
    int64_t place = 0;

    list_for_each(pos, &q->messages)
    {
        struct message *m = container_of(pos, struct message, node);

        if (want->flags & MSG_COPY ? place++ == want->type
                                   : fits(m, want, best))
            best = m;
    }
    return best;
}

static void take(struct msg_queue *q, struct message *m)
{
    list_remove(&m->node);
    q->ds.msg_cbytes -= m->len_bytes;
    q->ds.msg_qnum--;
    q->ds.msg_lrpid = OWN_PID;
    q->ds.msg_rtime = ipc_now_s();
    waitq_wake(&q->ipc.waitq, 0);
}

static int64_t put_to_user(uptr_t to, size_t max_bytes, const struct message *m)
{
    size_t len_bytes = m->len_bytes < max_bytes ? m->len_bytes : max_bytes;

    if (copy_out(to, &m->type) ||
        copy_to_user(to + sizeof(m->type), m->text, len_bytes))
        return -EFAULT;
    return (int64_t)len_bytes;
}

/* As Linux: a message whose place is bad memory is lost. */
static int64_t receive(struct msg_queue *q, uptr_t to, size_t max_bytes,
                       const struct msg_want *want)
{
    struct message *m = pick(q, want);
    int64_t n;

    if (!m)
        return -ENOMSG;
    if (m->len_bytes > max_bytes && !(want->flags & MSG_NOERROR))
        return -E2BIG;
    if (want->flags & MSG_COPY)
        return put_to_user(to, max_bytes, m);
    take(q, m);
    n = put_to_user(to, max_bytes, m);
    kfree(m);
    return n;
}

static int wait_for_message(struct msg_queue *q, const struct msg_want *want)
{
    int err;

    if (want->flags & IPC_NOWAIT || pick(q, want))
        return 0;
    q->ipc.nr_sleepers++;
    WAIT(&q->ipc.waitq, NO_DEADLINE, err,
         q->ipc.removed || pick(q, want) != NULL);
    return end_sleep(q, err);
}

int64_t sys_msgrcv(struct abi_frame *r)
{
    struct msg_want want = {(int64_t)r->r10, (uint32_t)r->r8};
    struct msg_queue *q = to_queue(ipc_by_id(&queues, (int32_t)r->rdi));
    int err;

    if (!q || (int64_t)r->rdx < 0)
        return -EINVAL;
    if (want.flags & MSG_COPY &&
        (want.flags & MSG_EXCEPT || !(want.flags & IPC_NOWAIT)))
        return -EINVAL;
    if (want.type == INT64_MIN)
        want.type++;
    err = ipc_may(&q->ipc, IPC_READ);
    if (!err)
        err = wait_for_message(q, &want);
    return err ? err : receive(q, r->rsi, r->rdx, &want);
}

/* ---- msgctl -------------------------------------------------------------- */

static int64_t stat(const struct msg_queue *q, uptr_t to)
{
    struct msqid64_ds ds = q->ds;

    ds.msg_perm = q->ipc.perm;
    return copy_out(to, &ds);
}

static int64_t set(struct msg_queue *q, uptr_t from)
{
    struct msqid64_ds ds;
    int err = copy_in(&ds, from) ? -EFAULT : ipc_may_change(&q->ipc);

    if (err)
        return err;
    if (ds.msg_qbytes > MSGMNB && process.euid != 0)
        return -EPERM;
    ipc_set_perm(&q->ipc, &ds.msg_perm);
    q->ds.msg_qbytes = ds.msg_qbytes;
    q->ds.msg_ctime = ipc_now_s();
    waitq_wake(&q->ipc.waitq, 0);
    return 0;
}

static int64_t remove_queue(struct msg_queue *q)
{
    int err = ipc_may_change(&q->ipc);

    if (err)
        return err;
    list_for_each_safe(pos, &q->messages)
    {
        list_remove(pos);
        kfree(container_of(pos, struct message, node));
    }
    if (ipc_remove(&queues, &q->ipc))
        kfree(q);
    return 0;
}

/* What there is takes the place of some limits for MSG_INFO. */
static int64_t limits(int cmd, uptr_t to)
{
    struct msginfo info = {.msgmax = MSGMAX,
                           .msgmnb = MSGMNB,
                           .msgmni = MSGMNI,
                           .msgssz = MSGSSZ,
                           .msgpool = MSGPOOL,
                           .msgmap = MSGMAP,
                           .msgtql = MSGTQL,
                           .msgseg = MSGSEG};

    if (cmd == MSG_INFO) {
        info.msgpool = (int)queues.nr;
        info.msgmap = info.msgtql = 0;
        list_for_each(pos, &queues.objects)
        {
            struct msg_queue *q =
                to_queue(container_of(pos, struct ipc_object, node));

            info.msgmap += (int)q->ds.msg_qnum;
            info.msgtql += (int)q->ds.msg_cbytes;
        }
    }
    if (copy_out(to, &info))
        return -EFAULT;
    return queues.nr ? queues.nr - 1 : 0;
}

static int64_t tell(const struct msg_queue *q, int cmd, uptr_t to)
{
    int64_t err = cmd == MSG_STAT_ANY ? 0 : ipc_may(&q->ipc, IPC_READ);

    if (!err)
        err = stat(q, to);
    return err || cmd == IPC_STAT ? err : q->ipc.id;
}

int64_t sys_msgctl(struct abi_frame *r)
{
    int32_t id = (int32_t)r->rdi;
    int cmd = (int)r->rsi;
    bool by_index = cmd == MSG_STAT || cmd == MSG_STAT_ANY;
    struct msg_queue *q;

    if (cmd == IPC_INFO || cmd == MSG_INFO)
        return limits(cmd, r->rdx);
    q = to_queue(by_index ? ipc_by_index(&queues, id) : ipc_by_id(&queues, id));
    if (!q)
        return -EINVAL;
    switch (cmd) {
    case IPC_STAT:
    case MSG_STAT:
    case MSG_STAT_ANY:
        return tell(q, cmd, r->rdx);
    case IPC_SET:
        return set(q, r->rdx);
    case IPC_RMID:
        return remove_queue(q);
    }
    return -EINVAL;
}

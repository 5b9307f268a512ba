/* SPDX-License-Identifier: BSD-2-Clause */
/* msgget(2), msgsnd(2), msgrcv(2), msgctl(2). */
#include <pthread.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <unistd.h>

#include "check.h"

enum { MOST_BYTES = 8192 };

struct text {
    long type;
    char text[MOST_BYTES + 1];
};

static int id;

static int put(long type, const char *text, int flags)
{
    struct text m = {.type = type};

    strcpy(m.text, text);
    return msgsnd(id, &m, strlen(text), flags);
}

/* The text got, or the error's name where there is none. */
static const char *get(long type, size_t max, int flags)
{
    static struct text m;
    ssize_t n = msgrcv(id, &m, max, type, flags | IPC_NOWAIT);

    if (n < 0)
        return errno == ENOMSG ? "ENOMSG" : errno == E2BIG ? "E2BIG" : "?";
    m.text[n] = 0;
    return m.text;
}

static int is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static void test_order(void)
{
    CHECK(put(3, "three", 0) == 0 && put(1, "one", 0) == 0);
    CHECK(put(2, "two", 0) == 0 && put(1, "uno", 0) == 0);
    CHECK(is(get(2, 10, 0), "two"));
    CHECK(is(get(-2, 10, 0), "one"));
    CHECK(is(get(3, 10, MSG_EXCEPT), "uno"));
    CHECK(is(get(4, 10, 0), "ENOMSG"));
    CHECK(is(get(0, 4, 0), "E2BIG"));
    CHECK(is(get(0, 4, MSG_NOERROR), "thre"));
    CHECK(is(get(0, 10, 0), "ENOMSG"));
}

static void test_errors(void)
{
    struct text m = {.type = 0};

    CHECK(msgsnd(id, &m, 1, 0) == -1 && errno == EINVAL);
    m.type = 1;
    CHECK(msgsnd(id, &m, MOST_BYTES + 1, 0) == -1 && errno == EINVAL);
    CHECK(msgsnd(id + 1000, &m, 1, 0) == -1 && errno == EINVAL);
    CHECK(msgrcv(id, &m, (size_t)-1, 0, IPC_NOWAIT) == -1 && errno == EINVAL);
    CHECK(msgget(0x4e4b, 0) == -1 && errno == ENOENT);
}

static void test_full(void)
{
    struct text m = {.type = 1};
    struct msqid_ds ds;

    CHECK(msgsnd(id, &m, MOST_BYTES, 0) == 0);
    CHECK(msgsnd(id, &m, MOST_BYTES, IPC_NOWAIT) == 0);
    CHECK(msgsnd(id, &m, 1, IPC_NOWAIT) == -1 && errno == EAGAIN);
    CHECK(msgctl(id, IPC_STAT, &ds) == 0);
    CHECK(ds.msg_qnum == 2 && ds.__msg_cbytes == 2 * MOST_BYTES);
    CHECK(ds.msg_lspid == getpid() && ds.msg_stime > 0);
}

static void *send_one(void *arg)
{
    (void)arg;
    return (void *)(long)(put(5, "late", 0) ? errno : 0);
}

static void *receive_one(void *arg)
{
    struct text m;

    (void)arg;
    return (void *)(msgrcv(id, &m, 10, 7, 0) < 0 ? errno : m.type);
}

static long end_of(pthread_t t)
{
    void *result;

    CHECK(pthread_join(t, &result) == 0);
    return (long)result;
}

/* A sender without room goes on once there is some, a receiver once its
 * message comes, or with an error once the queue has gone. */
static void test_waiting(void)
{
    pthread_t sender, receiver;
    struct text m;
    long end;

    CHECK(pthread_create(&sender, NULL, send_one, NULL) == 0);
    CHECK(msgrcv(id, &m, MOST_BYTES, 1, 0) == MOST_BYTES);
    CHECK(end_of(sender) == 0);
    CHECK(pthread_create(&receiver, NULL, receive_one, NULL) == 0);
    CHECK(is(get(5, 10, 0), "late"));
    CHECK(put(7, "now", 0) == 0);
    CHECK(end_of(receiver) == 7);
    CHECK(pthread_create(&receiver, NULL, receive_one, NULL) == 0);
    CHECK(msgctl(id, IPC_RMID, NULL) == 0);
    end = end_of(receiver);
    CHECK(end == EIDRM || end == EINVAL); /* asleep already or not */
}

int main(void)
{
    id = msgget(IPC_PRIVATE, 0600);
    CHECK(id >= 0);
    test_order();
    test_errors();
    test_full();
    test_waiting();
    puts("sysvmsg: ok");
    return 0;
}

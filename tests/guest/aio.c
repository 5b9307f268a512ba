/* SPDX-License-Identifier: BSD-2-Clause */
/* Asynchronous I/O: io_setup(2), io_submit(2), io_getevents(2) and kin. */
#include "check.h"

#include <fcntl.h>
#include <linux/aio_abi.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define FAILS(call, code) CHECK((call) == -1 && errno == (code))

static int fd;

static long setup(unsigned nr, aio_context_t *ctx)
{
    return syscall(SYS_io_setup, nr, ctx);
}

static long destroy(aio_context_t ctx)
{
    return syscall(SYS_io_destroy, ctx);
}

static long submit(aio_context_t ctx, long nr, struct iocb **list)
{
    return syscall(SYS_io_submit, ctx, nr, list);
}

static long submit_one(aio_context_t ctx, struct iocb *cb)
{
    return submit(ctx, 1, &cb);
}

static long events(aio_context_t ctx, long min, long max, struct io_event *to,
                   const struct timespec *timeout)
{
    return syscall(SYS_io_getevents, ctx, min, max, to, timeout);
}

static struct iocb request(int op, void *buf, size_t len, off_t off)
{
    return (struct iocb){.aio_data = (uintptr_t)buf ^ 1,
                         .aio_lio_opcode = (uint16_t)op,
                         .aio_fildes = (uint32_t)fd,
                         .aio_buf = (uintptr_t)buf,
                         .aio_nbytes = len,
                         .aio_offset = off};
}

/* Submits it and waits for what it says. */
static long result_of(aio_context_t ctx, struct iocb *cb)
{
    struct io_event e;

    CHECK(submit_one(ctx, cb) == 1);
    CHECK(events(ctx, 1, 1, &e, NULL) == 1);
    CHECK(e.obj == (uintptr_t)cb && e.data == cb->aio_data && e.res2 == 0);
    return (long)e.res;
}

static void test_contexts(void)
{
    aio_context_t ctx = 0, other = 0, none = 0;
    struct io_event e;
    struct timespec at_once = {0, 0};

    FAILS(setup(0, &ctx), EINVAL);
    FAILS(setup(1, NULL), EFAULT);
    CHECK(setup(8, &ctx) == 0 && ctx != 0);
    FAILS(setup(8, &ctx), EINVAL); /* it has one */
    CHECK(setup(8, &other) == 0 && other != ctx);
    FAILS(destroy(none), EINVAL);
    CHECK(events(ctx, 0, 1, &e, NULL) == 0);
    CHECK(events(ctx, 1, 1, &e, &at_once) == 0);
    FAILS(events(ctx, 2, 1, &e, &at_once), EINVAL);
    FAILS(events(ctx, -1, 1, &e, &at_once), EINVAL);
    CHECK(destroy(other) == 0);
    FAILS(destroy(other), EINVAL);
    FAILS(events(other, 0, 1, &e, &at_once), EINVAL);
    CHECK(submit(ctx, 0, NULL) == 0);
    FAILS(submit(ctx, -1, NULL), EINVAL);
    FAILS(submit(ctx, 1, NULL), EFAULT);
    FAILS(submit(other, 0, NULL), EINVAL);
    CHECK(destroy(ctx) == 0);
}

static void test_files(aio_context_t ctx)
{
    char out[] = "asynchronous", in[sizeof(out)] = "", part[4] = "";
    struct iovec parts[] = {{in, 3}, {part, 4}};
    struct iocb cb = request(IOCB_CMD_PWRITE, out, sizeof(out), 100);

    CHECK(result_of(ctx, &cb) == sizeof(out));
    cb = request(IOCB_CMD_FSYNC, NULL, 0, 0);
    CHECK(result_of(ctx, &cb) == 0);
    cb = request(IOCB_CMD_FDSYNC, NULL, 0, 0);
    CHECK(result_of(ctx, &cb) == 0);
    cb = request(IOCB_CMD_PREAD, in, sizeof(in), 100);
    CHECK(result_of(ctx, &cb) == sizeof(in) && !strcmp(in, out));
    cb = request(IOCB_CMD_PREADV, parts, 2, 101);
    CHECK(result_of(ctx, &cb) == 7 && !memcmp(part, "chro", 4));
    cb = request(IOCB_CMD_PREAD, in, sizeof(in), 1000); /* behind its end */
    CHECK(result_of(ctx, &cb) == 0);
    CHECK(lseek(fd, 0, SEEK_CUR) == 0);
}

static void test_refusals(aio_context_t ctx)
{
    char buf[8];
    struct iocb good = request(IOCB_CMD_PREAD, buf, 8, 0), bad = good;
    struct iocb *list[] = {&good, &bad, &good};
    struct io_event e[3];

    bad.aio_fildes = 999;
    FAILS(submit_one(ctx, &bad), EBADF);
    bad = request(77, buf, 8, 0);
    FAILS(submit_one(ctx, &bad), EINVAL);
    bad = good;
    bad.aio_reserved2 = 1;
    FAILS(submit_one(ctx, &bad), EINVAL);
    bad = good;
    bad.aio_nbytes = UINT64_MAX;
    FAILS(submit_one(ctx, &bad), EINVAL);
    bad = good;
    bad.aio_flags = IOCB_FLAG_RESFD;
    bad.aio_resfd = (uint32_t)fd; /* no eventfd */
    FAILS(submit_one(ctx, &bad), EINVAL);
    bad.aio_resfd = 999;
    FAILS(submit_one(ctx, &bad), EBADF);
    CHECK(submit(ctx, 3, list) == 1); /* up to the bad one */
    CHECK(events(ctx, 1, 3, e, NULL) == 1 && e[0].res == 8);
    FAILS(syscall(SYS_io_cancel, ctx, &good, e), EINVAL);
}

static void test_room(void)
{
    aio_context_t ctx = 0;
    char byte;
    struct iocb cb = request(IOCB_CMD_PREAD, &byte, 1, 0);
    struct io_event e;
    int nr = 0;

    CHECK(setup(1, &ctx) == 0);
    while (nr < 100000 && submit_one(ctx, &cb) == 1)
        nr++;
    CHECK(nr >= 1 && errno == EAGAIN);
    for (int i = 0; i < nr; i++)
        CHECK(events(ctx, 1, 1, &e, NULL) == 1 && e.res == 1);
    CHECK(result_of(ctx, &cb) == 1);
    CHECK(destroy(ctx) == 0);
}

static void test_eventfd(aio_context_t ctx)
{
    char buf[8];
    struct iocb cb = request(IOCB_CMD_PREAD, buf, 8, 0);
    struct iocb *list[] = {&cb, &cb};
    struct io_event e[2];
    uint64_t count;
    int event = eventfd(0, 0);

    cb.aio_flags = IOCB_FLAG_RESFD;
    cb.aio_resfd = (uint32_t)event;
    CHECK(submit(ctx, 2, list) == 2);
    CHECK(events(ctx, 2, 2, e, NULL) == 2);
    CHECK(read(event, &count, 8) == 8 && count == 2);
    close(event);
}

static aio_context_t shared;

static void *submit_soon(void *arg)
{
    struct timespec moment = {0, 20000000};

    nanosleep(&moment, NULL);
    CHECK(submit_one(shared, arg) == 1);
    return NULL;
}

static void on_signal(int sig)
{
    (void)sig;
}

static void *signal_soon(void *arg)
{
    struct timespec moment = {0, 20000000};

    nanosleep(&moment, NULL);
    pthread_kill(*(pthread_t *)arg, SIGUSR1);
    return NULL;
}

static void test_waiting(aio_context_t ctx)
{
    char buf[8];
    struct iocb cb = request(IOCB_CMD_PREAD, buf, 8, 0);
    struct timespec moment = {0, 5000000};
    struct sigaction action = {.sa_handler = on_signal};
    struct {
        const sigset_t *mask;
        size_t size;
    } signals;
    pthread_t t, self = pthread_self();
    struct io_event e;
    sigset_t all;

    CHECK(events(ctx, 1, 1, &e, &moment) == 0);
    shared = ctx;
    CHECK(pthread_create(&t, NULL, submit_soon, &cb) == 0);
    CHECK(events(ctx, 1, 1, &e, NULL) == 1 && e.res == 8);
    pthread_join(t, NULL);
    sigaction(SIGUSR1, &action, NULL);
    CHECK(pthread_create(&t, NULL, signal_soon, &self) == 0);
    FAILS(events(ctx, 1, 1, &e, NULL), EINTR);
    pthread_join(t, NULL);
    sigfillset(&all);
    signals.mask = &all;
    signals.size = 8;
    CHECK(syscall(SYS_io_pgetevents, ctx, 1, 1, &e, &moment, &signals) == 0);
    signals.size = 3;
    FAILS(syscall(SYS_io_pgetevents, ctx, 1, 1, &e, &moment, &signals), EINVAL);
}

int main(void)
{
    aio_context_t ctx = 0;

    mkdir("/tmp", 01777);
    fd = open("/tmp/aio-test", O_RDWR | O_CREAT | O_TRUNC, 0600);
    CHECK(fd >= 0);
    CHECK(setup(16, &ctx) == 0);
    test_contexts();
    test_files(ctx);
    test_refusals(ctx);
    test_room();
    test_eventfd(ctx);
    test_waiting(ctx);
    CHECK(destroy(ctx) == 0);
    unlink("/tmp/aio-test");
    printf("aio: ok\n");
    return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: tender/kvm/serve.c */
/* einkorn-kvm's devices' thread: what it calls, and that it rests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "tender/kvm/monitor.h"

enum { ROUNDS = 50 };

static struct machine machine = {.lock = PTHREAD_MUTEX_INITIALIZER};
static int bell, echo;
static int pipe_fd[2], nr_calls; /* of pipe_ready() */

void die(const char *fmt, ...)
{
    fail_msg("died: %s", fmt);
    abort();
}

static void bell_rang(struct machine *m, void *arg, uint32_t events)
{
    uint64_t count;

    (void)m;
    (void)arg;
    (void)events;
    assert_int_equal(read(bell, &count, sizeof(count)), sizeof(count));
    assert_int_equal(write(echo, &count, sizeof(count)), sizeof(count));
}

static void pipe_ready(struct machine *m, void *arg, uint32_t events)
{
    (void)m;
    (void)arg;
    (void)events;
    nr_calls++;
    serve_change(pipe_fd[0], 0);
}

/* The thread looks at all descriptors once in each round. */
static int calls_in_rounds(void)
{
    uint64_t count = 1;
    int before, after;

    pthread_mutex_lock(&machine.lock);
    before = nr_calls;
    pthread_mutex_unlock(&machine.lock);
    for (int i = 0; i < ROUNDS; i++) {
        assert_int_equal(write(bell, &count, sizeof(count)), sizeof(count));
        assert_int_equal(read(echo, &count, sizeof(count)), sizeof(count));
    }
    pthread_mutex_lock(&machine.lock);
    after = nr_calls;
    pthread_mutex_unlock(&machine.lock);
    return after - before;
}

static void change(uint32_t events)
{
    pthread_mutex_lock(&machine.lock);
    serve_change(pipe_fd[0], events);
    pthread_mutex_unlock(&machine.lock);
}

/* The other end is gone, which poll(2) tells whatever is asked for. */
static void test_kvm_serve_leaves_alone_what_ended(void **state)
{
    (void)state;
    assert_int_equal(calls_in_rounds(), 0);
    close(pipe_fd[1]);
    calls_in_rounds();
    assert_int_equal(calls_in_rounds(), 0);
    change(EPOLLIN);
    assert_int_equal(calls_in_rounds(), 1);
    change(0);
    assert_int_equal(calls_in_rounds(), 0);
}

static int setup(void)
{
    bell = eventfd(0, EFD_CLOEXEC);
    echo = eventfd(0, EFD_CLOEXEC);
    serve_init();
    return bell < 0 || echo < 0 || pipe(pipe_fd) < 0 ||
           !serve_add(pipe_fd[0], EPOLLIN, pipe_ready, NULL) ||
           !serve_add(bell, EPOLLIN, bell_rang, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kvm_serve_leaves_alone_what_ended),
    };

    if (setup())
        return 1;
    serve_start(&machine);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

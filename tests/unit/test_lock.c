/* sources: kernel/core/lock.c */
/* libs: -pthread */
/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel lock among real threads, each a virtual CPU: one is in at a time,
 * who sleeps is called, and what was pending before is pending afterwards. */
#include "tests/unit/fake_kernel.h"

#include <asm/prctl.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/core/lock.h"

enum { NR = 4, ROUNDS = 20000, LONG_EVERY = 500, LONG_ROUNDS = 100000 };

struct cpu cpus[ABI_MAX_VCPU];

/* The platform: a kick makes KICK pending, wait() sleeps until anything is. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint32_t waiting, kicks;
} host = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0};

static int64_t fake_kick(uint32_t index)
{
    pthread_mutex_lock(&host.lock);
    __atomic_fetch_or(&cpus[index].vcpu.pending, ABI_PENDING_KICK,
                      __ATOMIC_SEQ_CST);
    host.kicks++;
    pthread_cond_broadcast(&host.changed);
    pthread_mutex_unlock(&host.lock);
    return 0;
}

static int64_t fake_wait(uint64_t deadline_mono_ns, uint32_t flags)
{
    const uint8_t *pending = &this_cpu()->vcpu.pending;

    if (deadline_mono_ns != ABI_NO_DEADLINE || flags)
        abort();
    pthread_mutex_lock(&host.lock);
    host.waiting++;
    pthread_cond_broadcast(&host.changed);
    while (!__atomic_load_n(pending, __ATOMIC_SEQ_CST))
        pthread_cond_wait(&host.changed, &host.lock);
    host.waiting--;
    pthread_mutex_unlock(&host.lock);
    return 0;
}

static void become(uint32_t index)
{
    struct cpu *cpu = &cpus[index];

    cpu->vcpu.self = (uint64_t)cpu;
    cpu->vcpu.index = index;
    assert_int_equal(syscall(SYS_arch_prctl, ARCH_SET_GS, cpu), 0);
}

static long count, inside;

static void go_in_once(uint8_t *pending, bool stay)
{
    /* As a tick that comes while we are on the way in. */
    __atomic_fetch_or(pending, ABI_PENDING_TICK, __ATOMIC_SEQ_CST);
    kernel_lock();
    if (++inside != 1)
        abort();
    count++;
    for (volatile int i = 0; stay && i < LONG_ROUNDS; i++)
        ;
    inside--;
    kernel_unlock();
    if (!(__atomic_exchange_n(pending, 0, __ATOMIC_SEQ_CST) & ABI_PENDING_TICK))
        abort();
}

static void *go_in(void *arg)
{
    uint32_t index = (uint32_t)(uintptr_t)arg;

    become(index);
    for (int i = 0; i < ROUNDS; i++)
        go_in_once(&cpus[index].vcpu.pending, i % LONG_EVERY == 0);
    return NULL;
}

static void test_lock_lets_one_in(void **state)
{
    pthread_t threads[NR];

    (void)state;
    count = 0;
    for (uintptr_t i = 0; i < NR; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, go_in, (void *)i),
                         0);
    for (int i = 0; i < NR; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(count, (long)NR * ROUNDS);
}

static void *come_second(void *arg)
{
    (void)arg;
    become(1);
    go_in_once(&cpus[1].vcpu.pending, false);
    return NULL;
}

static void test_lock_calls_who_sleeps(void **state)
{
    pthread_t second;

    (void)state;
    become(0);
    kernel_lock();
    count = host.kicks = 0;
    assert_int_equal(pthread_create(&second, NULL, come_second, NULL), 0);
    pthread_mutex_lock(&host.lock);
    while (host.waiting != 1)
        pthread_cond_wait(&host.changed, &host.lock);
    pthread_mutex_unlock(&host.lock);
    assert_int_equal(count, 0);
    kernel_unlock();
    pthread_join(second, NULL);
    assert_int_equal(count, 1);
    assert_int_equal(host.kicks, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lock_calls_who_sleeps),
        cmocka_unit_test(test_lock_lets_one_in),
    };

    platform.ops.vcpu_kick = fake_kick;
    platform.ops.wait = fake_wait;
    alarm(120); /* a lost call is an end without word otherwise */
    return cmocka_run_group_tests(tests, NULL, NULL);
}

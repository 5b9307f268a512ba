/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests that need somebody outside: chosen by "test=NAME". */
#include "tests/boundary/abi/kernel.h"

#include "lib/string.h"

enum { EAGAIN_ = -11, EINVAL_ = -22, ENODEV_ = -19, EPIPE_ = -32 };

static uint8_t buf[ABI_CHAN_MSG_MAX + 4096]; /* the largest message */

/* Prints the stop signals that arrive, until SIGTERM is among them. */
static void test_stop(void)
{
    uint64_t bits = 0;

    say("ready\n");
    while (!(bits & 1 << 14)) {
        ops->wait(ABI_NO_DEADLINE, ABI_WAIT_DEVICES);
        vcpu.pending = 0;
        bits = __atomic_exchange_n(&vcpu.stop_signals, 0, __ATOMIC_SEQ_CST);
        if (bits)
            say("signals %llx\n", (unsigned long long)bits);
    }
}

/* The same while the application computes. */
static void test_stop_spin(void)
{
    ops->mem_map(USER_CODE, 4096, 5, ABI_SOURCE_IMAGE, 0);
    ops->mem_commit(USER_STACK, 0x10000, 3);
    stop_after = seen.nr_events + 1;
    say("ready\n");
    run_app(app_spin, (uint64_t)&spin_stop);
    CHECK(seen.pending & ABI_PENDING_STOP);
    say("signals %llx\n", (unsigned long long)vcpu.stop_signals);
}

static void test_cat(void)
{
    int64_t n;

    say("ready\n");
    while ((n = ops->console_read(buf, sizeof(buf)))) {
        if (n > 0)
            ops->console_write(ABI_CONSOLE_OUT, buf, (uint64_t)n);
        else if (n == EAGAIN_)
            ops->wait(ABI_NO_DEADLINE, ABI_WAIT_DEVICES);
        else
            break;
        vcpu.pending = 0;
    }
    CHECK(n == 0);
}

/* Sends back each frame with its addresses swapped, until one says "end". */
static void test_net(void)
{
    struct abi_iov iov[2] = {{(uint64_t)buf, 100},
                             {(uint64_t)buf + 100, sizeof(buf) - 100}};
    struct abi_packet p = {iov, 2, 0};
    uint8_t mac[6];
    int64_t n = 0;

    CHECK(boot->nr_net == 1 && boot->net[0].mtu == 1500);
    CHECK(boot->net[0].mac[5] == 0x56);
    CHECK(ops->net_recv(1, &p, 1) == ENODEV_);
    say("ready\n");
    do {
        iov[1].len_bytes = sizeof(buf) - 100;
        while ((n = ops->net_recv(0, &p, 1)) == EAGAIN_) {
            ops->wait(ABI_NO_DEADLINE, ABI_WAIT_DEVICES);
            vcpu.pending = 0;
        }
        if (n != 1)
            break;
        memcpy(mac, buf + 12, 6);
        memcpy(buf + 12, buf + 18, 6);
        memcpy(buf + 18, mac, 6);
        memset(buf, 0, 12);
        iov[1].len_bytes = p.len_bytes > 100 ? p.len_bytes - 100 : 0;
        iov[0].len_bytes = p.len_bytes > 100 ? 100 : p.len_bytes;
        while (ops->net_send(0, &p, 1) == EAGAIN_)
            ops->wait(ABI_NO_DEADLINE, ABI_WAIT_DEVICES);
        iov[0].len_bytes = 100;
    } while (memcmp(buf + 26, "end", 3));
    CHECK(n == 1);
}

/*
 * Sends numbered frames, each by itself and some microseconds after the last:
 * often just when the device has seen that there is no more, and goes to
 * sleep. The last one is the instance's last act.
 */
static void test_flood(void)
{
    enum { HEADERS = ABI_NET_HDR_SIZE + 14, FRAME = 60, PAUSE_MASK = 0x7fff };
    const uint64_t nr = 50000;
    struct abi_iov iov = {(uint64_t)buf, ABI_NET_HDR_SIZE + FRAME};
    struct abi_packet packet = {&iov, 1, 0};
    uint64_t random = 1, end;

    say("ready\n");
    for (uint64_t i = 0; i < nr; i++) {
        memcpy(buf + HEADERS, &i, sizeof(i));
        while (ops->net_send(0, &packet, 1) == EAGAIN_) {
            ops->wait(ABI_NO_DEADLINE, ABI_WAIT_DEVICES);
            vcpu.pending = 0;
        }
        random = random * 6364136223846793005u + 1442695040888963407u;
        end = __builtin_ia32_rdtsc() + (random >> 33 & PAUSE_MASK);
        while (__builtin_ia32_rdtsc() < end)
            ;
    }
}

static void test_chan(void)
{
    int64_t n;

    CHECK(boot->nr_chan == 1 && ops->chan_recv(1, buf, 1) == ENODEV_);
    CHECK(ops->chan_send(0, buf, ABI_CHAN_MSG_MAX + 1) < 0);
    say("ready\n");
    while ((n = ops->chan_recv(0, buf, sizeof(buf))) > 0 || n == EAGAIN_) {
        if (n > 0)
            CHECK(ops->chan_send(0, buf, (uint64_t)n) == n);
        else
            ops->wait(ABI_NO_DEADLINE, ABI_WAIT_DEVICES);
        vcpu.pending = 0;
    }
    CHECK(n == EPIPE_);
}

static void test_blk(void)
{
    CHECK(boot->nr_blk == 1 && boot->blk[0].sector_bytes == 512);
    CHECK(ops->blk_read(0, buf, 1024, 512) == 0 && buf[0] == 'b');
    memset(buf, 'x', 512);
    CHECK(ops->blk_write(0, buf, 512, 512, 1) == 0);
    memset(buf, 0, 512);
    CHECK(ops->blk_read(0, buf, 512, 512) == 0 && buf[511] == 'x');
    CHECK(ops->blk_read(0, buf, 512, boot->blk[0].len_bytes) == EINVAL_);
    CHECK(ops->blk_read(0, buf, 100, 0) == EINVAL_);
    CHECK(ops->blk_read(1, buf, 512, 0) == ENODEV_);
}

/* The image shrinks once we are "ready": its pages are lost, not absent. */
static void test_lost(void)
{
    say("ready\n");
    while (ops->console_read(buf, 1) == EAGAIN_) {
        ops->wait(ABI_NO_DEADLINE, ABI_WAIT_DEVICES);
        vcpu.pending = 0;
    }
    CHECK(probe_read(boot->image.base + 2 * ABI_PAGE_SIZE));
    CHECK(seen.vector == 18);
}

static struct abi_vcpu second;
static uint8_t second_stack[16384] __attribute__((aligned(16)));
static volatile uint64_t second_arg, second_pending;

static void second_main(uint64_t arg)
{
    second_arg = arg;
    ops->vcpu_kick(0);
    while (!second.pending)
        ops->wait(ABI_NO_DEADLINE, ABI_WAIT_DEVICES);
    second_pending = second.pending;
    ops->vcpu_kick(0);
    for (;;)
        ops->wait(ABI_NO_DEADLINE, ABI_WAIT_DEVICES);
}

static void test_vcpus(void)
{
    const uint64_t top = (uint64_t)(second_stack + sizeof(second_stack));

    CHECK(boot->nr_vcpus >= 2);
    second = vcpu;
    second.pending = 0;
    second.mask = 1;
    CHECK(ops->vcpu_start(0, &second, (uint64_t)second_main, 1, top) < 0);
    CHECK(ops->vcpu_start(1, &second, (uint64_t)second_main, 42, top) == 0);
    CHECK(ops->vcpu_start(1, &second, (uint64_t)second_main, 43, top) < 0);
    while (!second_arg)
        ops->wait(ABI_NO_DEADLINE, ABI_WAIT_DEVICES);
    CHECK(second_arg == 42 && second.index == 1);
    __atomic_store_n(&vcpu.pending, 0, __ATOMIC_SEQ_CST);
    CHECK(ops->vcpu_kick(1) == 0);
    while (!second_pending)
        ops->wait(ABI_NO_DEADLINE, ABI_WAIT_DEVICES);
    CHECK(second_pending == ABI_PENDING_KICK);
}

void test_partner(const char *name)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } tests[] = {
        {"stop", test_stop},   {"stop_spin", test_stop_spin},
        {"cat", test_cat},     {"net", test_net},
        {"flood", test_flood}, {"chan", test_chan},
        {"blk", test_blk},     {"vcpus", test_vcpus},
        {"lost", test_lost},   {"random", test_random_memory},
    };

    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
        if (!strcmp(name, tests[i].name)) {
            tests[i].run();
            return;
        }
    CHECK(!"unknown test");
}

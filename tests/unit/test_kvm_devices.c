/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: tender/kvm/virtio.c tender/kvm/queue.c tender/kvm/net.c */
/* sources: tender/kvm/blk.c tender/kvm/chan.c tender/kvm/uart.c */
/* sources: tender/kvm/rng.c tender/kvm/con.c tender/kvm/output.c */
/* einkorn-kvm's device models against a driver that means harm: rules broken
 * one at a time, then everything at random under the sanitizers. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tender/kvm/uart.h"
#include "tender/kvm/virtio.h"
#include "tests/random.h"
#include "tests/unit/virtq_guest.h"

enum { NET, BLK, CHAN, RNG, CON, WATCH, NR_DEVICES };
enum { NUM = 8, DISK_BYTES = 8192, ROUNDS = 6000, STEPS = 60 };
enum { DEVICE_FEATURES = 0x10, DEVICE_SEL = 0x14, DRIVER_FEATURES = 0x20 };
enum { DRIVER_SEL = 0x24, QUEUE_SEL = 0x30, QUEUE_NUM = 0x38 };
enum { QUEUE_READY = 0x44, NOTIFY = 0x50, STATUS = 0x70, DESC = 0x80 };
enum { AVAIL = 0x90, USED = 0xa0, RUNNING = 15, NEEDS_RESET = 64 };

/* ---- what the devices need of the monitor -------------------------------- */

static struct machine machine = {.lock = PTHREAD_MUTEX_INITIALIZER};
static struct guest guest;
static int net_peer, chan_peer, disk;
static int con_in, con_out; /* the other ends */
static int watched;         /* inotify */
static uint32_t nr_said;

static struct watch {
    int fd;
    uint32_t events;
    serve_fn *fn;
    void *arg;
} watches[16];
static uint32_t nr_watches;

int machine_irqfd(struct machine *m, uint32_t line)
{
    (void)m;
    (void)line;
    return eventfd(0, EFD_NONBLOCK);
}

int machine_ioeventfd(struct machine *m, uint64_t gpa, uint32_t value)
{
    (void)m;
    (void)gpa;
    (void)value;
    return eventfd(0, EFD_NONBLOCK);
}

bool serve_add(int fd, uint32_t events, serve_fn *fn, void *arg)
{
    watches[nr_watches++] = (struct watch){fd, events, fn, arg};
    return true;
}

void serve_change(int fd, uint32_t events)
{
    for (uint32_t i = 0; i < nr_watches; i++)
        if (watches[i].fd == fd)
            watches[i].events = events;
}

void say(const char *fmt, ...)
{
    (void)fmt;
    nr_said++;
}

void die(const char *fmt, ...)
{
    fail_msg("died: %s", fmt);
    abort();
}

/* What the devices' thread does when something is ready. */
static void serve_ready(void)
{
    for (uint32_t i = 0; i < nr_watches; i++) {
        uint32_t events = watches[i].events & (EPOLLIN | EPOLLOUT);

        if (watches[i].events & EPOLLONESHOT)
            watches[i].events = 0;
        if (events)
            watches[i].fn(&machine, watches[i].arg, events);
    }
}

/* ---- a driver ------------------------------------------------------------ */

static void reg_write(uint32_t dev, uint32_t reg, uint32_t value)
{
    virtio_access(&machine, GPA_VIRTIO + dev * 4096 + reg, (uint8_t *)&value, 4,
                  true);
}

static uint32_t reg_read(uint32_t dev, uint32_t reg)
{
    uint32_t value = 0;

    virtio_access(&machine, GPA_VIRTIO + dev * 4096 + reg, (uint8_t *)&value, 4,
                  false);
    return value;
}

static void take_features(uint32_t dev)
{
    for (uint32_t i = 0; i < 2; i++) {
        reg_write(dev, DEVICE_SEL, i);
        reg_write(dev, DRIVER_SEL, i);
        reg_write(dev, DRIVER_FEATURES, reg_read(dev, DEVICE_FEATURES));
    }
    reg_write(dev, STATUS, RUNNING & ~4);
}

static void make_queue(uint32_t dev, uint32_t queue)
{
    memset(guest.low + guest_ring(queue), 0, RING_BYTES);
    reg_write(dev, QUEUE_SEL, queue);
    reg_write(dev, QUEUE_NUM, NUM);
    reg_write(dev, DESC, (uint32_t)guest_ring(queue));
    reg_write(dev, AVAIL, (uint32_t)guest_ring(queue) + AVAIL_AT);
    reg_write(dev, USED, (uint32_t)guest_ring(queue) + USED_AT);
    reg_write(dev, QUEUE_READY, 1);
}

/* The only one that runs: all use the same rings. */
static void start_device(uint32_t dev)
{
    for (uint32_t i = 0; i < NR_DEVICES; i++)
        reg_write(i, STATUS, 0);
    take_features(dev);
    for (uint32_t i = 0; i < machine.devs[dev]->ops->nr_queues; i++)
        make_queue(dev, i);
    reg_write(dev, STATUS, RUNNING);
    assert_int_equal(reg_read(dev, STATUS), RUNNING);
}

static uint16_t nr_used(uint32_t queue)
{
    return guest_used(&guest, queue)[1];
}

static void offer(uint32_t dev, uint32_t queue, uint16_t head)
{
    guest_offer(&guest, queue, NUM, head);
    reg_write(dev, NOTIFY, queue);
}

/* ---- each device does its work ------------------------------------------- */

static void send_frame_works(void)
{
    uint8_t got[64];

    guest_desc(&guest, 1, 0, DATA_AT, 12 + 20, 0, 0);
    memset(guest.low + DATA_AT + 12, 'f', 20);
    offer(NET, 1, 0);
    assert_int_equal(nr_used(1), 1);
    assert_int_equal(recv(net_peer, got, sizeof(got), 0), 24);
    assert_int_equal(got[3], 20);
    assert_int_equal(got[23], 'f');
}

static void receive_frame_works(void)
{
    static const uint8_t frame[] = {0, 0, 0, 4, 'a', 'b', 'c', 'd'};

    guest_desc(&guest, 0, 0, DATA_AT, 2048, WRITE, 0);
    offer(NET, 0, 0);
    assert_int_equal(send(net_peer, frame, sizeof(frame), 0), sizeof(frame));
    serve_ready();
    assert_int_equal(nr_used(0), 1);
    assert_memory_equal(guest.low + DATA_AT + 12, "abcd", 4);
}

static void net_works(void)
{
    uint8_t rest[65536];

    while (recv(net_peer, rest, sizeof(rest), MSG_DONTWAIT) > 0)
        ;
    start_device(NET);
    send_frame_works();
    receive_frame_works();
}

static void blk_works(void)
{
    const struct {
        uint32_t type, reserved;
        uint64_t sector;
    } head = {.sector = 1};

    assert_int_equal(pwrite(disk, "sector one", 10, 512), 10);
    start_device(BLK);
    memcpy(guest.low + DATA_AT, &head, sizeof(head));
    guest_desc(&guest, 0, 0, DATA_AT, 16, NEXT, 1);
    guest_desc(&guest, 0, 1, DATA_AT + 64, 512, NEXT | WRITE, 2);
    guest_desc(&guest, 0, 2, DATA_AT + 1024, 1, WRITE, 0);
    guest.low[DATA_AT + 1024] = 0xff;
    offer(BLK, 0, 0);
    assert_int_equal(nr_used(0), 1);
    assert_int_equal(guest.low[DATA_AT + 1024], 0);
    assert_memory_equal(guest.low + DATA_AT + 64, "sector one", 10);
}

/* The server answers each request with itself. */
static void echo_requests(void)
{
    uint8_t msg[65536];
    ssize_t n;

    while ((n = recv(chan_peer, msg, sizeof(msg), MSG_DONTWAIT)) > 0)
        (void)!send(chan_peer, msg, (size_t)n, MSG_DONTWAIT);
    serve_ready();
}

static void chan_works(void)
{
    start_device(CHAN);
    echo_requests(); /* what is left from before finds nobody */
    for (uint16_t i = 0; i < 3; i++) {
        memcpy(guest.low + DATA_AT, "\7\0\0\0d\0\0", 7);
        guest.low[DATA_AT + 5] = (uint8_t)i;
        guest_desc(&guest, 0, 0, DATA_AT, 7, NEXT, 1);
        guest_desc(&guest, 0, 1, DATA_AT + 64, 64, WRITE, 0);
        offer(CHAN, 0, 0);
        /* The next request is to be told of. */
        assert_int_equal(guest_used(&guest, 0)[2 + 4 * NUM], i + 1);
        echo_requests();
        assert_int_equal(nr_used(0), i + 1);
        assert_memory_equal(guest.low + DATA_AT + 64, guest.low + DATA_AT, 7);
    }
}

/* The server's notices find buffers of their own, or wait for one; an answer
 * behind them waits, too. */
static void notices_work(void)
{
    static const uint8_t notice[19] = {19, 0, 0, 0, 91, 0xff, 0xff, 'n'};

    chan_works();
    guest_desc(&guest, 0, 0, DATA_AT, 7, NEXT, 1);
    guest_desc(&guest, 0, 1, DATA_AT + 64, 64, WRITE, 0);
    assert_int_equal(send(chan_peer, notice, 19, 0), 19);
    offer(CHAN, 0, 0);
    echo_requests();
    assert_int_equal(nr_used(0), 3);
    guest_desc(&guest, 1, 0, DATA_AT + 256, 64, WRITE, 0);
    offer(CHAN, 1, 0);
    serve_ready();
    assert_int_equal(nr_used(1), 1);
    assert_memory_equal(guest.low + DATA_AT + 256, notice, 19);
    assert_int_equal(nr_used(0), 4);
}

static void watch_works(void)
{
    struct inotify_event e;

    start_device(WATCH);
    assert_int_equal(ftruncate(disk, DISK_BYTES), 0);
    serve_ready();
    assert_int_equal(nr_used(1), 0);
    guest_desc(&guest, 1, 0, DATA_AT, 256, WRITE, 0);
    offer(WATCH, 1, 0);
    assert_int_equal(nr_used(1), 1);
    memcpy(&e, guest.low + DATA_AT, sizeof(e));
    assert_int_equal(e.mask, IN_MODIFY);
}

static void rng_works(void)
{
    static const uint8_t zeroes[512];

    start_device(RNG);
    memset(guest.low + DATA_AT, 0, 512);
    guest_desc(&guest, 0, 0, DATA_AT, 512, WRITE, 0);
    offer(RNG, 0, 0);
    assert_int_equal(nr_used(0), 1);
    assert_int_equal(guest_used(&guest, 0)[4], 256);
    assert_memory_not_equal(guest.low + DATA_AT, zeroes, 64);
    assert_memory_equal(guest.low + DATA_AT + 256, zeroes, 256);
}

static void drain(int fd)
{
    uint8_t rest[65536];

    while (recv(fd, rest, sizeof(rest), MSG_DONTWAIT) > 0)
        ;
}

static void con_works(void)
{
    uint8_t got[64];

    drain(con_out);
    start_device(CON);
    guest_desc(&guest, 0, 0, DATA_AT, 4096, WRITE, 0);
    offer(CON, 0, 0);
    if (!nr_used(0)) { /* nothing came during the noise */
        assert_int_equal(send(con_in, "in", 2, 0), 2);
        serve_ready();
        assert_int_equal(nr_used(0), 1);
        assert_memory_equal(guest.low + DATA_AT, "in", 2);
    }
    guest_desc(&guest, 1, 0, DATA_AT + 64, 4, NEXT, 1);
    guest_desc(&guest, 1, 1, DATA_AT + 128, 3, 0, 0);
    memcpy(guest.low + DATA_AT + 64, "out ", 4);
    memcpy(guest.low + DATA_AT + 128, "end", 3);
    offer(CON, 1, 0);
    assert_int_equal(nr_used(1), 1);
    assert_int_equal(recv(con_out, got, sizeof(got), 0), 7);
    assert_memory_equal(got, "out end", 7);
}

static void all_work(void)
{
    notices_work();
    watch_works();
    con_works();
    rng_works();
    net_works();
    blk_works();
    chan_works();
}

static void test_kvm_devices_work(void **state)
{
    (void)state;
    all_work();
}

/* ---- rules of the transport ---------------------------------------------- */

static void test_kvm_device_needs_its_features(void **state)
{
    (void)state;
    reg_write(BLK, STATUS, 0);
    reg_write(BLK, DRIVER_SEL, 1);
    reg_write(BLK, DRIVER_FEATURES, 3); /* VERSION_1, and one not offered */
    reg_write(BLK, STATUS, RUNNING);
    assert_int_equal(reg_read(BLK, STATUS) & 12, 0);
    reg_write(BLK, STATUS, 0);
    reg_write(BLK, STATUS, 7); /* DRIVER_OK without FEATURES_OK */
    assert_int_equal(reg_read(BLK, STATUS) & (NEEDS_RESET | 4), NEEDS_RESET);
    blk_works();
}

/* A request is under way when the driver takes DRIVER_OK back: its answer
 * finds no queue. */
static void test_kvm_device_forgets_requests(void **state)
{
    static const uint32_t ways[] = {0, RUNNING & ~4, 1, 0xf0};

    (void)state;
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        chan_works();
        guest_desc(&guest, 0, 0, DATA_AT, 7, NEXT, 1);
        offer(CHAN, 0, 0);
        reg_write(CHAN, STATUS, ways[i]);
        reg_write(CHAN, STATUS, 0);
        take_features(CHAN);
        echo_requests();
        reg_write(CHAN, STATUS, RUNNING);
        echo_requests();
        chan_works();
    }
}

static void test_kvm_device_stops_on_broken_rules(void **state)
{
    static const struct {
        uint32_t dev, len;
        uint16_t flags;
    } bad[] = {
        {NET, 0, WRITE},     {BLK, 15, 0},       {BLK, 16, 0},
        {BLK, 1, WRITE},     {CHAN, 7, 0},       {CHAN, 6, 0},
        {CHAN, 1, WRITE},    {NET, 1, INDIRECT}, {RNG, 16, 0},
        {BLK, 16, INDIRECT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uint32_t said = nr_said;

        start_device(bad[i].dev);
        guest_desc(&guest, 0, 0, DATA_AT, bad[i].len, bad[i].flags, 0);
        offer(bad[i].dev, 0, 0);
        if (bad[i].dev == NET)
            (void)!send(net_peer, "\0\0\0\4abcd", 8, 0);
        serve_ready();
        assert_int_equal(reg_read(bad[i].dev, STATUS), RUNNING | NEEDS_RESET);
        assert_int_equal(nr_said, said + 1);
        for (int again = 0; again < 3; again++)
            offer(bad[i].dev, 0, 0);
        assert_int_equal(nr_said, said + 1);
    }
    all_work();
}

static void test_kvm_disk_keeps_its_borders(void **state)
{
    static const struct {
        uint32_t type;
        uint64_t sector;
        uint32_t len;
        uint8_t status;
    } requests[] = {
        {0, 15, 512, 0},
        {0, 16, 512, 1},
        {0, 15, 1024, 1},
        {0, UINT64_MAX, 512, 1},
        {0, UINT64_C(1) << 55, 512, 1},
        {0, (UINT64_C(1) << 55) - 1, 1024, 1},
        {0, 0, 511, 1},
        {4, 0, 512, 0},
        {77, 0, 512, 2},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        uint64_t head[2] = {requests[i].type, requests[i].sector};

        start_device(BLK);
        memcpy(guest.low + DATA_AT, head, sizeof(head));
        guest_desc(&guest, 0, 0, DATA_AT, 16, NEXT, 1);
        guest_desc(&guest, 0, 1, DATA_AT + 64, requests[i].len, NEXT | WRITE,
                   2);
        guest_desc(&guest, 0, 2, DATA_AT + 4096, 1, WRITE, 0);
        guest.low[DATA_AT + 4096] = 0xff;
        offer(BLK, 0, 0);
        assert_int_equal(guest.low[DATA_AT + 4096], requests[i].status);
    }
}

/* A reader that does not read: its request stays, whole, and goes on where it
 * stood; a reset forgets it. */
static void test_kvm_console_waits_for_its_reader(void **state)
{
    uint8_t got[65536];
    ssize_t n, all = 0;

    (void)state;
    con_works();
    guest_desc(&guest, 1, 0, DATA_AT, 30000, 0, 0);
    memset(guest.low + DATA_AT, 'o', 30000);
    for (int i = 0; i < 6; i++)
        offer(CON, 1, 0);
    assert_in_range(nr_used(1), 1, 5);
    while ((n = recv(con_out, got, sizeof(got), MSG_DONTWAIT)) > 0) {
        all += n;
        serve_ready();
    }
    assert_int_equal(all, 6 * 30000);
    assert_int_equal(nr_used(1), 7);
    for (int i = 0; i < 6; i++)
        offer(CON, 1, 0);
    reg_write(CON, STATUS, 0);
    drain(con_out);
    serve_ready();
    assert_int_equal(recv(con_out, got, 1, MSG_DONTWAIT), -1);
    con_works();
}

static void test_kvm_console_says_when_input_ends(void **state)
{
    (void)state;
    con_works();
    assert_int_equal(machine.com2.nr, 0);
    shutdown(con_in, SHUT_WR);
    for (int i = 0; i < 100; i++) { /* something may be left to read */
        offer(CON, 0, 0);
        serve_ready();
    }
    assert_int_equal(machine.com2.nr, 1);
}

/* ---- everything at random ------------------------------------------------ */

static uint64_t some_address(void)
{
    static const uint64_t bases[] = {
        0,        DATA_AT,    LOW_BYTES, HIGH_GPA, HIGH_GPA + HIGH_BYTES,
        AVAIL_AT, UINT64_MAX, USED_AT,   DATA_AT,  DATA_AT,
    };

    return bases[next_random() % 10] + next_random() % 64 -
           32 * (next_random() % 2);
}

static uint32_t some_length(void)
{
    static const uint32_t lens[] = {
        0, 1, 7, 12, 16, 512, 4096, UINT32_MAX, 1u << 31, 1u << 20, 1024, 64};

    return lens[next_random() % 12] +
           (next_random() % 8 ? 0 : next_random() % 9);
}

static void scramble_memory(void)
{
    uint32_t queue = next_random() % 2;

    if (next_random() % 3 == 0) {
        guest.low[next_random() % LOW_BYTES] = (uint8_t)next_random();
        return;
    }
    guest_desc(
        &guest, queue, next_random() % NUM,
        next_random() % 3 ? DATA_AT + next_random() % 8192 : some_address(),
        some_length(), (uint16_t)(next_random() % (next_random() % 9 ? 4 : 9)),
        (uint16_t)(next_random() % (NUM + 1)));
}

static void scramble_registers(uint32_t dev)
{
    static const uint32_t statuses[] = {0, 1, 3, 11, 15, 7, 4, 128, 255, 64};
    uint32_t reg = next_random() % 0x110;
    uint8_t data[8];

    switch (next_random() % 4) {
    case 0:
        reg_write(dev, STATUS, statuses[next_random() % 10]);
        return;
    case 1:
        reg_write(dev, reg & ~3u, (uint32_t)some_address());
        return;
    case 2:
        reg_write(dev, reg & ~3u, next_random() % 2 ? NUM : next_random());
        return;
    default:
        for (int i = 0; i < 8; i++)
            data[i] = (uint8_t)next_random();
        virtio_access(&machine, GPA_VIRTIO + dev * 4096 + reg, data,
                      1u << next_random() % 4, next_random() % 2);
    }
}

static void noise_from_outside(void)
{
    uint8_t bytes[64];
    uint32_t n = 1 + next_random() % sizeof(bytes);

    for (uint32_t i = 0; i < n; i++)
        bytes[i] = next_random() % 2 ? 0 : (uint8_t)next_random();
    (void)!send((const int[]){net_peer, chan_peer, con_in}[next_random() % 3],
                bytes, n, MSG_DONTWAIT);
}

static void step(uint32_t dev)
{
    uint32_t what = next_random() % 16;

    if (what < 8)
        scramble_memory();
    else if (what < 13)
        offer(dev, next_random() % 2, (uint16_t)(next_random() % (NUM + 1)));
    else if (what == 13)
        scramble_registers(dev);
    else if (what == 14)
        noise_from_outside();
    serve_ready();
}

static void test_kvm_devices_stand_noise(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint32_t dev = round % NR_DEVICES;

        start_device(dev);
        for (uint32_t i = 0; i < STEPS; i++) {
            if (reg_read(dev, STATUS) != RUNNING && next_random() % 4)
                start_device(dev);
            step(dev);
            drain(net_peer);
            drain(chan_peer);
            if (next_random() % 16 == 0) /* its reader is a slow one */
                drain(con_out);
        }
        reg_write(dev, STATUS, 0);
    }
    blk_works();
    chan_works();
    con_works();
}

/* ---- a guest that changes its mind --------------------------------------- */

/* Words of rings and requests, back and forth between what is right and what is
 * wild, while the devices read them. */
static void *meddle(void *is_over)
{
    static const uint64_t words[] = {
        DATA_AT,
        DATA_AT + 4096,
        UINT64_MAX - 64,
        LOW_BYTES - 8,
        16 | (uint64_t)NEXT << 32 | UINT64_C(1) << 48, /* length, flags, next */
        512 | (uint64_t)(NEXT | WRITE) << 32 | UINT64_C(2) << 48,
        1 | (uint64_t)WRITE << 32,
        UINT64_C(0x7fffffff) | (uint64_t)WRITE << 32};
    uint64_t x = 1;

    while (!__atomic_load_n((bool *)is_over, __ATOMIC_RELAXED)) {
        uint32_t queue = x >> 20 & 1, id = x >> 21 & (NUM - 1);
        uint64_t *desc = (uint64_t *)(guest.low + guest_ring(queue)) + 2 * id;

        x = x * 6364136223846793005u + 1442695040888963407u;
        if (x >> 61 == 0)
            __atomic_fetch_add(&guest_avail(&guest, queue)[1], 1,
                               __ATOMIC_RELAXED);
        else if (x >> 61 == 1)
            __atomic_store_n((uint64_t *)(guest.low + DATA_AT), x >> 40,
                             __ATOMIC_RELAXED);
        else
            __atomic_store_n(desc + (x >> 59 & 1),
                             words[(x >> 59 & 1) * 4 + (x >> 57 & 3)],
                             __ATOMIC_RELAXED);
    }
    return NULL;
}

static void test_kvm_devices_stand_a_guest_that_meddles(void **state)
{
    bool is_over = false;
    pthread_t meddler;

    (void)state;
    assert_int_equal(pthread_create(&meddler, NULL, meddle, &is_over), 0);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint32_t dev = round % NR_DEVICES;

        start_device(dev);
        for (uint32_t i = 0; i < NUM; i++)
            offer(dev, i % 2, (uint16_t)i);
        serve_ready();
        drain(net_peer);
        drain(chan_peer);
        drain(con_out);
    }
    __atomic_store_n(&is_over, true, __ATOMIC_RELAXED);
    assert_int_equal(pthread_join(meddler, NULL), 0);
    blk_works();
    chan_works();
    con_works();
}

/* ---- serial lines -------------------------------------------------------- */

static void test_kvm_uart_stands_noise(void **state)
{
    static struct uart uart;
    static uint8_t bytes[UART_ROOM + 8];

    (void)state;
    uart = (struct uart){.irq_fd = -1, .out_fd = -1, .in_fd = -1};
    assert_int_equal(uart_feed(&uart, bytes, sizeof(bytes)), UART_ROOM);
    assert_int_equal(uart_feed(&uart, bytes, 1), 0);
    for (uint32_t i = 0; i < 100000; i++) {
        uint32_t before = uart.nr - uart.at;
        uint32_t n = next_random() % 64;

        if (next_random() % 4 == 0) {
            uint32_t fed = uart_feed(&uart, bytes, n);

            assert_int_equal(uart.nr - uart.at, before + fed);
        } else if (next_random() % 2) {
            uart_read(&uart, (uint16_t)(next_random() % 8));
        } else {
            uart_write(&uart, (uint16_t)(next_random() % 8),
                       (uint8_t)next_random());
        }
        assert_true(uart.at <= uart.nr && uart.nr <= UART_ROOM);
    }
}

/* -------------------------------------------------------------------------- */

static int set_up(void **state)
{
    int net[2], chan[2], in[2], out[2];
    char path[32];

    (void)state;
    guest_init(&guest);
    machine.gmem = guest.mem;
    disk = memfd_create("disk", 0);
    if (disk < 0 || ftruncate(disk, DISK_BYTES) < 0 ||
        socketpair(AF_UNIX, SOCK_STREAM, 0, net) < 0 ||
        socketpair(AF_UNIX, SOCK_STREAM, 0, in) < 0 ||
        socketpair(AF_UNIX, SOCK_STREAM, 0, out) < 0 ||
        setsockopt(out[0], SOL_SOCKET, SO_SNDBUF, &(int){65536}, sizeof(int)) <
            0 ||
        socketpair(AF_UNIX, SOCK_SEQPACKET, 0, chan) < 0)
        return -1;
    net_peer = net[1];
    chan_peer = chan[1];
    net_add(&machine,
            &(struct net_arg){.fd = net[0], .is_stream = true, .mtu = 1500});
    blk_add(&machine, &(struct disk_arg){.fd = disk});
    chan_add(&machine, chan[0]);
    rng_add(&machine);
    con_in = in[1];
    con_out = out[1];
    con_add(&machine, in[0], out[0]);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", disk);
    watched = inotify_init1(IN_NONBLOCK);
    if (inotify_add_watch(watched, path, IN_MODIFY) < 0)
        return -1;
    chan_add(&machine, watched);
    machine.com2 = (struct uart){.irq_fd = -1, .out_fd = -1, .in_fd = -1};
    return 0;
}

static int clean_up(void **state)
{
    (void)state;
    guest_free(&guest);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kvm_devices_work),
        cmocka_unit_test(test_kvm_device_needs_its_features),
        cmocka_unit_test(test_kvm_device_forgets_requests),
        cmocka_unit_test(test_kvm_device_stops_on_broken_rules),
        cmocka_unit_test(test_kvm_disk_keeps_its_borders),
        cmocka_unit_test(test_kvm_console_waits_for_its_reader),
        cmocka_unit_test(test_kvm_devices_stand_noise),
        cmocka_unit_test(test_kvm_devices_stand_a_guest_that_meddles),
        cmocka_unit_test(test_kvm_console_says_when_input_ends),
        cmocka_unit_test(test_kvm_uart_stands_noise),
    };

    return cmocka_run_group_tests(tests, set_up, clean_up);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: tender/kvm/gdb.c tender/kvm/gdb_*.c */
/* sources: tender/kvm/gva.c tender/kvm/breaks.c tender/kvm/hold.c */
/* sources: tender/kvm/breaks_run.c */
/* einkorn-kvm's debugger against peers that mean harm, over a socket as in
 * life; the virtual CPU is a thread that does nothing. KVM refuses all that is
 * asked of it here, so registers are zeroes and page tables begin at 0. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tender/kvm/gdb.h"
#include "tender/kvm/gdb_packet.h"
#include "tender/kvm/gdb_regs.h"
#include "tender/kvm/hold.h"
#include "tests/random.h"

enum { PAGES = 8, PAGE = 4096, DATA = 4 * PAGE, ROUNDS = 4000 };
enum { TABLE = 7, VADDR = 0x5000, NR_VCPUS = 2 };

static struct machine machine = {.nr_vcpus = NR_VCPUS};
static struct kvm_run runs[NR_VCPUS];
static int peer;
static pthread_t talker;

void say(const char *fmt, ...)
{
    (void)fmt;
}

void die(const char *fmt, ...)
{
    fprintf(stderr, "die: %s\n", fmt);
    abort();
}

int options_open(const char *what, const char *file)
{
    (void)what;
    (void)file;
    return -1;
}

/* ---- a machine ---------------------------------------------------------- */

static void *virtual_cpu(void *arg)
{
    struct vcpu *v = arg;

    hold_begin(v);
    for (;;) {
        hold_before_run(v);
        usleep(50);
        hold_if_asked(v);
    }
    return NULL;
}

static void *talk(void *arg)
{
    gdb_session(&machine, *(int *)arg);
    close(*(int *)arg);
    return NULL;
}

/* Once, for all tests: returns when the debugger sees them all. */
static int start_cpus(void)
{
    hold_init();
    for (uint32_t i = 0; i < NR_VCPUS; i++) {
        struct vcpu *v = &machine.vcpus[i];
        pthread_t thread;

        *v =
            (struct vcpu){.m = &machine, .index = i, .fd = -1, .run = &runs[i]};
        if (pthread_create(&thread, NULL, virtual_cpu, v))
            return -1;
        while (!__atomic_load_n(&v->started, __ATOMIC_SEQ_CST))
            usleep(50);
    }
    return 0;
}

/* Tables in pages 0 to 3; VADDR is the page at DATA, what follows it is none,
 * and the last entry of the top leads back to the top. */
static int set_up(void **state)
{
    static uint8_t memory[PAGES * PAGE];
    static int fd;
    uint64_t *words = (void *)memory;
    int fds[2];

    (void)state;
    memset(memory, 0, sizeof(memory));
    words[0] = PAGE | TABLE;
    words[511] = TABLE;
    words[PAGE / 8] = 2 * PAGE | TABLE;
    words[2 * PAGE / 8] = 3 * PAGE | TABLE;
    words[3 * PAGE / 8 + VADDR / PAGE] = DATA | TABLE;
    machine.gmem = (struct gmem){{{0, sizeof(memory), memory}}, 1};
    if (hold_event_fd() < 0 && start_cpus())
        return -1;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds))
        return -1;
    peer = fds[0];
    fd = fds[1];
    return pthread_create(&talker, NULL, talk, &fd);
}

static int tear_down(void **state)
{
    (void)state;
    close(peer);
    return pthread_join(talker, NULL);
}

/* ---- a peer ------------------------------------------------------------- */

static bool drains; /* answers are thrown away */

/* Each side may be waiting for the other to read. */
static void drain(void)
{
    char text[4096];

    while (drains && recv(peer, text, sizeof(text), MSG_DONTWAIT) > 0)
        ;
}

static void put(const void *data, size_t len)
{
    const char *at = data;

    while (len) {
        ssize_t n = send(peer, at, len, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n < 0) {
            assert_int_equal(errno, EAGAIN);
            drain();
            continue;
        }
        at += n;
        len -= (size_t)n;
    }
}

static void put_packet(const char *content, size_t len)
{
    uint8_t sum = 0;
    char end[4];

    for (size_t i = 0; i < len; i++)
        sum = (uint8_t)(sum + (uint8_t)content[i]);
    snprintf(end, sizeof(end), "#%02x", sum);
    put("$", 1);
    put(content, len);
    put(end, 3);
}

static char get(void)
{
    char c = 0;

    assert_int_equal(read(peer, &c, 1), 1);
    return c;
}

/* The next packet's content. */
static const char *answer(void)
{
    static char text[2 * GDB_PACKET_MAX];
    size_t len = 0;

    while (get() != '$')
        ;
    for (char c = get(); c != '#'; c = get())
        text[len++] = c;
    text[len] = '\0';
    get();
    get();
    return text;
}

static const char *ask(const char *content)
{
    put_packet(content, strlen(content));
    return answer();
}

/* ---- tests -------------------------------------------------------------- */

static void test_registers_have_the_described_sizes(void **state)
{
    uint32_t bytes = 0, len;
    const char *xml = gdb_regs_xml(&len);
    char *all;

    (void)state;
    for (uint32_t n = 0; n < GDB_NR_REGS; n++)
        bytes += gdb_reg_size(n);
    assert_int_equal(strlen(ask("g")), 2 * bytes);
    assert_string_equal(ask("P10=efcdab8967452301"), "OK");
    assert_string_equal(ask("p10"), "efcdab8967452301");
    all = strdup(ask("g"));
    all[0] = 'G';
    assert_string_equal(ask("G1100"), "E01");
    free(all);
    assert_string_equal(ask("p3b"), "E01");
    assert_string_equal(ask("P10=00"), "E01");
    assert_int_equal(xml[len - 1], '>');
    assert_string_equal(ask("qXfer:features:read:target.xml:fffff,10"), "E00");
    assert_string_equal(ask("qXfer:features:read:/etc/passwd:0,10"), "E00");
}

static void test_memory_ends_where_nothing_is_mapped(void **state)
{
    (void)state;
    assert_string_equal(ask("M5ffe,2:a1b2"), "OK");
    assert_string_equal(ask("m5ffe,10"), "a1b2");
    assert_string_equal(ask("m6000,1"), "E01");
    assert_string_equal(ask("M5ffe,4:a1b2c3d4"), "E01");
    assert_string_equal(ask("M5ffe,4:a1"), "E01");
    assert_string_equal(ask("M5ffe,8000000000000001:a1"), "E01");
    put_packet("X5000,3:}\x03x", 11);
    assert_string_equal(answer(), "E01"); /* an escape is one byte */
    put_packet("X5000,2:}\x03x", 11);
    assert_string_equal(answer(), "OK");
    assert_string_equal(ask("m5000,2"), "2378");
    for (const char **at =
             (const char *[]){"mffffffffffffffff,ffffffffffffffff", "m-1,1",
                              "m 1,1", "m,", "m", "mffffff8000000000,ffff",
                              NULL};
         *at; at++)
        ask(*at);
}

static void test_breakpoints_do_not_show(void **state)
{
    const uint8_t *code = machine.gmem.regions[0].host + DATA;

    (void)state;
    assert_string_equal(ask("M5010,3:112233"), "OK");
    assert_string_equal(ask("Z0,5011,1"), "OK");
    assert_int_equal(code[0x11], 0xcc);
    assert_string_equal(ask("m5010,3"), "112233");
    assert_string_equal(ask("z0,5011,1"), "OK");
    assert_int_equal(code[0x11], 0x22);
    assert_string_equal(ask("Z0,6000,1"), "E01");
    assert_string_equal(ask("Z3,5000,1"), "");
    assert_string_equal(ask("Z2,5001,8"), "E01");
    assert_string_equal(ask("Z9,5001,8"), "");
    for (uint32_t i = 0; i < 300; i++) {
        char text[32];

        snprintf(text, sizeof(text), "Z0,%x,1", VADDR + i);
        assert_string_equal(ask(text), i < 256 ? "OK" : "E01");
    }
    assert_string_equal(ask("D"), "OK");
    close(peer);
    pthread_join(talker, NULL);
    assert_int_equal(code[0x11], 0x22);
    set_up(NULL);
}

static void test_it_goes_on_and_stops_when_asked(void **state)
{
    (void)state;
    assert_string_equal(ask("?"), "T02thread:1;");
    put_packet("c", 1);
    put_packet("m5000,1", 7); /* not now */
    put("\x03", 1);
    assert_string_equal(answer(), "T02thread:1;");
    put_packet("vCont;s:1;c", 11);
    put("\x03", 1);
    assert_string_equal(answer(), "T02thread:1;");
}

static void test_virtual_cpus_are_threads(void **state)
{
    (void)state;
    assert_string_equal(ask("qfThreadInfo"), "m1,2");
    assert_string_equal(ask("qThreadExtraInfo,2"), "764350552031");
    assert_string_equal(ask("T2"), "OK");
    assert_string_equal(ask("T3"), "E01");
    assert_string_equal(ask("Hg11"), "E01");
    assert_string_equal(ask("qC"), "QC1");
    assert_string_equal(ask("Hg2"), "OK");
    assert_string_equal(ask("qC"), "QC2");
    assert_string_equal(ask("P0=0100000000000000"), "OK");
    assert_string_equal(ask("Hg1"), "OK");
    assert_string_equal(ask("p0"), "0000000000000000");
    assert_string_equal(ask("Hg2"), "OK");
    assert_string_equal(ask("p0"), "0100000000000000");
    assert_string_equal(ask("vCont;c:9"), "E01");
}

/* The others stay where they are, and one that stops is enough. */
static void test_one_virtual_cpu_goes_on_alone(void **state)
{
    (void)state;
    assert_string_equal(ask("?"), "T02thread:1;");
    for (int i = 0; i < 100; i++) {
        put_packet(i % 2 ? "vCont;c:2" : "vCont;s:1", 9);
        put("\x03", 1);
        assert_string_equal(answer(), "T02thread:1;");
    }
}

static void test_damaged_packets_are_asked_for_again(void **state)
{
    static char much[3 * GDB_PACKET_MAX];

    (void)state;
    put("$qC#00", 6);
    assert_int_equal(get(), '-');
    put("$qC#zz", 6);
    assert_int_equal(get(), '-');
    put("#!@$$$qC$qC#b4", 14);
    assert_int_equal(get(), '+');
    assert_string_equal(answer(), "QC1");
    memset(much, 'm', sizeof(much));
    put_packet(much, sizeof(much));
    assert_string_equal(answer(), "");
    assert_string_equal(ask("QStartNoAckMode"), "OK");
    assert_string_equal(ask("qC"), "QC1");
}

static const char *const seeds[] = {"g",
                                    "G00",
                                    "p1",
                                    "P1=0000000000000000",
                                    "m5000,10",
                                    "M5000,2:aabb",
                                    "X5000,2:ab",
                                    "Z0,5000,1",
                                    "z0,5000,1",
                                    "Z2,5008,8",
                                    "Hg0",
                                    "T1",
                                    "qC",
                                    "qSupported:swbreak+",
                                    "vCont?",
                                    "vCont;c",
                                    "c",
                                    "s",
                                    "qfThreadInfo",
                                    "qXfer:features:read:target.xml:0,ff",
                                    "vCont;s:1",
                                    "vCont;s:2;c",
                                    "Hg2",
                                    "T2",
                                    "?"};

static size_t mutate(char *text)
{
    enum { NR = sizeof(seeds) / sizeof(seeds[0]) };
    size_t len = strlen(strcpy(text, seeds[next_random() % NR]));

    for (uint32_t n = next_random() % 4; n && len; n--) {
        size_t at = next_random() % len;

        if (next_random() % 3)
            text[at] = (char)next_random();
        else
            len = at;
    }
    for (size_t i = 0; i < len; i++) /* no packet within, nor what ends it */
        if (strchr(i ? "$}" : "$}kDv", text[i]))
            text[i] = '?';
    return len;
}

/* What it says is not looked at, only that it goes on talking. */
static void test_random_packets(void **state)
{
    char text[128];

    (void)state;
    drains = true;
    for (int i = 0; i < ROUNDS; i++) {
        if (next_random() % 8)
            put_packet(text, mutate(text));
        else
            put(text, mutate(text));
        drain();
    }
    drains = false;
    for (int i = 0; i < 1000; i++) { /* out of whatever it is in */
        ssize_t n;

        put("#00\x03\x03\x03", 6);
        put_packet("qC", 2);
        usleep(1000);
        n = recv(peer, text, sizeof(text) - 1, MSG_DONTWAIT);
        text[n > 0 ? n : 0] = '\0';
        if (strstr(text, "QC"))
            return;
    }
    fail_msg("it does not talk any more");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_registers_have_the_described_sizes,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            test_memory_ends_where_nothing_is_mapped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_breakpoints_do_not_show, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_it_goes_on_and_stops_when_asked,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            test_damaged_packets_are_asked_for_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_virtual_cpus_are_threads, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_one_virtual_cpu_goes_on_alone,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_random_packets, set_up, tear_down),
    };

    signal(SIGPIPE, SIG_IGN); /* as main() of the monitor */
    return cmocka_run_group_tests_name("kvm_gdb", tests, NULL, NULL);
}

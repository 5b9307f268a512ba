/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest of einkorn-kvm that owns ring 0 and means harm: the first bytes of
 * its "kernel" file say how. ../test_kvm_boundary.py expects what becomes of
 * it: at most its own end.
 */
#include <stdint.h>

#include "abi/bundle.h"
#include "abi/monitor.h"
#include "tests/random.h"

#define DIRECT UINT64_C(0xffff800000000000)
#define BUNDLE UINT64_C(0x1000000000)
#define DEVICE UINT64_C(0xd0000000)

enum { RING = 0x100000, AVAIL = RING + 0x1000, USED = RING + 0x2000 };
enum { DATA = RING + 0x10000, NUM = 8, PORT_EXIT = 0xf4 };
enum { NEXT = 1, WRITE = 2, INDIRECT = 4, STATUS = 0x70, NOTIFY = 0x50 };
enum { FLOOD = 20000, PAGES_OF_OUTPUT = 200, NOWHERE = 0x7ff00000 };

void guest_main(uint64_t start_info, uint64_t monitor_page);
void guest_second(void);

extern uint64_t pml4[512], pdpt[512];
static volatile struct monitor_page *page;

static void *at(uint64_t gpa)
{
    return (void *)(DIRECT + gpa);
}

static void outl(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %1" ::"a"(value), "Nd"(port) : "memory");
}

static _Noreturn void end(uint32_t status)
{
    outl(PORT_EXIT, status);
    for (;;)
        __asm__ volatile("cli; hlt");
}

static void say(const char *text)
{
    char *io = at(page->io_gpa);
    uint32_t len = 0;

    while (text[len]) {
        io[len] = text[len];
        len++;
    }
    outl(MONITOR_PORT_DO, MONITOR_REQUEST(MONITOR_DO_OUT, len));
}

/* ---- a block device -------------------------------------------------------
 */

static void reg(uint32_t number, uint32_t value)
{
    *(volatile uint32_t *)at(DEVICE + number) = value;
}

static uint32_t status(void)
{
    return *(volatile uint32_t *)at(DEVICE + STATUS);
}

static void desc(uint32_t id, uint64_t addr, uint32_t len, uint16_t flags,
                 uint16_t next)
{
    volatile uint64_t *d = at(RING + 16 * id);

    d[0] = addr;
    d[1] = len | (uint64_t)flags << 32 | (uint64_t)next << 48;
}

static void make_queue(uint32_t num, uint64_t ring)
{
    reg(STATUS, 0);
    reg(0x24, 1);
    reg(0x20, 1); /* VERSION_1 */
    reg(STATUS, 11);
    reg(0x30, 0);
    reg(0x38, num);
    reg(0x80, (uint32_t)ring);
    reg(0x84, (uint32_t)(ring >> 32));
    reg(0x90, AVAIL);
    reg(0xa0, USED);
    reg(0x44, 1);
    reg(STATUS, 15);
}

static void offer(uint16_t head, uint16_t index)
{
    volatile uint16_t *avail = at(AVAIL);

    avail[2] = head;
    avail[1] = index;
    reg(NOTIFY, 0);
}

static void noise(void)
{
    for (uint32_t i = 0; i < FLOOD; i++)
        reg(next_random() % 0x200 & ~3u,
            next_random() % 3 ? next_random() % 16 : next_random());
}

static void flip(void)
{
    desc(0, DATA, 16, NEXT, 1);
    desc(1, DATA, 512, NEXT | WRITE, 2);
    desc(2, DATA + 4096, 1, WRITE, 0);
    for (uint16_t i = 0; i < 300; i++) {
        make_queue(NUM, RING);
        offer(0, 1);
        reg(STATUS, i % 2 ? 11 : 0);
    }
    make_queue(NUM, RING);
}

/* Each breaks another rule of virtqueues. */
static void queue_case(char which)
{
    make_queue(which == '6' ? 77 : NUM, which == '5' ? NOWHERE : RING);
    if (which == '0')
        desc(0, DATA, 16, NEXT, 0);
    else if (which == '1')
        desc(0, NOWHERE, 16, 0, 0);
    else if (which == '2')
        desc(0, DATA, 0xffffffff, WRITE, 0);
    else if (which == '3')
        desc(0, DATA, 16, INDIRECT, 0);
    else if (which == '7')
        desc(0, BUNDLE, 16, WRITE, 0); /* read-only memory */
    else if (which == '8')
        noise();
    else if (which == '9')
        flip();
    offer(which == '4' ? 0xffff : 0, which == 'a' ? 9 : 1);
    /* The device's thread may still look at the queue. */
    while (which <= '7' && !(status() & 64))
        __asm__ volatile("pause");
    say("went on\n");
    end(0);
}

/* ---- memory ---------------------------------------------------------------
 */

static void reload(void)
{
    uint64_t cr3;

    __asm__ volatile("mov %%cr3, %0; mov %0, %%cr3" : "=r"(cr3)::"memory");
}

/* Own page tables, to everything that there might be. */
static void tables_case(char which)
{
    volatile uint64_t *hole = at(UINT64_C(0xc0000000));
    volatile uint64_t *kernel = at(BUNDLE + 8192);

    if (which == '0') { /* the image, writable by the tables */
        *kernel = 0;
        say(*kernel == 0 ? "changed\n" : "unchanged\n");
    } else if (which == '1') { /* where nothing is */
        *hole = 1;
        say(*hole == ~UINT64_C(0) ? "nothing there\n" : "something\n");
    } else if (which == '2') { /* tables that lie nowhere */
        pml4[256] = UINT64_C(0xffffff0000003);
        reload();
        *hole = 1;
    } else if (which == '3') { /* reserved bits everywhere */
        for (int i = 0; i < 512; i++)
            pdpt[i] = ~UINT64_C(0);
        reload();
        *hole = 1;
    } else if (which == '4') { /* none */
        __asm__ volatile("mov %0, %%cr3" ::"r"(UINT64_C(0)) : "memory");
    } else { /* tables that are themselves: a loop */
        pml4[256] = (uint64_t)pml4 - UINT64_C(0xffffffff80000000) + 3;
        reload();
        *hole = 1;
    }
    end(0);
}

/* ---- requests to the monitor ----------------------------------------------
 */

static void requests_case(void)
{
    static const uint64_t places[] = {0,          NOWHERE, BUNDLE, ~UINT64_C(0),
                                      0xfee00000, RING};

    for (uint32_t i = 0; i < 36; i++) {
        page->copy_to = places[i / 6];
        page->copy_from = places[i % 6];
        page->series_step = next_random();
        if (!places[i / 6]) /* address 0 is memory: ours to lose, later */
            continue;
        outl(MONITOR_PORT_DO,
             MONITOR_REQUEST(MONITOR_DO_COPY, i % 2 ? 4096 : 0xffffff));
        outl(MONITOR_PORT_DO,
             MONITOR_REQUEST(MONITOR_DO_SERIES, i % 2 ? 4093 : 0xffffff));
    }
    for (uint32_t op = 5; op < 256; op++)
        outl(MONITOR_PORT_DO, op | 0xffffff00u);
    outl(MONITOR_PORT_DO, MONITOR_REQUEST(MONITOR_DO_OUT, 0xffffff));
    outl(MONITOR_PORT_DO, MONITOR_REQUEST(MONITOR_DO_READ, 0xffffff));
    say("went on\n");
    end(0);
}

static void flood_case(char which)
{
    if (which == 'c')
        for (uint32_t i = 0; i < PAGES_OF_OUTPUT; i++)
            outl(MONITOR_PORT_DO,
                 MONITOR_REQUEST(MONITOR_DO_OUT, MONITOR_IO_BYTES));
    else
        for (uint32_t i = 0; i < FLOOD; i++) {
            uint32_t port = next_random() % 65536;

            if ((port & ~3u) != PORT_EXIT && port != MONITOR_PORT_ERR &&
                (port & ~7u) != 0x2f8)
                outl((uint16_t)port, next_random());
        }
    end(0);
}

/* When a line of input came the file behind the image is shorter. */
static void cut_case(char which)
{
    page->in_bytes = 0;
    say("ready\n");
    while (!page->in_bytes)
        outl(MONITOR_PORT_DO, MONITOR_REQUEST(MONITOR_DO_READ, 1));
    if (which == 'c') {
        page->copy_to = RING;
        page->copy_from = BUNDLE + 8192 + 0x100000;
        outl(MONITOR_PORT_DO, MONITOR_REQUEST(MONITOR_DO_COPY, 4096));
    } else {
        *(volatile uint64_t *)at(BUNDLE + 8192 + 0x100000);
    }
    end(0);
}

/* ---- two processors -------------------------------------------------------
 */

static char second_does; /* 0: not yet */

static void start_second(char what)
{
    __atomic_store_n(&second_does, what, __ATOMIC_SEQ_CST);
    outl(MONITOR_PORT_DO, MONITOR_REQUEST(MONITOR_DO_START, 1));
}

/* What a request is made of, as fast as it goes: addresses, lengths, flags,
 * the order, the index. */
static void rewrite(void)
{
    static const uint64_t places[] = {DATA, NOWHERE, BUNDLE, DATA + 4096, RING};
    volatile uint16_t *avail = at(AVAIL);
    volatile uint32_t *head = at(DATA);

    for (;;) {
        desc(next_random() % NUM, places[next_random() % 5],
             next_random() % 3 ? 16 : next_random(),
             (uint16_t)(next_random() % 4), next_random() % NUM);
        avail[2 + next_random() % NUM] = next_random() % (NUM + 1);
        avail[1] = (uint16_t)(next_random() % 16);
        head[next_random() % 4] = next_random() % 5;
    }
}

/* Its requests beside the other's, on one page and one buffer. */
static void ask_for_all(void)
{
    for (;;) {
        page->copy_to = next_random() % 2 ? NOWHERE : DATA;
        page->copy_from = next_random() % 2 ? BUNDLE : ~UINT64_C(0);
        outl(MONITOR_PORT_DO,
             MONITOR_REQUEST(MONITOR_DO_CLOCK + next_random() % 5, 4096));
    }
}

static _Noreturn void fault(void);

void guest_second(void)
{
    switch (second_does) {
    case 'r':
        rewrite();
        return;
    case 'a':
        ask_for_all();
        return;
    case 't':
        fault();
    case 'e':
        end(9);
    default:
        say("hangs\n");
        __atomic_store_n(&second_does, 0, __ATOMIC_SEQ_CST);
        for (;;)
            __asm__ volatile("cli; hlt");
    }
}

static void kick_while_rewritten(void)
{
    start_second('r');
    for (uint32_t i = 0; i < FLOOD; i++) {
        if (status() & 64 || !(status() & 4))
            make_queue(NUM, RING);
        reg(NOTIFY, 0);
    }
}

static void start_wildly(void)
{
    for (uint32_t i = 2; i < 300; i++)
        outl(MONITOR_PORT_DO, MONITOR_REQUEST(MONITOR_DO_START, i));
    outl(MONITOR_PORT_DO, MONITOR_REQUEST(MONITOR_DO_START, 0));
    outl(MONITOR_PORT_DO, MONITOR_REQUEST(MONITOR_DO_START, 0xffffff));
}

static void several_case(char which)
{
    if (which == 'r') {
        kick_while_rewritten();
    } else if (which == 'a') {
        start_second('a');
        requests_case();
    } else if (which == 'h') {
        start_second('h');
        while (__atomic_load_n(&second_does, __ATOMIC_SEQ_CST)) /* again */
            outl(MONITOR_PORT_DO, MONITOR_REQUEST(MONITOR_DO_START, 1));
    } else if (which == 'n') {
        start_wildly();
    } else { /* it ends both, this way or that */
        start_second(which);
        for (;;)
            __asm__ volatile("pause");
    }
    say("went on\n");
    end(0);
}

static _Noreturn void fault(void)
{
    static const struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) none;

    __asm__ volatile("lidt %0\n\tud2" ::"m"(none));
    for (;;)
        ;
}

void guest_main(uint64_t start_info, uint64_t monitor_page)
{
    const struct bundle_header *header = at(BUNDLE);
    const char *what = at(BUNDLE + header->kernel.off);

    (void)start_info;
    page = at(monitor_page);
    switch (what[0]) {
    case 'e':
        end(7);
    case 't':
        fault();
    case 'v':
        queue_case(what[1]);
        return;
    case 'p':
        tables_case(what[1]);
        return;
    case 'r':
        requests_case();
        return;
    case 'f':
        flood_case(what[1]);
        return;
    case 'x':
        cut_case(what[1]);
        return;
    case 'm':
        several_case(what[1]);
        return;
    case 's': /* interrupts on, nothing wanted */
        say("up\n");
        for (;;)
            __asm__ volatile("pause");
    default: /* a real kernel, or 'h': hang with interrupts off */
        __asm__ volatile("cli");
        say("hangs\n");
        for (;;)
            __asm__ volatile("hlt");
    }
}

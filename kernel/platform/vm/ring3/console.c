/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Console: standard output and input are a virtio console or COM1 (a 16550),
 * standard error is QEMU's debug port where there is one (docs/vm.md). The own
 * monitor takes and gives whole buffers (abi/monitor.h).
 */
#include "kernel/platform/vm/ring3/ring3.h"
#include "lib/string.h"

enum { COM1 = 0x3f8, COM1_LINE = 4 };
enum { UART_DATA = 0, UART_IER = 1, UART_FCR = 2, UART_MCR = 4, UART_LSR = 5 };
enum {
    UART_IIR = 2,
    IER_RX = 1,
    IER_TX = 2,
    FCR_ENABLE = 0x81,
    MCR_DTR_RTS_OUT2 = 0xb
};
enum { LSR_READY = 1, LSR_EMPTY = 0x20, NO_PORT = 0xff, FIFO_BYTES = 16 };
enum { ROOM_TRIES = 100, STALL_NS = 10000000 };

static bool has_input;
static bool has_port;            /* COM1 */
static uint16_t err_port;        /* 0: none */
static uint32_t burst_bytes = 1; /* that COM1 takes at once */
static bool has_early;           /* a byte that came before the queues */
static uint8_t early;

void console_early(void)
{
    if (inb(VM_PORT_ERR_2) == MONITOR_READBACK)
        err_port = VM_PORT_ERR_2;
    else if (inb(MONITOR_PORT_ERR) == MONITOR_READBACK)
        err_port = MONITOR_PORT_ERR;
}

void console_init(uint64_t flags)
{
    has_input = flags & ABI_BOOT_STDIN;
    if (monitor)
        return;
    has_port = inb(COM1 + UART_LSR) != NO_PORT;
    if (!has_port)
        return;
    /* Turning the queues on loses the byte that may have come already. */
    has_early = inb(COM1 + UART_LSR) & LSR_READY;
    if (has_early)
        early = inb(COM1 + UART_DATA);
    outb(COM1 + UART_FCR, FCR_ENABLE);
    outb(COM1 + UART_MCR, MCR_DTR_RTS_OUT2);
    burst_bytes = FIFO_BYTES;
    vm_call(VM_IRQ, COM1_LINE, 0, 0, 0);
    if (has_input)
        outb(COM1 + UART_IER, IER_RX);
}

static void out_bytes(uint16_t port, const void *buf, uint64_t len_bytes)
{
    __asm__ volatile("rep outsb"
                     : "+S"(buf), "+c"(len_bytes)
                     : "d"(port)
                     : "memory");
}

/* Whether the line takes more. A queue is sent at once where the line is
 * emulated: one that stays full has a reader that does not read. */
static bool uart_has_room(void)
{
    for (int i = 0; i < ROOM_TRIES; i++)
        if (inb(COM1 + UART_LSR) & LSR_EMPTY)
            return true;
    return false;
}

/* An interrupt when the line takes more, or none; either way the line's
 * request is lowered, so that the next one is an edge. */
static void uart_ask_room(bool wanted)
{
    static bool asked;

    if (wanted == asked)
        return;
    asked = wanted;
    outb(COM1 + UART_IER,
         (uint8_t)((has_input ? IER_RX : 0) | (wanted ? IER_TX : 0)));
    if (!wanted)
        inb(COM1 + UART_IIR);
}

static int64_t uart_write(const char *buf, uint64_t len_bytes)
{
    uint64_t done = 0;

    while (done < len_bytes && uart_has_room()) {
        uint64_t n = len_bytes - done;

        n = n < burst_bytes ? n : burst_bytes;
        out_bytes(COM1 + UART_DATA, buf + done, n);
        done += n;
    }
    uart_ask_room(done < len_bytes || (!len_bytes && !uart_has_room()));
    if (done || (!len_bytes && uart_has_room()))
        return (int64_t)done;
    return -EAGAIN;
}

/* ---- the own monitor ----------------------------------------------------- */

static void *const io = (void *)MONITOR_IO_AT;

static int64_t monitor_write(uint32_t op, const char *buf, uint64_t len_bytes)
{
    uint64_t n = len_bytes < MONITOR_IO_BYTES ? len_bytes : MONITOR_IO_BYTES;

    memcpy(io, buf, n);
    outl(MONITOR_PORT_DO, MONITOR_REQUEST(op, n));
    if (monitor->out_state == MONITOR_OUT_GONE)
        return -EPIPE;
    n = monitor->out_bytes < n ? monitor->out_bytes : n;
    return n || monitor->out_state == MONITOR_OUT_READY ? (int64_t)n : -EAGAIN;
}

static int64_t monitor_read(void *buf, uint64_t len_bytes)
{
    uint64_t n = len_bytes < MONITOR_IO_BYTES ? len_bytes : MONITOR_IO_BYTES;

    outl(MONITOR_PORT_DO, MONITOR_REQUEST(MONITOR_DO_READ, n));
    n = monitor->in_bytes < n ? monitor->in_bytes : n;
    memcpy(buf, io, n);
    return n || monitor->in_ended ? (int64_t)n : -EAGAIN;
}

/* ---------------------------------------------------------------------------
 */

/* What the stream takes now. */
static int64_t write_some(bool is_out, const char *buf, uint64_t len_bytes)
{
    if (vcon_up() && (is_out || !(monitor || err_port)))
        return vcon_write(buf, len_bytes);
    if (monitor)
        return monitor_write(is_out ? MONITOR_DO_OUT : MONITOR_DO_ERR, buf,
                             len_bytes);
    if (is_out || !err_port)
        return uart_write(buf, len_bytes);
    out_bytes(err_port, buf, len_bytes);
    return (int64_t)len_bytes;
}

int64_t console_write(uint32_t stream, const void *buf, uint64_t len_bytes)
{
    bool waits = stream == ABI_CONSOLE_LOG;
    uint64_t done = 0;

    if (stream < ABI_CONSOLE_OUT || stream > ABI_CONSOLE_LOG)
        return -EINVAL;
    do {
        int64_t n = write_some(stream == ABI_CONSOLE_OUT,
                               (const char *)buf + done, len_bytes - done);

        if (n == -EAGAIN && waits && !vcpu_stop_wanted())
            vm_call(VM_WAIT, STALL_NS, 0, 0, 0);
        else if (n < 0)
            return done ? (int64_t)done : n;
        else
            done += (uint64_t)n;
    } while (done < len_bytes);
    return (int64_t)done;
}

int64_t console_read(void *buf, uint64_t len_bytes)
{
    const volatile struct vm_handover *handover = (void *)VM_HANDOVER;
    bool ended = !has_input || handover->input_ended;
    uint8_t *bytes = buf;
    uint64_t n = 0;

    if (vcon_up()) {
        n = has_input ? vcon_read(buf, len_bytes) : 0;
        return n || !len_bytes || ended ? (int64_t)n : -EAGAIN;
    }
    if (monitor && len_bytes)
        return has_input ? monitor_read(buf, len_bytes) : 0;
    if (has_input && has_early && len_bytes) {
        bytes[n++] = early;
        has_early = false;
    }
    /* The tool says so when the line has taken the last byte, so `ended` is
     * looked at first. */
    while (has_input && has_port && n < len_bytes &&
           inb(COM1 + UART_LSR) & LSR_READY)
        bytes[n++] = inb(COM1 + UART_DATA);
    return n || !len_bytes || ended ? (int64_t)n : -EAGAIN;
}

/* A serial line has no terminal's state. */
int64_t console_ctl(uint32_t op, void *arg)
{
    (void)arg;
    if (op < ABI_CONSOLE_GET_TERMIOS || op > ABI_CONSOLE_GET_WINSIZE)
        return -EINVAL;
    return -ENOTTY;
}

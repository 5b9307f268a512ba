/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Console: standard output and input are COM1 (a 16550), standard error is
 * QEMU's debug port where there is one (docs/vm.md). The own monitor takes
 * and gives whole buffers (abi/monitor.h).
 */
#include "kernel/platform/vm/ring3/ring3.h"
#include "lib/string.h"

enum { COM1 = 0x3f8, COM1_LINE = 4 };
enum { UART_DATA = 0, UART_IER = 1, UART_FCR = 2, UART_MCR = 4, UART_LSR = 5 };
enum { IER_RX = 1, FCR_ENABLE = 0x81, MCR_DTR_RTS_OUT2 = 0xb };
enum { LSR_READY = 1, LSR_EMPTY = 0x20, FIFO_BYTES = 16 };

static bool has_input;
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
    if (monitor) {
        if (has_input)
            vm_call(VM_IRQ, MONITOR_IN_LINE, 0, 0, 0);
        return;
    }
    /* Turning the queues on loses the byte that may have come already. */
    has_early = inb(COM1 + UART_LSR) & LSR_READY;
    if (has_early)
        early = inb(COM1 + UART_DATA);
    outb(COM1 + UART_FCR, FCR_ENABLE);
    outb(COM1 + UART_MCR, MCR_DTR_RTS_OUT2);
    burst_bytes = FIFO_BYTES;
    if (has_input) {
        outb(COM1 + UART_IER, IER_RX);
        vm_call(VM_IRQ, COM1_LINE, 0, 0, 0);
    }
}

static void out_bytes(uint16_t port, const void *buf, uint64_t len_bytes)
{
    __asm__ volatile("rep outsb"
                     : "+S"(buf), "+c"(len_bytes)
                     : "d"(port)
                     : "memory");
}

static void uart_write(const char *buf, uint64_t len_bytes)
{
    while (len_bytes) {
        uint64_t n = len_bytes < burst_bytes ? len_bytes : burst_bytes;

        while (!(inb(COM1 + UART_LSR) & LSR_EMPTY))
            ;
        out_bytes(COM1 + UART_DATA, buf, n);
        buf += n;
        len_bytes -= n;
    }
}

/* ---- the own monitor ----------------------------------------------------- */

static void *const io = (void *)VM_MONITOR_IO;

static void monitor_write(uint32_t op, const char *buf, uint64_t len_bytes)
{
    while (len_bytes) {
        uint64_t n =
            len_bytes < MONITOR_IO_BYTES ? len_bytes : MONITOR_IO_BYTES;

        memcpy(io, buf, n);
        outl(MONITOR_PORT_DO, MONITOR_REQUEST(op, n));
        buf += n;
        len_bytes -= n;
    }
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

int64_t console_write(uint32_t stream, const void *buf, uint64_t len_bytes)
{
    if (stream < ABI_CONSOLE_OUT || stream > ABI_CONSOLE_LOG)
        return -EINVAL;
    if (monitor)
        monitor_write(stream == ABI_CONSOLE_OUT ? MONITOR_DO_OUT
                                                : MONITOR_DO_ERR,
                      buf, len_bytes);
    else if (stream != ABI_CONSOLE_OUT && err_port)
        out_bytes(err_port, buf, len_bytes);
    else
        uart_write(buf, len_bytes);
    return (int64_t)len_bytes;
}

int64_t console_read(void *buf, uint64_t len_bytes)
{
    const volatile struct vm_handover *handover = (void *)VM_HANDOVER;
    bool ended = !has_input || handover->input_ended;
    uint8_t *bytes = buf;
    uint64_t n = 0;

    if (monitor && len_bytes)
        return has_input ? monitor_read(buf, len_bytes) : 0;
    if (has_input && has_early && len_bytes) {
        bytes[n++] = early;
        has_early = false;
    }
    /* The tool says so when the line has taken the last byte, so `ended` is
     * looked at first. */
    while (has_input && n < len_bytes && inb(COM1 + UART_LSR) & LSR_READY)
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

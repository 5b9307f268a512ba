/* SPDX-License-Identifier: BSD-2-Clause */
/* Serial lines: see uart.h. */
#include "tender/kvm/uart.h"

#include <string.h>
#include <unistd.h>

#include "tender/kvm/output.h"

enum { DATA = 0, IER = 1, LSR = 5 };
enum { IER_RX = 1, LSR_READY = 1, LSR_EMPTY = 0x60 };

static void interrupt(const struct uart *uart)
{
    const uint64_t one = 1;

    if (uart->ier & IER_RX && uart->at < uart->nr && uart->irq_fd >= 0)
        (void)!write(uart->irq_fd, &one, sizeof(one));
}

uint32_t uart_feed(struct uart *uart, const void *bytes, uint32_t nr)
{
    if (uart->at) {
        memmove(uart->in, uart->in + uart->at, uart->nr - uart->at);
        uart->nr -= uart->at;
        uart->at = 0;
    }
    if (nr > UART_ROOM - uart->nr)
        nr = UART_ROOM - uart->nr;
    memcpy(uart->in + uart->nr, bytes, nr);
    uart->nr += nr;
    if (nr)
        interrupt(uart);
    return nr;
}

uint8_t uart_read(struct uart *uart, uint16_t reg)
{
    if (reg == LSR)
        return uart->at < uart->nr ? LSR_EMPTY | LSR_READY : LSR_EMPTY;
    if (reg == DATA && uart->at < uart->nr)
        return uart->in[uart->at++];
    return reg == IER ? uart->ier : 0;
}

void uart_listen(struct uart *uart)
{
    uart->ier = IER_RX;
    interrupt(uart);
}

void uart_write(struct uart *uart, uint16_t reg, uint8_t value)
{
    if (reg == IER) {
        uart->ier = value;
        interrupt(uart);
    } else if (reg == DATA && uart->out_fd >= 0) {
        output_try(uart->out_fd, &value, 1);
    }
}

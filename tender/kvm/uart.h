/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The part of a 16550 that platform "vm" uses: bytes in behind an interrupt,
 * bytes out at once. Queues have no limit that the guest could see.
 */
#ifndef EINKORN_TENDER_KVM_UART_H
#define EINKORN_TENDER_KVM_UART_H

#include <stdbool.h>
#include <stdint.h>

enum { UART_ROOM = 4096 };

struct uart {
    uint8_t in[UART_ROOM];
    uint32_t at, nr; /* in[at .. nr) is still to be read */
    uint8_t ier;
    int irq_fd, out_fd; /* what nobody reads is lost; out_fd -1: all */
    int in_fd;          /* where bytes for `in` come from; -1: nowhere */
};

/* Bytes for the guest; returns how many there was room for. */
uint32_t uart_feed(struct uart *uart, const void *bytes, uint32_t nr);
/* The guest asks for interrupts, as by its register: also for what came. */
void uart_listen(struct uart *uart);
uint8_t uart_read(struct uart *uart, uint16_t reg);
void uart_write(struct uart *uart, uint16_t reg, uint8_t value);

#endif

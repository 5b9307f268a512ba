/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * COM2, the line to the tool: stop requests in (one byte, the signal) and the
 * end of standard input, the exit status out ("exit N") after the start ("up").
 * And the ways to end the machine, docs/vm.md.
 */
#include "kernel/platform/vm/ring0/asm.h"
#include "kernel/platform/vm/ring0/shim.h"
#include "lib/fmt.h"

enum { COM1 = 0x3f8, COM2 = 0x2f8, COM2_LINE = 3 };
enum { UART_DATA = 0, UART_IER = 1, UART_MCR = 4, UART_LSR = 5 };
enum { IER_RX = 1, MCR_DTR_RTS_OUT2 = 0xb };
enum { LSR_READY = 1, LSR_EMPTY = 0x20 };
enum { CONTROL_END_OF_INPUT = 0xff };
enum { STATUS_PANIC = 125, STATUS_NO_MEMORY = 137, LSR_TRIES = 1000000 };

/* The queues stay off: turning them on would lose a byte that came already. */
void control_init(void)
{
    irq_route(COM2_LINE, 0, 0);
    if (monitor) /* which holds back what comes until it is told MONITOR_DO_UP
                  */
        return;
    outb(COM2 + UART_MCR, MCR_DTR_RTS_OUT2);
    outb(COM2 + UART_IER, IER_RX);
}

/* An absent port reads as all ones: "ready" must not loop for ever. */
void control_interrupt(void)
{
    for (int i = 0; i < 16; i++) {
        uint8_t lsr = inb(COM2 + UART_LSR), byte;

        if (lsr == 0xff || !(lsr & LSR_READY))
            return;
        byte = inb(COM2 + UART_DATA);
        if (byte == CONTROL_END_OF_INPUT)
            input_end();
        else
            upcall_stop(byte);
    }
}

static void uart_write(uint16_t port, const char *text)
{
    for (; *text; text++) {
        for (int i = 0; i < LSR_TRIES && !(inb(port + UART_LSR) & LSR_EMPTY);)
            i++;
        outb(port + UART_DATA, (uint8_t)*text);
    }
}

void control_say_up(void)
{
    if (monitor)
        outl(MONITOR_PORT_DO, MONITOR_REQUEST(MONITOR_DO_UP, 0));
    else
        uart_write(COM2, "up\n");
}

static void error_write(const char *text)
{
    uint16_t port = VM_PORT_ERR_2;

    if (inb(port) != MONITOR_READBACK)
        port = MONITOR_PORT_ERR;
    if (inb(port) != MONITOR_READBACK) {
        uart_write(COM1, text);
        return;
    }
    while (*text)
        outb(port, (uint8_t)*text++);
}

_Noreturn void machine_exit(uint32_t status)
{
    static const struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) no_idt;
    char line[16];

    if (!monitor) { /* which says it itself */
        snprintf(line, sizeof(line), "exit %u\n", status & 0xff);
        uart_write(COM2, line);
    }
    outl(0xf4, status & 0xff); /* isa-debug-exit */
    acpi_power_off();
    outb(0x64, 0xfe); /* keyboard controller: reset */
    __asm__ volatile("lidt %0\n\tint3" ::"m"(no_idt));
    for (;;)
        cpu_idle();
}

_Noreturn void panic(const char *what, uint64_t a, uint64_t b)
{
    char line[160];

    snprintf(line, sizeof(line), "einkorn-vm: %s (0x%llx, 0x%llx)\n", what,
             (unsigned long long)a, (unsigned long long)b);
    error_write(line);
    machine_exit(STATUS_PANIC);
}

_Noreturn void out_of_memory(void)
{
    error_write("einkorn-vm: out of memory: the instance ends (try more "
                "with -m)\n");
    machine_exit(STATUS_NO_MEMORY);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Standard input to COM1, and the tool's control line to COM2 (docs/vm.md). */
#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "tender/kvm/monitor.h"

static bool can_wait; /* for standard input */

enum { COM1_LINE = 4, COM2_LINE = 3, END_OF_INPUT = 0xff };

/* -1: not yet. */
static ssize_t read_input(struct machine *m)
{
    uint8_t bytes[UART_ROOM];
    const uint8_t end = END_OF_INPUT;
    ssize_t n = read(0, bytes, sizeof(bytes));

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return -1;
    if (n > 0) {
        uart_feed(&m->com1, bytes, (uint32_t)n);
        return n;
    }
    m->com1.in_fd = -1;
    uart_feed(&m->com2, &end, 1);
    return 0;
}

/* One chunk at a time: the next one when the guest has read it all. */
static void input_ready(struct machine *m, void *arg, uint32_t events)
{
    (void)arg;
    (void)events;
    if (m->com1.at < m->com1.nr || read_input(m) >= 0)
        serve_change(0, 0);
}

void console_more(struct machine *m)
{
    if (m->com1.in_fd < 0)
        return;
    if (can_wait)
        serve_change(0, EPOLLIN);
    else
        read_input(m);
}

static void control_ready(struct machine *m, void *arg, uint32_t events)
{
    uint8_t bytes[64];
    int fd = m->com2.in_fd;
    ssize_t n = read(fd, bytes, sizeof(bytes));

    (void)arg;
    (void)events;
    if (n > 0)
        uart_feed(&m->com2, bytes, (uint32_t)n);
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        serve_change(fd, 0);
}

void console_init(struct machine *m, const struct options *opt)
{
    m->com1 = (struct uart){
        .irq_fd = machine_irqfd(m, COM1_LINE), .out_fd = 1, .in_fd = -1};
    m->com2 = (struct uart){.irq_fd = machine_irqfd(m, COM2_LINE),
                            .out_fd = opt->ctl_fd,
                            .in_fd = -1};
    if (opt->flags & ABI_BOOT_STDIN) {
        m->com1.in_fd = 0;
        can_wait = serve_add(0, EPOLLIN, input_ready, NULL);
        if (!can_wait)
            read_input(m);
    }
    if (opt->ctl_fd >= 0) {
        m->com2.in_fd = opt->ctl_fd;
        serve_add(opt->ctl_fd, EPOLLIN, control_ready, NULL);
    }
}

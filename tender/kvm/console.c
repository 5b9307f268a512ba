/* SPDX-License-Identifier: BSD-2-Clause */
/* Standard input, when the guest asks for it (abi/monitor.h), and the tool's
 * control line to COM2 (docs/vm.md). */
#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "tender/kvm/monitor.h"
#include "tender/kvm/output.h"

enum { COM2_LINE = 3 };

static int in_irq_fd = -1; /* -1: no standard input */
static bool can_wait;      /* for it: not a regular file */

/* Once, until the guest asks for more and there is none. */
static void input_ready(struct machine *m, void *arg, uint32_t events)
{
    const uint64_t one = 1;

    (void)m;
    (void)arg;
    (void)events;
    serve_change(0, 0);
    (void)!write(in_irq_fd, &one, sizeof(one));
}

static bool has_input(void)
{
    struct pollfd p = {.fd = 0, .events = POLLIN};

    return !can_wait || poll(&p, 1, 0) > 0;
}

void console_read(struct monitor_page *page, uint8_t *to, uint32_t max)
{
    ssize_t n = -1;

    page->in_bytes = 0;
    page->in_ended = in_irq_fd < 0;
    if (page->in_ended || !max)
        return;
    errno = EAGAIN;
    if (has_input())
        n = read(0, to, max);
    if (n > 0)
        page->in_bytes = (uint32_t)n;
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        page->in_ended = 1;
    else
        serve_change(0, EPOLLIN);
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

void control_say_up(const struct machine *m)
{
    if (m->com2.out_fd >= 0)
        output_write(m->com2.out_fd, "up\n", 3);
}

void console_init(struct machine *m, const struct options *opt)
{
    m->com2 = (struct uart){.irq_fd = machine_irqfd(m, COM2_LINE),
                            .out_fd = opt->ctl_fd,
                            .in_fd = opt->ctl_fd};
    if (opt->ctl_fd >= 0)
        serve_add(opt->ctl_fd, EPOLLIN, control_ready, NULL);
    if (!(opt->flags & ABI_BOOT_STDIN))
        return;
    in_irq_fd = machine_irqfd(m, MONITOR_IN_LINE);
    can_wait = serve_add(0, EPOLLIN, input_ready, NULL);
    if (!can_wait)
        input_ready(m, NULL, 0);
}

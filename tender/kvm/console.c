/* SPDX-License-Identifier: BSD-2-Clause */
/* Standard input, when the guest asks for it (abi/monitor.h), and the tool's
 * control line to COM2 (docs/vm.md). */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "tender/kvm/monitor.h"
#include "tender/kvm/output.h"

enum { COM2_LINE = 3 };

static int irq_fd = -1; /* of MONITOR_IN_LINE */
static bool has_stdin;
static bool can_wait; /* for it: not a regular file */

static void interrupt(void)
{
    const uint64_t one = 1;

    (void)!write(irq_fd, &one, sizeof(one));
}

/* Once, until the guest asks for more and there is none. */
static void input_ready(struct machine *m, void *arg, uint32_t events)
{
    (void)m;
    (void)arg;
    (void)events;
    serve_change(0, 0);
    interrupt();
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
    page->in_ended = !has_stdin;
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

/* Once: the guest, which found no room, tries again. */
static void output_ready(struct machine *m, void *arg, uint32_t events)
{
    (void)m;
    (void)arg;
    (void)events;
    interrupt();
}

void console_write(struct monitor_page *page, int fd, const uint8_t *from,
                   uint32_t len_bytes)
{
    int64_t n = output_try(fd, from, len_bytes);
    bool stalled = len_bytes ? n < len_bytes : !output_has_room(fd);

    page->out_bytes = n > 0 ? (uint32_t)n : 0;
    page->out_state = MONITOR_OUT_READY;
    if (n < 0) {
        page->out_state = MONITOR_OUT_GONE;
    } else if (stalled) {
        page->out_state = MONITOR_OUT_STALLED;
        serve_change(fd, EPOLLOUT | EPOLLONESHOT);
    }
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

void control_say_up(struct machine *m)
{
    pthread_mutex_lock(&m->lock);
    uart_listen(&m->com2);
    pthread_mutex_unlock(&m->lock);
    if (m->com2.out_fd >= 0)
        output_write(m->com2.out_fd, "up\n", 3);
}

void control_say_exit(const struct machine *m, uint8_t status)
{
    char line[16];
    int len = snprintf(line, sizeof(line), "exit %u\n", status);

    if (m->com2.out_fd >= 0)
        output_write(m->com2.out_fd, line, (size_t)len);
}

void console_init(struct machine *m, const struct options *opt)
{
    m->com2 = (struct uart){.irq_fd = machine_irqfd(m, COM2_LINE),
                            .out_fd = opt->ctl_fd,
                            .in_fd = opt->ctl_fd};
    if (opt->ctl_fd >= 0)
        serve_add(opt->ctl_fd, EPOLLIN, control_ready, NULL);
    irq_fd = machine_irqfd(m, MONITOR_IN_LINE);
    for (int fd = opt->virtio_console ? 2 : 1; fd <= 2; fd++)
        serve_add(fd, EPOLLONESHOT, output_ready, NULL);
    has_stdin = opt->flags & ABI_BOOT_STDIN && !opt->virtio_console;
    if (!has_stdin)
        return;
    can_wait = serve_add(0, EPOLLIN, input_ready, NULL);
    if (!can_wait)
        input_ready(m, NULL, 0);
}

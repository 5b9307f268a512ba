/* SPDX-License-Identifier: BSD-2-Clause */
/* I/O ports: the streams, two serial lines, the way out. Others read as all
 * ones and swallow what is written. */
#include <string.h>

#include "tender/kvm/monitor.h"
#include "tender/kvm/output.h"

enum { PORT_COM1 = 0x3f8, PORT_COM2 = 0x2f8, PORT_EXIT = 0xf4 };

static struct uart *uart_at(struct machine *m, uint16_t port)
{
    if ((port & ~7) == PORT_COM1)
        return &m->com1;
    return (port & ~7) == PORT_COM2 ? &m->com2 : NULL;
}

/* One element, or the whole string where only bytes count. */
void ports_out(struct machine *m, uint16_t port, const uint8_t *data,
               uint32_t size, uint32_t count, int *status)
{
    struct uart *uart = uart_at(m, port);

    if (port == MONITOR_PORT_OUT || port == MONITOR_PORT_ERR) {
        output_write(port == MONITOR_PORT_OUT ? 1 : 2, data,
                     (size_t)size * count);
    } else if (port == MONITOR_PORT_DO && data[0] == MONITOR_DO_CLOCK) {
        clock_refresh(m);
    } else if (port == PORT_EXIT) {
        *status = data[0];
    } else if (uart && size == 1) {
        pthread_mutex_lock(&m->lock);
        for (uint32_t i = 0; i < count; i++)
            uart_write(uart, port & 7, data[i]);
        pthread_mutex_unlock(&m->lock);
    }
}

void ports_in(struct machine *m, uint16_t port, uint8_t *data, uint32_t size,
              uint32_t count)
{
    struct uart *uart = uart_at(m, port);

    memset(data, 0xff, (size_t)size * count);
    if (size != 1)
        return;
    if (port == MONITOR_PORT_OUT || port == MONITOR_PORT_ERR)
        memset(data, MONITOR_READBACK, count);
    if (!uart)
        return;
    pthread_mutex_lock(&m->lock);
    for (uint32_t i = 0; i < count; i++)
        data[i] = uart_read(uart, port & 7);
    if (uart == &m->com1 && uart->at == uart->nr)
        console_more(m);
    pthread_mutex_unlock(&m->lock);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* I/O ports: the streams, the control line, the way out. Others read as all
 * ones and swallow what is written. */
#include <string.h>

#include "tender/kvm/gdb.h"
#include "tender/kvm/monitor.h"
#include "tender/kvm/output.h"
#include "tender/kvm/virtio.h"

enum { PORT_COM2 = 0x2f8, PORT_EXIT = 0xf4 };

/* abi/monitor.h; what it does not know does nothing. */
static void request(struct machine *m, uint32_t what)
{
    uint32_t bytes = what >> 8;
    uint8_t *io = m->low + GPA_IO;

    if (bytes > MONITOR_IO_BYTES)
        return;
    switch ((enum monitor_do)(what & 0xff)) {
    case MONITOR_DO_CLOCK:
        clock_refresh(m);
        return;
    case MONITOR_DO_OUT:
        console_write(m->page, 1, io, bytes);
        return;
    case MONITOR_DO_ERR:
        console_write(m->page, 2, io, bytes);
        return;
    case MONITOR_DO_READ:
        console_read(m->page, io, bytes);
        chan_look(m); /* what the writer did before is seen before */
        return;
    case MONITOR_DO_COPY:
        copy_page(m, bytes);
        return;
    case MONITOR_DO_SERIES:
        copy_series(m, bytes);
        return;
    case MONITOR_DO_UP:
        control_say_up(m);
        gdb_up();
        return;
    case MONITOR_DO_START:
        vcpu_start(m, bytes);
        return;
    }
}

void ports_out(struct machine *m, uint16_t port, const uint8_t *data,
               uint32_t size, uint32_t count, int *status)
{
    uint32_t word;

    if (port == MONITOR_PORT_ERR) {
        output_write(2, data, (size_t)size * count);
    } else if (port == MONITOR_PORT_DO && size == sizeof(word)) {
        memcpy(&word, data, sizeof(word));
        request(m, word);
    } else if (port == PORT_EXIT) {
        *status = data[0];
        control_say_exit(m, data[0]);
    } else if ((port & ~7) == PORT_COM2 && size == 1) {
        pthread_mutex_lock(&m->lock);
        for (uint32_t i = 0; i < count; i++)
            uart_write(&m->com2, port & 7, data[i]);
        pthread_mutex_unlock(&m->lock);
    }
}

void ports_in(struct machine *m, uint16_t port, uint8_t *data, uint32_t size,
              uint32_t count)
{
    memset(data, 0xff, (size_t)size * count);
    if (size != 1)
        return;
    if (port == MONITOR_PORT_ERR)
        memset(data, MONITOR_READBACK, count);
    if ((port & ~7) != PORT_COM2)
        return;
    pthread_mutex_lock(&m->lock);
    for (uint32_t i = 0; i < count; i++)
        data[i] = uart_read(&m->com2, port & 7);
    pthread_mutex_unlock(&m->lock);
}

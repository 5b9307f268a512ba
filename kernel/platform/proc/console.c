/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console: the host's descriptors 0, 1 and 2. They may be shared with
 * other processes, so their flags are left alone: reads are preceded by a
 * poll instead of being made non-blocking.
 */
#include "kernel/platform/proc/gate.h"

#include <asm/termios.h>
#include <linux/poll.h>
#include <linux/time_types.h>

static int64_t poll_one(int32_t fd, int16_t events, int block)
{
    struct pollfd p = {.fd = fd, .events = events};
    struct __kernel_timespec now = {0, 0};

    return hostcall5(__NR_ppoll, (uint64_t)&p, 1, block ? 0 : (uint64_t)&now, 0,
                     0);
}

int64_t gate_console_write(uint32_t stream, const void *buf, uint64_t len_bytes)
{
    uint64_t done = 0;
    int64_t ret;

    if (stream != ABI_CONSOLE_OUT && stream != ABI_CONSOLE_ERR)
        return -EINVAL;
    while (done < len_bytes) {
        ret = hostcall3(__NR_write, stream, (uint64_t)buf + done,
                        len_bytes - done);
        if (ret == -EAGAIN)
            poll_one((int32_t)stream, POLLOUT, 1);
        else if (ret < 0 && ret != -EINTR)
            return done ? (int64_t)done : ret;
        else if (ret > 0)
            done += (uint64_t)ret;
    }
    return (int64_t)done;
}

int64_t gate_console_read(void *buf, uint64_t len_bytes)
{
    int64_t ret = -EAGAIN;

    if (!(gate.boot.flags & ABI_BOOT_STDIN))
        return 0;
    if (poll_one(gate.console.fd, POLLIN, 0) > 0)
        ret = hostcall3(__NR_read, (uint64_t)gate.console.fd, (uint64_t)buf,
                        len_bytes);
    if (ret == -EINTR)
        ret = -EAGAIN;
    if (ret == -EAGAIN)
        gate.console.want_read = 1;
    return ret;
}

int64_t gate_console_ctl(uint32_t op, void *arg)
{
    static const uint32_t requests[] = {
        [ABI_CONSOLE_GET_TERMIOS] = TCGETS,
        [ABI_CONSOLE_SET_TERMIOS] = TCSETS,
        [ABI_CONSOLE_GET_WINSIZE] = TIOCGWINSZ,
    };

    if (op < ABI_CONSOLE_GET_TERMIOS || op > ABI_CONSOLE_GET_WINSIZE)
        return -EINVAL;
    if (gate.tty_fd < 0)
        return -ENOTTY;
    return hostcall3(__NR_ioctl, (uint64_t)gate.tty_fd, requests[op],
                     (uint64_t)arg);
}

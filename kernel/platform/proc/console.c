/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console: the host's descriptors 0, 1 and 2. They may be shared with
 * other processes, so their flags are left alone: reads are preceded by a
 * poll instead of being made non-blocking, and so are writes where the tender
 * could not open the stream anew for us.
 */
#include "kernel/platform/proc/gate.h"

#include <asm/termios.h>
#include <linux/poll.h>
#include <linux/time_types.h>

enum {
    ASKED_BYTES = 4096, /* what a pipe takes that is said to be writable */
    STALL_NS = 100000000,
};

static int64_t poll_one(int32_t fd, int16_t events, int64_t timeout_ns)
{
    struct pollfd p = {.fd = fd, .events = events};
    struct __kernel_timespec t = {0, timeout_ns};

    return hostcall5(__NR_ppoll, (uint64_t)&p, 1, (uint64_t)&t, 0, 0);
}

static int stop_wanted(void)
{
    struct abi_vcpu *vcpu = gate_self()->vcpu;

    return vcpu &&
           __atomic_load_n(&vcpu->pending, __ATOMIC_SEQ_CST) & ABI_PENDING_STOP;
}

/* What the stream takes now. A signal may end a write that blocks after all:
 * the caller looks at it then. */
static int64_t write_some(struct gate_port *port, const void *buf,
                          uint64_t len_bytes)
{
    int64_t ret = 0;

    if (port->kind == GATE_OUT_ASK || !len_bytes) {
        if (len_bytes > ASKED_BYTES)
            len_bytes = ASKED_BYTES;
        ret = poll_one(port->fd, POLLOUT, 0) > 0 ? 0 : -EAGAIN;
    }
    if (!ret && len_bytes)
        ret =
            hostcall3(__NR_write, (uint64_t)port->fd, (uint64_t)buf, len_bytes);
    if (ret == -EINTR)
        ret = -EAGAIN;
    if (ret == -EAGAIN)
        port->want_write = 1;
    return ret;
}

int64_t gate_console_write(uint32_t stream, const void *buf, uint64_t len_bytes)
{
    int waits = stream == ABI_CONSOLE_LOG;
    struct gate_port *port = &gate.out[stream != ABI_CONSOLE_OUT];
    uint64_t done = 0;
    int64_t ret;

    if (stream < ABI_CONSOLE_OUT || stream > ABI_CONSOLE_LOG)
        return -EINVAL;
    do {
        ret = write_some(port, (const char *)buf + done, len_bytes - done);
        if (ret == -EAGAIN && waits && !stop_wanted())
            poll_one(port->fd, POLLOUT, STALL_NS);
        else if (ret < 0)
            return done ? (int64_t)done : ret;
        else
            done += (uint64_t)ret;
    } while (done < len_bytes);
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
        gate_arm(&gate.console.want_read);
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

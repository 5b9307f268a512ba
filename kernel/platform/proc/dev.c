/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Block devices (host files) and host directory channels (SOCK_SEQPACKET
 * sockets that carry one 9P message in each packet).
 */
#include "kernel/platform/proc/gate.h"

static int64_t check_blk(uint32_t dev, uint64_t len_bytes, uint64_t offset)
{
    const struct abi_blk_info *info = &gate.boot.blk[dev];
    uint64_t end;

    if (dev >= gate.boot.nr_blk)
        return -ENODEV;
    if ((len_bytes | offset) & (info->sector_bytes - 1))
        return -EINVAL;
    if (__builtin_add_overflow(offset, len_bytes, &end) ||
        end > info->len_bytes)
        return -EINVAL;
    return 0;
}

int64_t gate_blk_read(uint32_t dev, void *buf, uint64_t len_bytes,
                      uint64_t offset)
{
    uint64_t done = 0;
    int64_t ret = check_blk(dev, len_bytes, offset);

    while (!ret && done < len_bytes) {
        ret = hostcall4(__NR_pread64, (uint64_t)gate.blk_fd[dev],
                        (uint64_t)buf + done, len_bytes - done, offset + done);
        if (ret == 0)
            return -EIO; /* the file shrank */
        if (ret < 0 && ret != -EINTR)
            return ret;
        done += ret > 0 ? (uint64_t)ret : 0;
        ret = 0;
    }
    return ret;
}

int64_t gate_blk_write(uint32_t dev, const void *buf, uint64_t len_bytes,
                       uint64_t offset, uint32_t flush)
{
    uint64_t done = 0;
    int64_t ret = check_blk(dev, len_bytes, offset);

    if (!ret && (gate.boot.blk[dev].flags & 1))
        return -EROFS;
    while (!ret && done < len_bytes) {
        ret = hostcall4(__NR_pwrite64, (uint64_t)gate.blk_fd[dev],
                        (uint64_t)buf + done, len_bytes - done, offset + done);
        if (ret < 0 && ret != -EINTR)
            return ret;
        done += ret > 0 ? (uint64_t)ret : 0;
        ret = 0;
    }
    if (!ret && flush)
        ret = hostcall1(__NR_fdatasync, (uint64_t)gate.blk_fd[dev]);
    return ret;
}

int64_t gate_chan_send(uint32_t chan, const void *msg, uint64_t len_bytes)
{
    int64_t ret;

    if (chan >= gate.boot.nr_chan)
        return -ENODEV;
    if (!len_bytes || len_bytes > ABI_CHAN_MSG_MAX)
        return -EMSGSIZE;
    ret = hostcall3(__NR_write, (uint64_t)gate.chan[chan].fd, (uint64_t)msg,
                    len_bytes);
    if (ret == -EINTR)
        ret = -EAGAIN;
    if (ret == -EAGAIN)
        gate_arm(&gate.chan[chan].want_write);
    return ret;
}

int64_t gate_chan_recv(uint32_t chan, void *msg, uint64_t len_bytes)
{
    uint32_t glance = chan & ABI_CHAN_GLANCE;
    int64_t ret;

    chan &= ~ABI_CHAN_GLANCE;
    if (chan >= gate.boot.nr_chan)
        return -ENODEV;
    ret = hostcall3(__NR_read, (uint64_t)gate.chan[chan].fd, (uint64_t)msg,
                    len_bytes);
    if (ret == -EINTR)
        ret = -EAGAIN;
    if (ret == -EAGAIN && !glance)
        gate_arm(&gate.chan[chan].want_read);
    return ret ? ret : -EPIPE; /* the server is gone */
}

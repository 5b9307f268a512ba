/* SPDX-License-Identifier: BSD-2-Clause */
/* virtio-blk (virtio 1.2, 5.2) on a file or a block device. Requests are done
 * one after the other where they are found. */
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/fs.h>

#include "tender/kvm/virtio.h"

enum { SECTOR = 512, HEADER = 16, F_RO = 1 << 5, F_FLUSH = 1 << 9 };
enum { REQ_READ = 0, REQ_WRITE = 1, REQ_FLUSH = 4 };
enum { OK = 0, IO_ERROR = 1, UNSUPPORTED = 2 };

struct blk {
    struct virtio_dev dev; /* first */
    int fd;
    bool read_only;
    uint64_t len_bytes;
};

static struct blk blks[MAX_DISKS];
static uint32_t nr_blks;

static bool in_range(const struct blk *blk, uint64_t sector, uint64_t bytes)
{
    uint64_t off;

    return !__builtin_mul_overflow(sector, SECTOR, &off) &&
           off <= blk->len_bytes && bytes <= blk->len_bytes - off &&
           bytes % SECTOR == 0;
}

static uint8_t transfer(const struct blk *blk, struct chain *c, uint32_t type,
                        uint64_t sector, uint32_t *written)
{
    uint64_t bytes;
    ssize_t n;

    if (type == REQ_READ) {
        /* The status byte is the last one. */
        bytes = c->in_bytes - 1;
        c->in[c->nr_in - 1].iov_len--;
        if (!in_range(blk, sector, bytes))
            return IO_ERROR;
        n = preadv(blk->fd, c->in, (int)c->nr_in, (off_t)(sector * SECTOR));
        *written = n > 0 ? (uint32_t)n : 0;
    } else {
        /* The header is the first descriptor. */
        bytes = c->out_bytes - HEADER;
        if (blk->read_only || !in_range(blk, sector, bytes))
            return IO_ERROR;
        n = pwritev(blk->fd, c->out + 1, (int)c->nr_out - 1,
                    (off_t)(sector * SECTOR));
    }
    return n == (ssize_t)bytes ? OK : IO_ERROR;
}

/* False: not a request at all. */
static bool serve(const struct blk *blk, struct chain *c, uint32_t *written)
{
    struct {
        uint32_t type, reserved;
        uint64_t sector;
    } head;
    struct iovec *last = &c->in[c->nr_in ? c->nr_in - 1 : 0];
    uint8_t *status;

    if (!c->nr_out || c->out[0].iov_len != HEADER || !c->nr_in)
        return false;
    memcpy(&head, c->out[0].iov_base, HEADER);
    status = (uint8_t *)last->iov_base + last->iov_len - 1;
    if (head.type == REQ_READ || head.type == REQ_WRITE)
        *status = transfer(blk, c, head.type, head.sector, written);
    else if (head.type == REQ_FLUSH)
        *status = fdatasync(blk->fd) ? IO_ERROR : OK;
    else
        *status = UNSUPPORTED;
    *written += 1;
    return true;
}

static void kick(struct virtio_dev *dev, uint32_t queue)
{
    struct queue *q = &dev->queues[queue];
    struct chain chain;

    do {
        while (queue_take(q, &chain) == 1) {
            uint32_t written = 0;

            if (!serve((struct blk *)dev, &chain, &written)) {
                q->broken = true;
                break;
            }
            queue_use(q, chain.head, written);
        }
        virtio_show(dev, queue);
        queue_notify(q, true);
    } while (!queue_empty(q));
}

static const struct virtio_ops ops = {
    .id = VIRTIO_BLK,
    .nr_queues = 1,
    .start = virtio_nothing,
    .stop = virtio_nothing,
    .kick = kick,
};

void blk_add(struct machine *m, const struct disk_arg *arg)
{
    struct blk *blk = &blks[nr_blks++];
    uint64_t sectors;
    struct stat st;

    blk->fd = arg->fd;
    blk->read_only = arg->read_only;
    if (fstat(blk->fd, &st) < 0)
        die("block device %d: %m", blk->fd);
    blk->len_bytes = (uint64_t)st.st_size;
    if (S_ISBLK(st.st_mode) &&
        ioctl(blk->fd, BLKGETSIZE64, &blk->len_bytes) < 0)
        die("size of block device %d: %m", blk->fd);
    sectors = blk->len_bytes / SECTOR;
    blk->dev.ops = &ops;
    blk->dev.offered = F_FLUSH | (blk->read_only ? F_RO : 0);
    memcpy(blk->dev.config, &sectors, sizeof(sectors));
    blk->dev.config_bytes = sizeof(sectors);
    virtio_add(m, &blk->dev);
}

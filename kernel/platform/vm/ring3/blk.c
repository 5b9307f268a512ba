/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-blk (virtio 1.2, 5.2). Calls are synchronous: one request at a time,
 * in pieces of the data page, waited for by looking.
 */
#include "kernel/platform/vm/ring3/ring3.h"
#include "kernel/platform/vm/ring3/virtio.h"
#include "lib/string.h"

enum { SECTOR = 512, PIECE = 65536 };
enum { DESC_HEADER, DESC_DATA, DESC_STATUS, NR_DESC = 4 };
enum { BLK_RO = 5, BLK_FLUSH = 9 };
enum { REQ_READ = 0, REQ_WRITE = 1, REQ_FLUSH = 4 };

struct blk_request {
    uint32_t type, reserved;
    uint64_t sector;
};

static struct blk {
    struct virtio_dev dev;
    struct virtq q;
    uint64_t len_bytes;
    bool read_only, can_flush;
} blks[ABI_MAX_BLK + 1];
static uint32_t nr_blks;

void blk_attach(const struct virtio_dev *dev, struct abi_boot *boot)
{
    struct abi_blk_info *info = &boot->blk[nr_blks];
    struct blk *blk = &blks[nr_blks];
    uint64_t features;

    if (nr_blks == ABI_MAX_BLK)
        die("too many block devices (4 at most)");
    blk->dev = *dev;
    features = virtio_negotiate(&blk->dev, 1u << BLK_RO | 1u << BLK_FLUSH);
    if (!features ||
        !virtq_init(&blk->q, &blk->dev, 0, NR_DESC, PIECE, features) ||
        blk->q.nr < NR_DESC)
        die("a virtio block device lacks what version 1.2 asks for");
    blk->read_only = features >> BLK_RO & 1;
    blk->can_flush = features >> BLK_FLUSH & 1;
    for (uint32_t i = 0; i < 8; i++)
        blk->len_bytes |= (uint64_t)virtio_config8(&blk->dev, i) << 8 * i;
    blk->len_bytes *= SECTOR;
    info->len_bytes = blk->len_bytes;
    info->sector_bytes = SECTOR;
    info->flags = blk->read_only;
    virtio_start(&blk->dev);
    virtq_ask(&blk->q, 0);
    boot->nr_blk = ++nr_blks;
}

/* The data, if any, lies in the data page. */
static int64_t request(struct blk *blk, uint32_t type, uint64_t sector,
                       uint64_t len_bytes)
{
    struct blk_request header = {type, 0, sector};
    volatile uint8_t *status = virtq_page(&blk->q, DESC_STATUS);
    struct virtq_desc *desc = blk->q.desc;
    struct virtq_used_elem elem;

    memcpy(virtq_page(&blk->q, DESC_HEADER), &header, sizeof(header));
    *status = 0xff;
    desc[DESC_HEADER].len = sizeof(header);
    desc[DESC_HEADER].flags = VIRTQ_NEXT;
    desc[DESC_HEADER].next = len_bytes ? DESC_DATA : DESC_STATUS;
    desc[DESC_DATA].len = (uint32_t)len_bytes;
    desc[DESC_DATA].flags = VIRTQ_NEXT | (type == REQ_READ ? VIRTQ_WRITE : 0);
    desc[DESC_DATA].next = DESC_STATUS;
    desc[DESC_STATUS].len = 1;
    desc[DESC_STATUS].flags = VIRTQ_WRITE;
    virtq_offer(&blk->q, DESC_HEADER);
    virtq_publish(&blk->q);
    while (!virtq_has_used(&blk->q))
        __builtin_ia32_pause();
    virtq_take(&blk->q, &elem);
    return *status ? -EIO : 0;
}

static int64_t check(const struct blk *blk, uint64_t len_bytes, uint64_t offset)
{
    if (blk >= &blks[nr_blks])
        return -ENODEV;
    if ((len_bytes | offset) % SECTOR || offset > blk->len_bytes ||
        len_bytes > blk->len_bytes - offset)
        return -EINVAL;
    return 0;
}

int64_t blk_read(uint32_t dev, void *buf, uint64_t len_bytes, uint64_t offset)
{
    struct blk *blk = &blks[dev < nr_blks ? dev : nr_blks];
    int64_t ret = check(blk, len_bytes, offset);

    for (uint64_t done = 0; !ret && done < len_bytes;) {
        uint64_t n = len_bytes - done < PIECE ? len_bytes - done : PIECE;

        ret = request(blk, REQ_READ, (offset + done) / SECTOR, n);
        if (!ret)
            memcpy((char *)buf + done, virtq_page(&blk->q, DESC_DATA), n);
        done += n;
    }
    return ret;
}

int64_t blk_write(uint32_t dev, const void *buf, uint64_t len_bytes,
                  uint64_t offset, uint32_t flush)
{
    struct blk *blk = &blks[dev < nr_blks ? dev : nr_blks];
    int64_t ret = check(blk, len_bytes, offset);

    if (!ret && blk->read_only)
        return -EROFS;
    for (uint64_t done = 0; !ret && done < len_bytes;) {
        uint64_t n = len_bytes - done < PIECE ? len_bytes - done : PIECE;

        memcpy(virtq_page(&blk->q, DESC_DATA), (const char *)buf + done, n);
        ret = request(blk, REQ_WRITE, (offset + done) / SECTOR, n);
        done += n;
    }
    if (!ret && flush && blk->can_flush)
        ret = request(blk, REQ_FLUSH, 0, 0);
    return ret;
}

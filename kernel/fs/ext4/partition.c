/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Partitions, found by their own GUID on whatever device they are (UEFI 2.10,
 * 5.3). The table's checksums are left to who repairs tables: a place that
 * holds no file system is refused anyway.
 */
#include "kernel/fs/ext4/partition.h"

#include "kernel/core/alloc.h"
#include "kernel/core/cpu.h"
#include "lib/string.h"

enum { SECTOR = 512, ENTRIES_MAX = 128, ENTRY_BYTES = 128, GUID_CHARS = 36 };

struct gpt_header {
    char signature[8];
    uint32_t revision, header_bytes, crc, reserved;
    uint64_t own, other, first_usable, last_usable;
    uint8_t disk[16];
    uint64_t table;
    uint32_t nr_entries, entry_bytes;
};

struct gpt_entry {
    uint8_t type[16], id[16];
    uint64_t first, last;
};

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Text to the order on disk: the first three groups are little-endian. */
static bool parse(const char *text, uint8_t id[16])
{
    static const uint8_t order[16] = {3, 2, 1,  0,  5,  4,  7,  6,
                                      8, 9, 10, 11, 12, 13, 14, 15};
    uint32_t nr = 0;

    if (strlen(text) != GUID_CHARS)
        return false;
    for (uint32_t i = 0; i < GUID_CHARS; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        int value = digit(text[i]);

        if (dash ? text[i] != '-' : value < 0)
            return false;
        if (dash)
            continue;
        if (nr % 2)
            id[order[nr / 2]] |= (uint8_t)value;
        else
            id[order[nr / 2]] = (uint8_t)(value << 4);
        nr++;
    }
    return true;
}

static bool read(uint32_t dev, void *to, uint64_t len, uint64_t sector)
{
    return sector < platform.boot->blk[dev].len_bytes / SECTOR &&
           platform.ops.blk_read(dev, to, len, sector * SECTOR) == 0;
}

static bool take(const struct gpt_entry *e, uint32_t dev,
                 struct ext4_place *out)
{
    uint64_t sectors = platform.boot->blk[dev].len_bytes / SECTOR;

    if (e->last < e->first || e->last >= sectors)
        return false;
    out->dev = dev;
    out->off = e->first * SECTOR;
    out->len_bytes = (e->last - e->first + 1) * SECTOR;
    return true;
}

/* buf: room for a whole table. */
static bool find_on(uint32_t dev, const uint8_t id[16], uint8_t *buf,
                    struct ext4_place *out)
{
    struct gpt_header h;
    uint32_t nr;

    if (!read(dev, buf, SECTOR, 1))
        return false;
    memcpy(&h, buf, sizeof(h));
    if (memcmp(h.signature, "EFI PART", 8) != 0 || h.entry_bytes != ENTRY_BYTES)
        return false;
    nr = h.nr_entries < ENTRIES_MAX ? h.nr_entries : ENTRIES_MAX;
    if (!read(dev, buf, ENTRIES_MAX * ENTRY_BYTES, h.table))
        return false;
    for (uint32_t i = 0; i < nr; i++) {
        const struct gpt_entry *e = (void *)(buf + (size_t)i * ENTRY_BYTES);

        if (memcmp(e->id, id, sizeof(e->id)) == 0)
            return take(e, dev, out);
    }
    return false;
}

bool ext4_find_partition(const char *guid, struct ext4_place *out)
{
    uint8_t id[16], *buf = kmalloc(ENTRIES_MAX * ENTRY_BYTES);
    bool found = false;

    if (buf && parse(guid, id))
        for (uint32_t dev = 0; !found && dev < platform.boot->nr_blk; dev++)
            found = find_on(dev, id, buf, out);
    kfree(buf);
    return found;
}

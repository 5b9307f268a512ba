/* SPDX-License-Identifier: BSD-2-Clause */
/* GUID partition table: see disk.h. */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "host/export/disk.h"
#include "host/instance/memfile.h"

enum { NR_ENTRIES = 128, TABLE_SECTORS = 32, TAIL_SECTORS = 2048 };
enum { HEADER_BYTES = 92, TABLE_FIRST = 2, MBR_TABLE = 446, MBR_END = 510 };

struct entry {
    struct guid type, id;
    uint64_t first, last, attributes;
    uint16_t name[36];
};

struct header {
    char signature[8];
    uint32_t revision, header_bytes, crc, reserved;
    uint64_t own, other, first_usable, last_usable;
    struct guid disk;
    uint64_t table;
    uint32_t nr_entries, entry_bytes, table_crc, pad;
};

_Static_assert(sizeof(struct entry) == 128, "UEFI 2.10, 5.3.3");
_Static_assert(offsetof(struct header, pad) == HEADER_BYTES, "5.3.2");

/* "BIOS boot", 21686148-6449-6E6F-744E-656564454649 */
static const struct guid bios_boot = {"Hah!IdontNeedEFI"};
/* 0FC63DAF-8483-4772-8E79-3D69D8477DE4 */
static const struct guid linux_data = {{0xaf, 0x3d, 0xc6, 0x0f, 0x83, 0x84,
                                        0x72, 0x47, 0x8e, 0x79, 0x3d, 0x69,
                                        0xd8, 0x47, 0x7d, 0xe4}};
/* C12A7328-F81F-11D2-BA4B-00A0C93EC93B */
static const struct guid esp = {{0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11,
                                 0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9,
                                 0x3b}};

static uint32_t crc32(const void *data, size_t len_bytes)
{
    const uint8_t *at = data;
    uint32_t crc = ~0u;

    while (len_bytes-- > 0) {
        crc ^= *at++;
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
        }
    }
    return ~crc;
}

/* RFC 9562, version 4. */
struct guid guid_new(void)
{
    struct guid guid;

    if (getrandom(&guid, sizeof(guid), 0) != (ssize_t)sizeof(guid)) {
        abort();
    }
    guid.bytes[7] = (uint8_t)((guid.bytes[7] & 0x0f) | 0x40);
    guid.bytes[8] = (uint8_t)((guid.bytes[8] & 0x3f) | 0x80);
    return guid;
}

static struct entry make_entry(struct guid type, uint64_t first, uint64_t nr,
                               const char *name)
{
    struct entry e = {type, guid_new(), first, first + nr - 1, 0, {0}};

    for (size_t i = 0; name[i] != '\0'; i++) {
        e.name[i] = (uint8_t)name[i];
    }
    return e;
}

/* One partition over everything, for programs that know no GPT. Marked active:
 * some BIOSes start nothing else. */
static int write_mbr(int fd, uint64_t nr_sectors, struct err *err)
{
    uint8_t table[MBR_END + 2 - MBR_TABLE] = {0x80, 0,    2,    0, 0xee,
                                              0xff, 0xff, 0xff, 1};
    uint32_t nr =
        nr_sectors - 1 < UINT32_MAX ? (uint32_t)nr_sectors - 1 : UINT32_MAX;

    memcpy(table + 12, &nr, sizeof(nr));
    table[MBR_END - MBR_TABLE] = 0x55;
    table[MBR_END - MBR_TABLE + 1] = 0xaa;
    return memfile_write(fd, table, sizeof(table), MBR_TABLE, err);
}

static int write_table(int fd, struct header h, const struct entry *entries,
                       struct err *err)
{
    h.crc = crc32(&h, HEADER_BYTES);
    if (memfile_write(fd, &h, HEADER_BYTES, h.own * SECTOR, err) < 0) {
        return -1;
    }
    return memfile_write(fd, entries, NR_ENTRIES * sizeof(*entries),
                         h.table * SECTOR, err);
}

void guid_text(const struct guid *guid, char text[GUID_TEXT])
{
    static const uint8_t order[16] = {3, 2, 1,  0,  5,  4,  7,  6,
                                      8, 9, 10, 11, 12, 13, 14, 15};

    for (int i = 0; i < 16; i++) {
        bool dash = i == 3 || i == 5 || i == 7 || i == 9;

        text += sprintf(text, dash ? "%02x-" : "%02x", guid->bytes[order[i]]);
    }
}

uint64_t layout_data_first(const struct layout *layout)
{
    return ESP_FIRST + layout->esp_sectors;
}

int gpt_write(int fd, const struct layout *layout, struct err *err)
{
    static struct entry entries[NR_ENTRIES];
    uint64_t nr =
        layout_data_first(layout) + layout->data_sectors + TAIL_SECTORS;
    struct header h = {.signature = "EFI PART",
                       .revision = 0x10000,
                       .header_bytes = HEADER_BYTES,
                       .own = 1,
                       .other = nr - 1,
                       .first_usable = TABLE_FIRST + TABLE_SECTORS,
                       .last_usable = nr - 2 - TABLE_SECTORS,
                       .disk = guid_new(),
                       .table = TABLE_FIRST,
                       .nr_entries = NR_ENTRIES,
                       .entry_bytes = sizeof(struct entry)};

    entries[0] = make_entry(bios_boot, BOOT_FIRST, BOOT_SECTORS, "BIOS boot");
    entries[1] = make_entry(esp, ESP_FIRST, layout->esp_sectors, "EINKORN");
    if (layout->data_sectors != 0) {
        entries[2] = make_entry(linux_data, layout_data_first(layout),
                                layout->data_sectors, "data");
        entries[2].id = layout->data_id;
    }
    h.table_crc = crc32(entries, sizeof(entries));
    if (ftruncate(fd, (off_t)(nr * SECTOR)) < 0) {
        return err_set(err, ERR_TOOL, "disk: %m");
    }
    if (write_mbr(fd, nr, err) < 0 || write_table(fd, h, entries, err) < 0) {
        return -1;
    }
    h.own = nr - 1;
    h.other = 1;
    h.table = nr - 1 - TABLE_SECTORS;
    return write_table(fd, h, entries, err);
}

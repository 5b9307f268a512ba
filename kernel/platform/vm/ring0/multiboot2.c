/* SPDX-License-Identifier: BSD-2-Clause */
/* Multiboot2 Specification 2.0, 3.6: a list of tags. GRUB, from BIOS and UEFI
 * alike. */
#include "kernel/platform/vm/ring0/loader.h"

enum tag_type {
    TAG_END = 0,
    TAG_CMDLINE = 1,
    TAG_MODULE = 3,
    TAG_MEMORY_MAP = 6,
    TAG_ACPI_OLD = 14,
    TAG_ACPI_NEW = 15,
};

enum { MAP_RAM = 1, TAG_ALIGN = 8 };

struct tag {
    uint32_t type, size;
};

struct tag_module {
    struct tag tag;
    uint32_t begin, end;
};

struct tag_memory_map {
    struct tag tag;
    uint32_t entry_size, entry_version;
};

struct map_entry {
    uint64_t base, len_bytes;
    uint32_t type, reserved;
};

static void read_map(struct boot_info *out, const struct tag_memory_map *map)
{
    const char *end = (const char *)map + map->tag.size;
    const char *at = (const char *)(map + 1);

    for (; at + sizeof(struct map_entry) <= end; at += map->entry_size) {
        const struct map_entry *e = (const void *)at;

        if (e->type == MAP_RAM)
            boot_add_ram(out, e->base, e->len_bytes);
        if (map->entry_size < sizeof(*e))
            return;
    }
}

static void read_tag(struct boot_info *out, const struct tag *tag)
{
    const struct tag_module *module = (const void *)tag;

    switch (tag->type) {
    case TAG_CMDLINE:
        out->cmdline = (const char *)(tag + 1);
        break;
    case TAG_MODULE:
        out->module = module->begin;
        out->module_bytes = module->end - module->begin;
        break;
    case TAG_MEMORY_MAP:
        read_map(out, (const void *)tag);
        break;
    case TAG_ACPI_OLD:
    case TAG_ACPI_NEW: /* a copy of the RSDP itself */
        out->rsdp = (phys_t)(tag + 1) - DIRECT_MAP;
        break;
    default:
        break;
    }
}

void multiboot2_read(struct boot_info *out, phys_t info)
{
    const uint32_t *head = phys_to_virt(info); /* total size, reserved */
    const char *at = (const char *)(head + 2),
               *end = (const char *)head + *head;

    while (at + sizeof(struct tag) <= end) {
        const struct tag *tag = (const void *)at;

        if (tag->type == TAG_END || tag->size < sizeof(*tag))
            return;
        read_tag(out, tag);
        at += (tag->size + TAG_ALIGN - 1) & ~(TAG_ALIGN - 1u);
    }
}

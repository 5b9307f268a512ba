/* SPDX-License-Identifier: BSD-2-Clause */
/* The ESP's file system, by mtools: see disk.h. */
#include <inttypes.h>
#include <stdio.h>

#include "host/export/disk.h"
#include "host/instance/dirs.h"

/* mformat's own choice is FAT16 up to here. */
enum { FAT32_SECTORS = 512 * 2048 };

static int format(const char *image, uint64_t esp_sectors, struct err *err)
{
    char sectors[24];
    const char *argv[] = {"mformat",
                          "-i",
                          image,
                          "-v",
                          "EINKORN",
                          "-T",
                          sectors,
                          "-h",
                          "255",
                          "-s",
                          "63",
                          "-H",
                          "4096",
                          esp_sectors >= FAT32_SECTORS ? "-F" : "::",
                          esp_sectors >= FAT32_SECTORS ? "::" : NULL,
                          NULL};

    _Static_assert(ESP_FIRST == 4096, "-H, the sectors in front");
    snprintf(sectors, sizeof(sectors), "%" PRIu64, esp_sectors);
    return command_run("mtools", argv, err);
}

static int add_file(const char *image, const char *dir, const char *name,
                    const char *folder, struct err *err)
{
    char from[DIR_MAX + 32];
    const char *argv[] = {"mcopy", "-i", image, from, folder, NULL};

    snprintf(from, sizeof(from), "%s/%s", dir, name);
    return command_run("mtools", argv, err);
}

int fat_make(const char *disk, uint64_t esp_sectors, const char *dir,
             struct err *err)
{
    char image[DIR_MAX + 32];
    const char *folders[] = {"mmd",         "-i",      image,          "::/EFI",
                             "::/EFI/BOOT", "::/boot", "::/boot/grub", NULL};

    snprintf(image, sizeof(image), "%s@@%d", disk, ESP_FIRST * SECTOR);
    if (format(image, esp_sectors, err) < 0 ||
        command_run("mtools", folders, err) < 0 ||
        add_file(image, dir, "BOOTX64.EFI", "::/EFI/BOOT", err) < 0 ||
        add_file(image, dir, "grub.cfg", "::/boot/grub", err) < 0 ||
        add_file(image, dir, "einkorn-vm.elf", "::/boot", err) < 0) {
        return -1;
    }
    return add_file(image, dir, "bundle", "::/boot", err);
}

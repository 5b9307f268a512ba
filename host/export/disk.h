/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of a bootable disk, each in a file of its own. */
#ifndef EINKORN_HOST_EXPORT_DISK_H
#define EINKORN_HOST_EXPORT_DISK_H

#include <stdint.h>

#include "host/common/err.h"

enum { SECTOR = 512 };

/* Two partitions, in sectors: what the BIOS starts, and what UEFI reads. */
enum { BOOT_FIRST = 2048, BOOT_SECTORS = 2048, ESP_FIRST = 4096 };

/* GUIDs, as a table holds them and as text. */
struct guid {
    uint8_t bytes[16];
};
enum { GUID_TEXT = 37 };
struct guid guid_new(void);
void guid_text(const struct guid *guid, char text[GUID_TEXT]);

/* Behind the ESP, on a whole MiB: the program's own partition. */
struct layout {
    uint64_t esp_sectors, data_sectors; /* 0: no such partition */
    struct guid data_id;
};
uint64_t layout_data_first(const struct layout *layout);

/* gpt.c: gives the file its size and a partition table (UEFI 2.10, 5.3). */
int gpt_write(int fd, const struct layout *layout, struct err *err);

/* grub.c: makes GRUB's two images in a folder: core.img, BOOTX64.EFI. */
int grub_make_images(const char *dir, struct err *err);
/* Puts core.img and GRUB's boot sector where the BIOS finds them. */
int grub_install(int fd, const char *dir, struct err *err);

/* fat.c: the ESP's file system with these files out of a folder: BOOTX64.EFI,
 * grub.cfg, einkorn-vm.elf, bundle. */
int fat_make(const char *disk, uint64_t esp_sectors, const char *dir,
             struct err *err);

/* command.c: runs a program to its end. package: what to install where it is
 * missing. Its own words go to our stderr. */
int command_run(const char *package, const char *const *argv, struct err *err);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GRUB's images, and the sectors that a BIOS reads: see disk.h. Where boot
 * sector and core image hold the place of what they load next is GRUB's
 * interface with its installer (GRUB 2.06, include/grub/i386/pc/boot.h).
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/export/disk.h"
#include "host/instance/dirs.h"
#include "host/instance/memfile.h"

#define BOOT_IMG "/usr/lib/grub/i386-pc/boot.img"

enum {
    BOOT_KERNEL_SECTOR = 0x5c, /* boot.img: first sector of the core image */
    BOOT_DRIVE_CHECK = 0x66,   /* two bytes of code, only for floppies */
    BOOT_CODE_BYTES = 440,     /* behind it, the disk's signature and table */
    CORE_BLOCK_LIST = 500,     /* core.img: where its second sector lies */
};

enum { CORE_MAX = BOOT_SECTORS * SECTOR };

static int make_image(const char *dir, const char *name, const char *format,
                      const char *prefix, const char *disk, struct err *err)
{
    char out[DIR_MAX + 32];
    const char *argv[] = {
        "grub-mkimage", "-O",  format,   "-o",   out,          "-p", prefix,
        "part_gpt",     "fat", "normal", "echo", "multiboot2", disk, NULL};

    snprintf(out, sizeof(out), "%s/%s", dir, name);
    return command_run("grub-common grub-pc-bin grub-efi-amd64-bin", argv, err);
}

int grub_make_images(const char *dir, struct err *err)
{
    if (make_image(dir, "core.img", "i386-pc", "(,gpt2)/boot/grub", "biosdisk",
                   err) < 0) {
        return -1;
    }
    return make_image(dir, "BOOTX64.EFI", "x86_64-efi", "/boot/grub", NULL,
                      err);
}

/* Reads a whole file; returns its length, or -1. */
static ssize_t read_file(const char *path, void *buf, size_t max,
                         struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : read(fd, buf, max);

    if (len < 0) {
        err_set(err, ERR_TOOL, "read %s: %m (apt-get install grub-pc-bin)",
                path);
    }
    if (fd >= 0) {
        close(fd);
    }
    return len;
}

static int install_core(int fd, const char *dir, struct err *err)
{
    static uint8_t core[CORE_MAX + 1];
    const uint64_t second = BOOT_FIRST + 1;
    char path[DIR_MAX + 16];
    ssize_t len;

    snprintf(path, sizeof(path), "%s/core.img", dir);
    len = read_file(path, core, sizeof(core), err);
    if (len < 0) {
        return -1;
    }
    if (len < SECTOR || len > CORE_MAX) {
        return err_set(err, ERR_TOOL, "%s: %zd bytes do not fit (1 MiB does)",
                       path, len);
    }
    memcpy(core + CORE_BLOCK_LIST, &second, sizeof(second));
    return memfile_write(fd, core, (size_t)len, BOOT_FIRST * SECTOR, err);
}

int grub_install(int fd, const char *dir, struct err *err)
{
    const uint64_t first = BOOT_FIRST;
    uint8_t boot[SECTOR];

    if (install_core(fd, dir, err) < 0) {
        return -1;
    }
    if (read_file(BOOT_IMG, boot, sizeof(boot), err) != sizeof(boot)) {
        return err_set(err, ERR_TOOL, BOOT_IMG ": not a boot sector");
    }
    memcpy(boot + BOOT_KERNEL_SECTOR, &first, sizeof(first));
    memset(boot + BOOT_DRIVE_CHECK, 0x90, 2); /* nop: this is a hard disk */
    return memfile_write(fd, boot, BOOT_CODE_BYTES, 0, err);
}

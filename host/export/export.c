/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `export`, in order: image, boot module, GRUB, disk, format. All is made in a
 * folder beside the file, which is replaced at the end. See export.h.
 */
#include "host/export/export.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/config.h"
#include "host/disk/disk.h"
#include "host/export/disk.h"
#include "host/instance/bundle.h"
#include "host/instance/config.h"
#include "host/instance/memfile.h"

enum { MIB = 1 << 20, ESP_MIN_BYTES = 16 * MIB };

static const struct {
    const char *name, *qemu;
} formats[] = {{"raw", NULL},  {"qcow2", "qcow2"}, {"vmdk", "vmdk"},
               {"vpc", "vpc"}, {"vhd", "vpc"},     {"vdi", "vdi"}};

enum { NR_FORMATS = sizeof(formats) / sizeof(formats[0]) };

static int find_format(const char *name)
{
    int i = 0;

    while (i < NR_FORMATS && strcmp(formats[i].name, name) != 0) {
        i++;
    }
    return i;
}

static bool ip_valid(const char *ip)
{
    unsigned int a, b, c, d, bits;
    int n = 0;

    if (strcmp(ip, "dhcp") == 0 || strcmp(ip, "none") == 0) {
        return true;
    }
    return sscanf(ip, "%u.%u.%u.%u/%u%n", &a, &b, &c, &d, &bits, &n) == 5 &&
           (a | b | c | d) < 256 && bits <= 32 &&
           (ip[n] == '\0' || ip[n] == ',');
}

int export_check(const struct export *export, struct err *err)
{
    if (export->file == NULL || export->file[0] == '\0' ||
        strlen(export->file) > DIR_MAX - 64) {
        return err_set(err, ERR_TOOL, "export: which file? (-o FILE)");
    }
    if (find_format(export->format) == NR_FORMATS) {
        return err_set(err, ERR_TOOL,
                       "--format %s: unknown (use raw, qcow2, vmdk, vhd or "
                       "vdi)",
                       export->format);
    }
    if (!ip_valid(export->ip)) {
        return err_set(err, ERR_TOOL,
                       "--ip %s: not an address (use dhcp, none or "
                       "10.0.0.2/24,10.0.0.1: address, bits, gateway)",
                       export->ip);
    }
    return 0;
}

/* ---- the folder's files ---- */

static void add_ip(struct strings *out, const char *ip)
{
    const char *comma = strchr(ip, ',');

    if (strcmp(ip, "none") == 0) {
        return;
    }
    strings_addf(out, "net0.ip", "%.*s",
                 (int)(comma != NULL ? comma - ip : (long)strlen(ip)), ip);
    if (comma != NULL) {
        strings_add(out, "net0.gw", comma + 1);
    }
}

static size_t build_config(char block[ABI_CONFIG_MAX], const struct plan *plan,
                           const char *ip, struct err *err)
{
    static const struct volumes no_volumes;
    struct strings config;
    size_t len;

    strings_init(&config, block, ABI_CONFIG_MAX);
    config_build(&config, plan, &no_volumes);
    add_ip(&config, ip);
    len = strings_end(&config);
    if (len == 0) {
        err_set(err, ERR_TOOL,
                "arguments and environment: longer than %u bytes",
                ABI_CONFIG_MAX);
    }
    return len;
}

static int create(const char *dir, const char *name, struct err *err)
{
    char path[DIR_MAX + 32];
    int fd;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) {
        err_set(err, ERR_TOOL, "create %s: %m", path);
    }
    return fd;
}

static int64_t write_bundle(const char *dir, struct bundle *bundle,
                            struct err *err)
{
    int fd = create(dir, "bundle", err);
    int64_t len = fd < 0 ? -1 : bundle_write(bundle, fd, err);

    if (fd >= 0) {
        close(fd);
    }
    return len;
}

static int write_grub_cfg(const char *dir, struct err *err)
{
    static const char text[] = "multiboot2 /boot/einkorn-vm.elf\n"
                               "module2 /boot/bundle\n"
                               "boot\n";
    int fd = create(dir, "grub.cfg", err), rc;

    if (fd < 0) {
        return -1;
    }
    rc = memfile_write(fd, text, sizeof(text) - 1, 0, err);
    close(fd);
    return rc;
}

static int copy_shim(const struct dirs *dirs, const char *dir, struct err *err)
{
    char path[DIR_MAX + 32];
    int from, to, rc = -1;

    snprintf(path, sizeof(path), "%s/einkorn-vm.elf", dirs->libexec);
    from = open(path, O_RDONLY | O_CLOEXEC);
    if (from < 0) {
        return err_set(err, ERR_TOOL, "open %s: %m (is it installed?)", path);
    }
    to = create(dir, "einkorn-vm.elf", err);
    if (to >= 0) {
        rc = memfile_copy(to, from, 0, err) < 0 ? -1 : 0;
        close(to);
    }
    close(from);
    return rc;
}

/* ---- the disk ---- */

/* Room for the module, GRUB and the file system's own tables, whole MiB. */
static uint64_t esp_sectors(int64_t bundle_bytes)
{
    uint64_t bytes =
        (uint64_t)bundle_bytes + (uint64_t)bundle_bytes / 64 + 6 * MIB;

    if (bytes < ESP_MIN_BYTES) {
        bytes = ESP_MIN_BYTES;
    }
    return (bytes + MIB - 1) / MIB * (MIB / SECTOR);
}

static int make_data(const char *path, const struct layout *layout,
                     const struct spec *spec, struct err *err)
{
    struct disk_make make = {.path = path,
                             .offset = layout_data_first(layout) * SECTOR,
                             .len_bytes = layout->data_sectors * SECTOR,
                             .uid = spec->uid,
                             .gid = spec->gid};

    return layout->data_sectors == 0 ? 0 : disk_format(&make, err);
}

static int make_disk(const char *dir, const struct layout *layout,
                     const struct spec *spec, struct err *err)
{
    char path[DIR_MAX + 32];
    int fd = create(dir, "disk", err), rc;

    if (fd < 0) {
        return -1;
    }
    snprintf(path, sizeof(path), "%s/disk", dir);
    rc = gpt_write(fd, layout, err) < 0 || grub_install(fd, dir, err) < 0 ||
                 fat_make(path, layout->esp_sectors, dir, err) < 0 ||
                 make_data(path, layout, spec, err) < 0
             ? -1
             : 0;
    close(fd);
    return rc;
}

/* The size is kept to the byte: the table has a copy at the end. */
static int convert(const char *dir, const char *format, struct err *err)
{
    char from[DIR_MAX + 32], to[DIR_MAX + 32];
    const char *argv[] = {"qemu-img", "convert", "-f", "raw", "-O", format,
                          from,       to,        NULL, NULL,  NULL};

    if (format == NULL) {
        return 0;
    }
    snprintf(from, sizeof(from), "%s/disk", dir);
    snprintf(to, sizeof(to), "%s/converted", dir);
    if (strcmp(format, "vpc") == 0) {
        argv[6] = "-o";
        argv[7] = "force_size=on";
        argv[8] = from;
        argv[9] = to;
    }
    return command_run("qemu-utils", argv, err);
}

static int finish(const char *dir, const struct export *export,
                  const char *format, struct err *err)
{
    char path[DIR_MAX + 32];

    snprintf(path, sizeof(path), "%s/%s", dir,
             format != NULL ? "converted" : "disk");
    if (rename(path, export->file) < 0) {
        return err_set(err, ERR_TOOL, "write %s: %m", export->file);
    }
    return 0;
}

static void remove_folder(const char *dir)
{
    static const char *const names[] = {
        "bundle", "grub.cfg",  "core.img",      "BOOTX64.EFI",
        "disk",   "converted", "einkorn-vm.elf"};
    char path[DIR_MAX + 32];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
        unlink(path);
    }
    rmdir(dir);
}

static int build(const char *dir, struct bundle *bundle,
                 const struct export *export, struct layout *layout,
                 const struct spec *spec, struct err *err)
{
    const char *format = formats[find_format(export->format)].qemu;
    int64_t len = write_bundle(dir, bundle, err);

    layout->esp_sectors = esp_sectors(len);
    if (len < 0 || write_grub_cfg(dir, err) < 0 ||
        copy_shim(bundle->dirs, dir, err) < 0 ||
        grub_make_images(dir, err) < 0 ||
        make_disk(dir, layout, spec, err) < 0 ||
        convert(dir, format, err) < 0) {
        return -1;
    }
    return finish(dir, export, format, err);
}

/* The program finds its partition by the GUID, on whatever disk. */
static void add_data(struct spec *spec, const struct export *export,
                     struct layout *layout)
{
    static char text[GUID_TEXT];

    layout->data_sectors =
        (export->data_bytes + MIB - 1) / MIB * (MIB / SECTOR);
    if (layout->data_sectors == 0) {
        return;
    }
    layout->data_id = guid_new();
    guid_text(&layout->data_id, text);
    spec->disks[spec->nr_disks++] = (struct disk){
        .target = export->data_target, .fd = -1, .partuuid = text};
}

int export_image(const struct dirs *dirs, struct spec *spec,
                 const struct export *export, struct err *err)
{
    static char block[ABI_CONFIG_MAX];
    static struct image image;
    static const struct network no_network = {.kind = NETWORK_NONE,
                                              .dev_fd = -1};
    struct plan plan = {.spec = spec,
                        .image = &image,
                        .net = &no_network,
                        .id = "einkorn",
                        .name = "einkorn"};
    struct layout layout = {0};
    struct bundle bundle = {.dirs = dirs, .image = &image, .config = block};
    char dir[DIR_MAX];
    int rc;

    if (export_check(export, err) < 0 ||
        image_prepare(&image, dirs, spec, err) < 0) {
        return -1;
    }
    add_data(spec, export, &layout);
    bundle.flags = bundle_flags(spec);
    bundle.config_len = build_config(block, &plan, export->ip, err);
    if (bundle.config_len == 0) {
        return -1;
    }
    snprintf(dir, sizeof(dir), "%s.XXXXXX", export->file);
    if (mkdtemp(dir) == NULL) {
        return err_set(err, ERR_TOOL,
                       "-o %s: a folder for the "
                       "work beside it: %m",
                       export->file);
    }
    rc = build(dir, &bundle, export, &layout, spec, err);
    remove_folder(dir);
    return rc;
}

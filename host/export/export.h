/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `export`: a disk that boots an image as a virtual machine, by BIOS and by
 * UEFI: GRUB, the shim and the boot module (docs/vm.md, "Disks").
 */
#ifndef EINKORN_HOST_EXPORT_EXPORT_H
#define EINKORN_HOST_EXPORT_EXPORT_H

#include "host/instance/dirs.h"
#include "host/instance/spec.h"

struct export
{
    const char *file;        /* to write; replaced when all went well */
    const char *format;      /* raw, qcow2, vmdk, vpc (or vhd) or vdi */
    uint64_t data_bytes;     /* of a partition for data; 0: none */
    const char *data_target; /* where it is mounted */
    const char *ip;          /* "dhcp", "none" or ADDRESS/BITS[,GATEWAY] */
};

/* Checks the three strings alone. */
int export_check(const struct export *export, struct err *err);

/* Writes the disk of what the spec describes. */
int export_image(const struct dirs *dirs, struct spec *spec,
                 const struct export *export, struct err *err);

#endif

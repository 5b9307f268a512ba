/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GUID partition tables, as far as finding one partition needs them.
 */
#ifndef EINKORN_KERNEL_FS_EXT4_PARTITION_H
#define EINKORN_KERNEL_FS_EXT4_PARTITION_H

#include <stdbool.h>

#include "kernel/fs/ext4/mount.h"

/* The partition with this GUID of its own (8-4-4-4-12 hexadecimal digits, as
 * lsblk's PARTUUID) on the first device that has it. False: there is none. */
bool ext4_find_partition(const char *guid, struct ext4_place *out);

#endif

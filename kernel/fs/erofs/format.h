/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * EROFS on disk; little-endian. Linux's fs/erofs/erofs_fs.h names the fields.
 */
#ifndef EINKORN_KERNEL_FS_EROFS_FORMAT_H
#define EINKORN_KERNEL_FS_EROFS_FORMAT_H

#include <stdint.h>

enum {
    EROFS_SUPER_OFF = 1024,
    EROFS_SLOT_BYTES = 32, /* inode numbers count these */
    EROFS_XATTR_HEADER = 12,
};
#define EROFS_MAGIC 0xe0f5e1e2u
/* The only incompatible feature that does not matter without compression. */
#define EROFS_INCOMPAT_ZERO_PADDING 1u

struct erofs_super_disk {
    uint32_t magic, checksum, feature_compat;
    uint8_t block_bits, sb_extslots;
    uint16_t root_nid;
    uint64_t nr_inodes, build_time;
    uint32_t build_time_nsec, nr_blocks, meta_block, xattr_block;
    uint8_t uuid[16], volume_name[16];
    uint32_t feature_incompat;
    uint8_t reserved[44];
};

enum { EROFS_FLAT_PLAIN = 0, EROFS_FLAT_INLINE = 2 };

struct erofs_inode_compact {
    uint16_t format, xattr_count, mode, nlink;
    uint32_t size, reserved, block_or_rdev, ino;
    uint16_t uid, gid;
    uint32_t reserved2;
};

struct erofs_inode_extended {
    uint16_t format, xattr_count, mode, reserved;
    uint64_t size;
    uint32_t block_or_rdev, ino, uid, gid;
    uint64_t mtime;
    uint32_t mtime_nsec, nlink;
    uint8_t reserved2[16];
};

struct erofs_dirent_disk {
    uint64_t nid;
    uint16_t name_off;
    uint8_t type, reserved;
} __attribute__((packed));

struct erofs_xattr_header {
    uint32_t filter;
    uint8_t nr_shared, reserved[7];
};

struct erofs_xattr_entry {
    uint8_t name_len, prefix;
    uint16_t value_len;
};

_Static_assert(sizeof(struct erofs_super_disk) == 128, "erofs");
_Static_assert(sizeof(struct erofs_inode_compact) == 32, "erofs");
_Static_assert(sizeof(struct erofs_inode_extended) == 64, "erofs");
_Static_assert(sizeof(struct erofs_dirent_disk) == 12, "erofs");

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The EROFS on-disk format as far as an uncompressed image needs it, after
 * Linux's Documentation/filesystems/erofs.rst. Little-endian throughout.
 */
#ifndef EINKORN_HOST_COMMON_EROFS_FORMAT_H
#define EINKORN_HOST_COMMON_EROFS_FORMAT_H

#include <stdint.h>

enum {
    EROFS_SUPER_OFFSET = 1024,
    EROFS_SUPER_MAGIC = (int)0xe0f5e1e2u,
    EROFS_BLOCK_BITS = 12,
    EROFS_BLOCK = 1 << EROFS_BLOCK_BITS,
    EROFS_SLOT = 32,            /* an inode number counts in these */
    EROFS_EXTENDED = 1,         /* i_format bit 0 */
    EROFS_FLAT_PLAIN = 0 << 1,  /* i_format bits 1 to 3 */
    EROFS_FLAT_INLINE = 2 << 1, /* the last part is behind the inode */
};

enum erofs_file_type {
    EROFS_FT_REG = 1,
    EROFS_FT_DIR,
    EROFS_FT_CHR,
    EROFS_FT_BLK,
    EROFS_FT_FIFO,
    EROFS_FT_SOCK,
    EROFS_FT_SYMLINK,
};

struct erofs_super {
    uint32_t magic;
    uint32_t checksum;
    uint32_t feature_compat;
    uint8_t blkszbits;
    uint8_t sb_extslots;
    uint16_t root_nid;
    uint64_t inos;
    uint64_t build_time;
    uint32_t build_time_nsec;
    uint32_t blocks;
    uint32_t meta_blkaddr;
    uint32_t xattr_blkaddr;
    uint8_t uuid[16];
    uint8_t volume_name[16];
    uint32_t feature_incompat;
    uint16_t compr_algs;
    uint16_t extra_devices;
    uint16_t devt_slotoff;
    uint8_t dirblkbits;
    uint8_t reserved[37];
};

struct erofs_inode {
    uint16_t i_format;
    uint16_t i_xattr_icount;
    uint16_t i_mode;
    uint16_t i_reserved;
    uint64_t i_size;
    uint32_t i_u; /* block address of the data, or device number */
    uint32_t i_ino;
    uint32_t i_uid;
    uint32_t i_gid;
    uint64_t i_mtime;
    uint32_t i_mtime_nsec;
    uint32_t i_nlink;
    uint8_t i_reserved2[16];
};

struct erofs_dirent {
    uint64_t nid;
    uint16_t nameoff;
    uint8_t file_type;
    uint8_t reserved;
} __attribute__((packed));

_Static_assert(sizeof(struct erofs_super) == 128, "erofs");
_Static_assert(sizeof(struct erofs_inode) == 64, "erofs");
_Static_assert(sizeof(struct erofs_dirent) == 12, "erofs");

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ext4 on disk, as the kernel's documentation describes it ("ext4 Data
 * Structures and Algorithms"): little-endian, except for the journal (jbd2),
 * which is big-endian. Only what is used here has a name.
 */
#ifndef EINKORN_KERNEL_FS_EXT4_FORMAT_H
#define EINKORN_KERNEL_FS_EXT4_FORMAT_H

#include <stddef.h>
#include <stdint.h>

enum {
    EXT4_SUPER_OFFSET = 1024,
    EXT4_SUPER_BYTES = 1024,
    EXT4_MAGIC = 0xef53,
    EXT4_ROOT_INO = 2,
    EXT4_JOURNAL_INO = 8,
    EXT4_GOOD_OLD_INODE_BYTES = 128,
    EXT4_LINK_MAX = 65000,
};

enum { EXT4_STATE_VALID = 1, EXT4_STATE_ERROR = 2 };

/* s_feature_compat */
enum { EXT4_HAS_JOURNAL = 0x4, EXT4_SPARSE_SUPER2 = 0x200 };
/* s_feature_incompat */
enum {
    EXT4_FILETYPE = 0x2,
    EXT4_RECOVER = 0x4,
    EXT4_EXTENTS = 0x40,
    EXT4_64BIT = 0x80,
    EXT4_FLEX_BG = 0x200,
    EXT4_CSUM_SEED = 0x2000,
};
/* s_feature_ro_compat */
enum {
    EXT4_SPARSE_SUPER = 0x1,
    EXT4_LARGE_FILE = 0x2,
    EXT4_HUGE_FILE = 0x8,
    EXT4_DIR_NLINK = 0x20,
    EXT4_EXTRA_ISIZE = 0x40,
    EXT4_METADATA_CSUM = 0x400,
    EXT4_ORPHAN_PRESENT = 0x10000,
};

struct ext4_super {
    uint32_t inodes_count, blocks_count_lo, r_blocks_count_lo;
    uint32_t free_blocks_lo, free_inodes, first_data_block;
    uint32_t log_block_size, log_cluster_size;
    uint32_t blocks_per_group, clusters_per_group, inodes_per_group;
    uint32_t mtime, wtime;
    uint16_t mnt_count, max_mnt_count, magic, state, errors, minor_rev;
    uint32_t lastcheck, checkinterval, creator_os, rev_level;
    uint16_t def_resuid, def_resgid;
    uint32_t first_ino;
    uint16_t inode_size, block_group_nr;
    uint32_t feature_compat, feature_incompat, feature_ro_compat;
    uint8_t uuid[16];
    char volume_name[16], last_mounted[64];
    uint32_t algorithm_usage;
    uint8_t prealloc_blocks, prealloc_dir_blocks;
    uint16_t reserved_gdt_blocks;
    uint8_t journal_uuid[16];
    uint32_t journal_inum, journal_dev, last_orphan, hash_seed[4];
    uint8_t def_hash_version, jnl_backup_type;
    uint16_t desc_size;
    uint32_t default_mount_opts, first_meta_bg, mkfs_time;
    uint32_t jnl_blocks[17];
    uint32_t blocks_count_hi, r_blocks_count_hi, free_blocks_hi;
    uint16_t min_extra_isize, want_extra_isize;
    uint32_t flags;
    uint8_t unused0[0x175 - 0x164];
    uint8_t checksum_type;
    uint8_t unused1[0x270 - 0x176];
    uint32_t checksum_seed;
    uint8_t unused2[0x3fc - 0x274];
    uint32_t checksum;
};
_Static_assert(offsetof(struct ext4_super, uuid) == 0x68, "ext4");
_Static_assert(offsetof(struct ext4_super, last_orphan) == 0xe8, "ext4");
_Static_assert(offsetof(struct ext4_super, desc_size) == 0xfe, "ext4");
_Static_assert(offsetof(struct ext4_super, flags) == 0x160, "ext4");
_Static_assert(sizeof(struct ext4_super) == EXT4_SUPER_BYTES, "ext4");

/* Group descriptor flags */
enum {
    EXT4_BG_INODE_UNINIT = 1,
    EXT4_BG_BLOCK_UNINIT = 2,
    EXT4_BG_INODE_ZEROED = 4,
};

struct ext4_group {
    uint32_t block_bitmap_lo, inode_bitmap_lo, inode_table_lo;
    uint16_t free_blocks_lo, free_inodes_lo, used_dirs_lo, flags;
    uint32_t exclude_bitmap_lo;
    uint16_t block_bitmap_csum_lo, inode_bitmap_csum_lo;
    uint16_t itable_unused_lo, checksum;
    /* 64bit alone */
    uint32_t block_bitmap_hi, inode_bitmap_hi, inode_table_hi;
    uint16_t free_blocks_hi, free_inodes_hi, used_dirs_hi, itable_unused_hi;
    uint32_t exclude_bitmap_hi;
    uint16_t block_bitmap_csum_hi, inode_bitmap_csum_hi;
    uint32_t reserved;
};
enum { EXT4_GROUP_SHORT = 32, EXT4_GROUP_LONG = 64 };
_Static_assert(sizeof(struct ext4_group) == EXT4_GROUP_LONG, "ext4");

/* i_flags */
enum {
    EXT4_IMMUTABLE_FL = 0x10,
    EXT4_APPEND_FL = 0x20,
    EXT4_INDEX_FL = 0x1000,
    EXT4_HUGE_FILE_FL = 0x40000,
    EXT4_EXTENTS_FL = 0x80000,
    EXT4_EA_INODE_FL = 0x200000,
    EXT4_INLINE_DATA_FL = 0x10000000,
};

enum { EXT4_BLOCK_AREA = 60 };

struct ext4_inode {
    uint16_t mode, uid_lo;
    uint32_t size_lo, atime, ctime, mtime, dtime;
    uint16_t gid_lo, links;
    uint32_t blocks_lo, flags, version;
    uint8_t block[EXT4_BLOCK_AREA];
    uint32_t generation, file_acl_lo, size_hi, obso_faddr;
    uint16_t blocks_hi, file_acl_hi, uid_hi, gid_hi, checksum_lo, reserved;
    /* from 128 on, as far as extra_isize says */
    uint16_t extra_isize, checksum_hi;
    uint32_t ctime_extra, mtime_extra, atime_extra, crtime, crtime_extra;
    uint32_t version_hi, projid;
};
_Static_assert(offsetof(struct ext4_inode, block) == 0x28, "ext4");
_Static_assert(offsetof(struct ext4_inode, checksum_lo) == 0x7c, "ext4");
_Static_assert(sizeof(struct ext4_inode) == 160, "ext4");

/* Extent trees: a header, then extents (depth 0) or indices. */
enum {
    EXT4_EXTENT_MAGIC = 0xf30a,
    EXT4_EXTENT_DEPTH_MAX = 5,
    EXT4_EXTENT_LEN_MAX = 32768, /* longer: unwritten, by so much less */
};

struct ext4_extent_header {
    uint16_t magic, entries, max, depth;
    uint32_t generation;
};

struct ext4_extent {
    uint32_t block;
    uint16_t len, start_hi;
    uint32_t start_lo;
};

struct ext4_index {
    uint32_t block, leaf_lo;
    uint16_t leaf_hi, unused;
};
_Static_assert(sizeof(struct ext4_extent) == 12, "ext4");
_Static_assert(sizeof(struct ext4_index) == 12, "ext4");

/* Directory entries: multiples of four bytes, together a whole block. */
struct ext4_dirent {
    uint32_t inode;
    uint16_t rec_len;
    uint8_t name_len, type;
    char name[];
};

/* The last entry of a block with checksum looks like an unused one. */
struct ext4_dir_tail {
    uint32_t inode;
    uint16_t rec_len;
    uint8_t name_len, type;
    uint32_t checksum;
};
enum { EXT4_DIR_TAIL_TYPE = 0xde, EXT4_DIR_TAIL_BYTES = 12 };

/* Hashed directories: what follows "." and ".." in the first block. */
struct ext4_hash_info {
    uint32_t reserved;
    uint8_t version, info_len, levels, flags;
};
struct ext4_hash_entry { /* the first one's hash is limit and count */
    uint32_t hash, block;
};

/* Extended attributes */
enum { EXT4_XATTR_MAGIC = 0xea020000 };

struct ext4_xattr_header {
    uint32_t magic, refcount, blocks, hash, checksum, reserved[3];
};

struct ext4_xattr_entry {
    uint8_t name_len, name_index;
    uint16_t value_offs;
    uint32_t value_inum, value_size, hash;
    char name[];
};

/* ---- the journal ------------------------------------------------------- */

#define JBD2_MAGIC 0xc03b3998u

enum {
    JBD2_DESCRIPTOR = 1,
    JBD2_COMMIT = 2,
    JBD2_SUPER_V1 = 3,
    JBD2_SUPER_V2 = 4,
    JBD2_REVOKE = 5,
};
/* feature_incompat */
enum {
    JBD2_F_REVOKE = 1,
    JBD2_F_64BIT = 2,
    JBD2_F_ASYNC_COMMIT = 4,
    JBD2_F_CSUM_V2 = 8,
    JBD2_F_CSUM_V3 = 16,
};
/* tag flags */
enum { JBD2_ESCAPED = 1, JBD2_SAME_UUID = 2, JBD2_LAST_TAG = 8 };
enum { JBD2_CRC32C = 4 };

struct jbd2_header {
    uint32_t magic, type, sequence;
};

struct jbd2_super {
    struct jbd2_header h;
    uint32_t blocksize, maxlen, first;
    uint32_t sequence, start, err;
    uint32_t feature_compat, feature_incompat, feature_ro_compat;
    uint8_t uuid[16];
    uint32_t nr_users, dynsuper, max_transaction, max_trans_data;
    uint8_t checksum_type, pad[3];
    uint32_t num_fc_blocks, head, padding[40];
    uint32_t checksum;
    uint8_t users[16 * 48];
};
_Static_assert(offsetof(struct jbd2_super, checksum) == 0xfc, "jbd2");
_Static_assert(sizeof(struct jbd2_super) == 1024, "jbd2");

struct jbd2_tag3 {
    uint32_t block, flags, block_hi, checksum;
};

struct jbd2_revoke {
    struct jbd2_header h;
    uint32_t count; /* bytes used, this header included */
};

struct jbd2_commit {
    struct jbd2_header h;
    uint8_t checksum_type, checksum_size, pad[2];
    uint32_t checksum[8];
    uint32_t sec_hi, sec_lo, nsec;
};
_Static_assert(sizeof(struct jbd2_commit) == 60, "jbd2");

#endif

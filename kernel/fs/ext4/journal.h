/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to the journal: where it lies, and its words' byte order.
 */
#ifndef EINKORN_KERNEL_FS_EXT4_JOURNAL_H
#define EINKORN_KERNEL_FS_EXT4_JOURNAL_H

#include "kernel/fs/ext4/ext4.h"

/* Blocks of the journal that lie in a row on the device. */
struct journal_run {
    uint32_t log, len;
    uint64_t block;
};

enum { BATCH_BLOCKS = 16 };

struct ext4_journal {
    struct jbd2_super *super;
    struct journal_run *runs;
    uint32_t nr_runs;
    uint32_t maxlen, first, incompat, seed;
    bool csum;
    uint32_t sequence; /* of the next transaction */
    uint32_t head;     /* where it begins */
    uint32_t free;     /* blocks from there on that may be overwritten */
    /* blocks on their way to the log */
    uint8_t *batch;
    uint64_t batch_block;
    uint32_t nr_batch;
    uint8_t *descriptor;
};

static inline uint32_t be32(uint32_t v)
{
    return __builtin_bswap32(v);
}

static inline uint16_t be16(uint16_t v)
{
    return __builtin_bswap16(v);
}

/* Device block of a block of the log; 0 if there is no such one. */
uint64_t ext4_log_block(const struct ext4_journal *j, uint32_t log);
/* The block of the log behind this one. */
static inline uint32_t ext4_log_next(const struct ext4_journal *j, uint32_t log)
{
    return log + 1 < j->maxlen ? log + 1 : j->first;
}
int ext4_journal_write_super(struct ext4 *fs);
/* replay.c: brings what was committed to its places; *next: the sequence to go
 * on with. */
int ext4_journal_replay(struct ext4 *fs, struct ext4_journal *j,
                        uint32_t *next);

#endif

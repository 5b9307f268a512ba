/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random bytes: a buffer of ChaCha20 output whose first 32 bytes become the
 * next key at once (fast key erasure), so that what was given out cannot be
 * computed again. Served bytes are wiped.
 */
#include "kernel/core/random.h"

#include "kernel/core/chacha20.h"
#include "kernel/core/cpu.h"
#include "lib/string.h"

enum { NR_BLOCKS = 8, RESEED_BYTES = 1 << 20 };

static struct {
    uint32_t key[8];
    uint8_t buf[NR_BLOCKS * CHACHA20_BLOCK_BYTES];
    size_t used; /* bytes of buf given out */
    size_t since_reseed;
} rng = {.used = sizeof(rng.buf)};

static void mix(const uint8_t *seed)
{
    uint32_t word;

    for (int i = 0; i < 8; i++) {
        memcpy(&word, seed + 4 * i, 4);
        rng.key[i] ^= word;
    }
}

static void reseed(void)
{
    uint8_t seed[CHACHA20_KEY_BYTES];

    rng.since_reseed = 0;
    if (platform.ops.random(seed, sizeof(seed)) >= 0)
        mix(seed);
}

static void refill(void)
{
    static const uint32_t nonce[3];

    if (rng.since_reseed >= RESEED_BYTES)
        reseed();
    for (uint32_t i = 0; i < NR_BLOCKS; i++)
        chacha20_block(rng.key, i, nonce,
                       (uint32_t *)(rng.buf + i * CHACHA20_BLOCK_BYTES));
    memcpy(rng.key, rng.buf, sizeof(rng.key));
    memset(rng.buf, 0, sizeof(rng.key));
    rng.used = sizeof(rng.key);
    rng.since_reseed += sizeof(rng.buf);
}

void random_init(void)
{
    mix(platform.boot->entropy);
    reseed();
    rng.used = sizeof(rng.buf);
}

void random_bytes(void *buf, size_t len_bytes)
{
    uint8_t *to = buf;

    while (len_bytes) {
        size_t n = sizeof(rng.buf) - rng.used;

        if (n == 0) {
            refill();
            continue;
        }
        if (n > len_bytes)
            n = len_bytes;
        memcpy(to, rng.buf + rng.used, n);
        memset(rng.buf + rng.used, 0, n);
        rng.used += n;
        to += n;
        len_bytes -= n;
    }
}

uint64_t random_u64(void)
{
    uint64_t value;

    random_bytes(&value, sizeof(value));
    return value;
}

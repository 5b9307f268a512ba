/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random bytes: the processor's generator where there is one. The bundle's
 * seed, fresh for each start, is mixed in by a generator of its own, so that
 * neither source alone is trusted: ChaCha20 (RFC 8439, 2.3), rekeyed from its
 * own output after each request.
 */
#include "kernel/platform/vm/ring3/ring3.h"
#include "lib/string.h"

static uint32_t key[8];
static uint64_t counter;
static bool has_rdrand;

static bool rdrand(uint64_t *out)
{
    bool ok = false;

    for (int i = 0; i < 10 && has_rdrand && !ok; i++)
        __asm__ volatile("rdrand %0" : "=r"(*out), "=@ccc"(ok));
    return ok;
}

static uint32_t rotl(uint32_t v, int n)
{
    return v << n | v >> (32 - n);
}

static void quarter(uint32_t x[16], int a, int b, int c, int d)
{
    x[a] += x[b], x[d] = rotl(x[d] ^ x[a], 16);
    x[c] += x[d], x[b] = rotl(x[b] ^ x[c], 12);
    x[a] += x[b], x[d] = rotl(x[d] ^ x[a], 8);
    x[c] += x[d], x[b] = rotl(x[b] ^ x[c], 7);
}

static void chacha_block(uint32_t out[16])
{
    uint32_t in[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};

    memcpy(in + 4, key, sizeof(key));
    memcpy(in + 12, &counter, sizeof(counter));
    counter++;
    memcpy(out, in, sizeof(in));
    for (int i = 0; i < 10; i++) {
        for (int j = 0; j < 4; j++)
            quarter(out, j, 4 + j, 8 + j, 12 + j);
        for (int j = 0; j < 4; j++)
            quarter(out, j, 4 + (j + 1) % 4, 8 + (j + 2) % 4, 12 + (j + 3) % 4);
    }
    for (int i = 0; i < 16; i++)
        out[i] += in[i];
}

static void stir(void)
{
    uint32_t block[16];
    uint64_t fresh;

    chacha_block(block);
    memcpy(key, block, sizeof(key));
    for (int i = 0; i < 8; i += 2)
        if (rdrand(&fresh)) {
            key[i] ^= (uint32_t)fresh;
            key[i + 1] ^= (uint32_t)(fresh >> 32);
        }
}

void random_init(const uint8_t seed[32])
{
    uint32_t leaf[4];

    cpuid(1, 0, leaf);
    has_rdrand = leaf[2] & 1u << 30;
    memcpy(key, seed, sizeof(key));
    counter = rdtsc();
    stir();
}

void random_mix(const uint8_t *bytes, uint32_t len_bytes)
{
    uint8_t *into = (uint8_t *)key;

    for (uint32_t i = 0; i < len_bytes; i++) {
        into[i % sizeof(key)] ^= bytes[i];
        if (i % sizeof(key) == sizeof(key) - 1)
            stir();
    }
    stir();
}

int64_t random_bytes(void *buf, uint64_t len_bytes)
{
    uint32_t block[16];
    char *dst = buf;

    for (uint64_t left = len_bytes; left;) {
        uint64_t n = left < sizeof(block) ? left : sizeof(block);

        chacha_block(block);
        memcpy(dst, block, n);
        dst += n;
        left -= n;
    }
    memset(block, 0, sizeof(block));
    stir();
    return 0;
}

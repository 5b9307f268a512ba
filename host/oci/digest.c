/* SPDX-License-Identifier: BSD-2-Clause */
/* sha256 digests as text: see digest.h. */
#include "host/oci/digest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/common/err.h"

static const char prefix[] = "sha256:";

enum { PREFIX_LEN = sizeof(prefix) - 1 };

bool digest_valid(const char *text)
{
    return strncmp(text, prefix, PREFIX_LEN) == 0 &&
           strlen(text) == PREFIX_LEN + DIGEST_HEX_LEN &&
           strspn(text + PREFIX_LEN, "0123456789abcdef") == DIGEST_HEX_LEN;
}

const char *digest_hex(const char *text)
{
    return text + PREFIX_LEN;
}

static void must(int ok)
{
    if (!ok) {
        fputs("einkorn: sha256 does not work\n", stderr);
        exit(ERR_TOOL);
    }
}

EVP_MD_CTX *digest_start(void)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    must(ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL));
    return ctx;
}

void digest_add(EVP_MD_CTX *ctx, const void *data, size_t len)
{
    must(EVP_DigestUpdate(ctx, data, len));
}

void digest_end(EVP_MD_CTX *ctx, char text[DIGEST_TEXT_MAX])
{
    unsigned char bytes[EVP_MAX_MD_SIZE];

    must(EVP_DigestFinal_ex(ctx, bytes, NULL));
    EVP_MD_CTX_free(ctx);
    strcpy(text, prefix);
    for (int i = 0; i < DIGEST_HEX_LEN / 2; i++)
        snprintf(text + PREFIX_LEN + 2 * i, 3, "%02x", bytes[i]);
}

void digest_bytes(const void *data, size_t len, char text[DIGEST_TEXT_MAX])
{
    EVP_MD_CTX *ctx = digest_start();

    digest_add(ctx, data, len);
    digest_end(ctx, text);
}

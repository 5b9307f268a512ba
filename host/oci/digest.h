/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Digests as OCI descriptors write them (image-spec, descriptor.md): only
 * sha256 is known here.
 */
#ifndef EINKORN_HOST_OCI_DIGEST_H
#define EINKORN_HOST_OCI_DIGEST_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>

enum { DIGEST_HEX_LEN = 64, DIGEST_TEXT_MAX = 7 + DIGEST_HEX_LEN + 1 };

/* Is it "sha256:" and 64 lower case hex digits? */
bool digest_valid(const char *text);

/* The hex digits of a valid digest. */
const char *digest_hex(const char *text);

/* "sha256:..." of some bytes. */
void digest_bytes(const void *data, size_t len, char text[DIGEST_TEXT_MAX]);

/* A running hash. */
EVP_MD_CTX *digest_start(void);
void digest_add(EVP_MD_CTX *ctx, const void *data, size_t len);
void digest_end(EVP_MD_CTX *ctx, char text[DIGEST_TEXT_MAX]); /* frees ctx */

#endif

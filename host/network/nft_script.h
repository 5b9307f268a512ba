/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing scripts for nft(8) and running it. */
#ifndef EINKORN_HOST_NETWORK_NFT_SCRIPT_H
#define EINKORN_HOST_NETWORK_NFT_SCRIPT_H

#include <stddef.h>

struct nft_script {
    char text[32768]; /* MAX_PORTS need 25,000 */
    size_t len;
};

/* Appends, printf(3). */
void nft_line(struct nft_script *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Where nft is, or NULL. */
const char *nft_path(void);

/* A file in memory with that text, or -1. */
int nft_memory_file(const char *text, size_t len);

/* Runs `nft ARGV < in > out` and returns its exit status, or -1. */
int nft_run(char **argv, int in_fd, int out_fd);

/* As one transaction. What nft prints goes to out[]. Returns its status. */
int nft_run_script(const struct nft_script *s, char *out, size_t cap);

#endif

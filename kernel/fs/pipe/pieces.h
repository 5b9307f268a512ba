/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets in a pipe (pipe2(2), O_DIRECT): where in the bytes of its ring each
 * one ends. Bytes that were written otherwise are a piece, too, while there
 * are packets; without any there is nothing to know.
 */
#ifndef EINKORN_KERNEL_FS_PIPE_PIECES_H
#define EINKORN_KERNEL_FS_PIPE_PIECES_H

#include <stdbool.h>
#include <stdint.h>

struct pipe;

/* Before the first packet: 0 or -ENOMEM. */
int pieces_need(struct pipe *p);
/* Is there a slot for what is written next? One for each page of the pipe. */
bool pieces_room(const struct pipe *p, bool packet);
unsigned pieces_count(const struct pipe *p);
/* len bytes have been put at the end of the ring. */
void pieces_add(struct pipe *p, uint32_t len, bool packet);
/* How much one read gets at most; *packet: and the rest is lost. */
uint32_t pieces_first(const struct pipe *p, bool *packet);
/* len bytes have been taken off the front. */
void pieces_took(struct pipe *p, uint32_t len);

#endif

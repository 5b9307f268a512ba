/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets of gdb's remote protocol (gdb manual, appendix E.1) over a stream:
 * "$content#checksum", acknowledged until the peer says that it need not be.
 */
#ifndef EINKORN_TENDER_KVM_GDB_PACKET_H
#define EINKORN_TENDER_KVM_GDB_PACKET_H

#include <stdbool.h>
#include <stdint.h>

enum { GDB_PACKET_MAX = 16384 };
enum { GDB_INTERRUPT = -1, GDB_CLOSED = -2 };

struct gdb_conn {
    int fd;
    bool no_ack;
    uint8_t raw[4096];
    uint32_t at, nr; /* raw[at .. nr) is still to be read */
};

/* Waits for the next packet; its content, unescaped and with a NUL behind it,
 * is in buf. Returns its length (a longer one is dropped: 0), GDB_INTERRUPT
 * for a request to stop, GDB_CLOSED when the peer is gone. */
int gdb_receive(struct gdb_conn *conn, char buf[GDB_PACKET_MAX + 1]);
/* Is there a byte that was received and not yet looked at? */
bool gdb_has_more(const struct gdb_conn *conn);
/* Sends content, at most GDB_PACKET_MAX bytes that need no escapes. False: the
 * peer is gone. */
bool gdb_send(const struct gdb_conn *conn, const char *content,
              uint32_t len_bytes);

/* A hexadecimal digit's value, or -1. */
int gdb_digit(int c);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* See gdb_packet.h. Whatever the peer sends costs no more than its bytes. */
#include "tender/kvm/gdb_packet.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { INTERRUPT = 3, ESCAPE = '}', ESCAPED = 0x20 };

static bool write_all(int fd, const void *data, size_t len)
{
    const char *at = data;

    while (len) {
        ssize_t n = write(fd, at, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

/* The next byte, or GDB_CLOSED. */
static int next_byte(struct gdb_conn *conn)
{
    while (conn->at == conn->nr) {
        ssize_t n = read(conn->fd, conn->raw, sizeof(conn->raw));

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return GDB_CLOSED;
        conn->at = 0;
        conn->nr = (uint32_t)n;
    }
    return conn->raw[conn->at++];
}

int gdb_digit(int c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Behind '$' up to '#': the content's length (beyond the maximum it is only
 * counted) and sum, or GDB_CLOSED. A '$' begins anew. */
static int read_content(struct gdb_conn *conn, char *buf, uint8_t *sum)
{
    bool escaped = false;
    uint32_t len = 0;

    *sum = 0;
    for (;;) {
        int c = next_byte(conn);

        if (c < 0)
            return GDB_CLOSED;
        if (c == '#')
            return (int)len;
        *sum = (uint8_t)(*sum + c);
        if (c == '$') {
            len = *sum = 0;
            escaped = false;
        } else if (c == ESCAPE && !escaped) {
            escaped = true;
        } else if (len <= GDB_PACKET_MAX) {
            buf[len < GDB_PACKET_MAX ? len : GDB_PACKET_MAX] =
                (char)(escaped ? c ^ ESCAPED : c);
            escaped = false;
            len++;
        }
    }
}

int gdb_receive(struct gdb_conn *conn, char buf[GDB_PACKET_MAX + 1])
{
    for (;;) {
        int c = next_byte(conn), len, high, low;
        uint8_t sum;

        if (c < 0)
            return GDB_CLOSED;
        if (c == INTERRUPT)
            return GDB_INTERRUPT;
        if (c != '$')
            continue;
        len = read_content(conn, buf, &sum);
        high = len < 0 ? -1 : next_byte(conn);
        low = high < 0 ? -1 : next_byte(conn);
        if (low < 0)
            return GDB_CLOSED;
        if (gdb_digit(high) < 0 || gdb_digit(low) < 0 ||
            gdb_digit(high) * 16 + gdb_digit(low) != sum) {
            if (!conn->no_ack && !write_all(conn->fd, "-", 1))
                return GDB_CLOSED;
            continue;
        }
        if (!conn->no_ack && !write_all(conn->fd, "+", 1))
            return GDB_CLOSED;
        len = len > GDB_PACKET_MAX ? 0 : len;
        buf[len] = '\0';
        return len;
    }
}

bool gdb_has_more(const struct gdb_conn *conn)
{
    return conn->at < conn->nr;
}

bool gdb_send(const struct gdb_conn *conn, const char *content,
              uint32_t len_bytes)
{
    char packet[GDB_PACKET_MAX + 8];
    uint8_t sum = 0;

    for (uint32_t i = 0; i < len_bytes; i++)
        sum = (uint8_t)(sum + (uint8_t)content[i]);
    packet[0] = '$';
    memcpy(packet + 1, content, len_bytes);
    snprintf(packet + 1 + len_bytes, 4, "#%02x", sum);
    return write_all(conn->fd, packet, len_bytes + 4);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Texts of /proc/net under construction.
 */
#ifndef EINKORN_KERNEL_NET_LWIP_PROCTEXT_H
#define EINKORN_KERNEL_NET_LWIP_PROCTEXT_H

#include <stddef.h>

struct text {
    char *buf;
    size_t len, size;
};

/* A line of at most 255 bytes; dropped when out of memory. */
void text_add(struct text *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* sockstat.c: numbers of sockets of each kind (without "sockets: used"). */
void sockstat_text(struct text *t);
void sockstat6_text(struct text *t);
/* Neighbours on IPv4 (proc(5), /proc/net/arp). */
void arp_text(struct text *t);
/* Counters since the start: those of Linux's names that are kept here. */
void snmp_text(struct text *t);
void netstat_text(struct text *t);

#endif

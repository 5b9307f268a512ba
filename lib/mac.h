/* SPDX-License-Identifier: BSD-2-Clause */
/* Ethernet addresses as text. */
#ifndef EINKORN_LIB_MAC_H
#define EINKORN_LIB_MAC_H

#include <stdint.h>

enum { MAC_BYTES = 6 };

/* "02:45:0a:72:00:01", of digits in either case. 1, or 0 if it is none. */
int mac_parse(const char *text, uint8_t mac[MAC_BYTES]);

#endif

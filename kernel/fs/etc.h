/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files of /etc that follow from the configuration.
 */
#ifndef EINKORN_KERNEL_FS_ETC_H
#define EINKORN_KERNEL_FS_ETC_H

/* Writes them; failures are logged. */
void etc_write(void);
/* The same of what the network told (DHCP), if nothing is configured. */
void etc_write_learned(void);

#endif

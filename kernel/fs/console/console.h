/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console as files: standard input, output and error, /dev/console.
 */
#ifndef EINKORN_KERNEL_FS_CONSOLE_CONSOLE_H
#define EINKORN_KERNEL_FS_CONSOLE_CONSOLE_H

#include <stdint.h>

struct file;

/* Registers the input source. Before any descriptor is opened. */
void console_init(void);
/* Makes f (its inode a character device) a console file. */
void console_open(struct file *f);
/* Opens descriptors 0, 1 and 2. 0 or -errno. */
int console_open_std(void);

#endif

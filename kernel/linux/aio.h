/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asynchronous I/O (io_setup(2)), for exec.c.
 */
#ifndef EINKORN_KERNEL_LINUX_AIO_H
#define EINKORN_KERNEL_LINUX_AIO_H

/* execve(2): the contexts are gone, and with the old memory their pages. */
void aio_exec(void);

#endif

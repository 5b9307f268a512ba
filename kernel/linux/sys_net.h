/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of socket system calls share.
 */
#ifndef EINKORN_KERNEL_LINUX_SYS_NET_H
#define EINKORN_KERNEL_LINUX_SYS_NET_H

#include "kernel/fs/sock/sock.h"

/* The socket behind fd, its file referenced. 0, -EBADF, -ENOTSOCK. */
int net_sock_get(int fd, struct file **file, struct sock **sock);
/* A sockaddr of the program. 0, -EINVAL, -EFAULT. */
int net_name_in(struct sock_name *name, uint64_t addr, int32_t len);
/* To the program, cut to the int at len_addr, which becomes the full length. */
int net_name_out(const struct sock_name *name, uint64_t addr,
                 uint64_t len_addr);

#endif

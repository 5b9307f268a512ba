/* SPDX-License-Identifier: BSD-2-Clause */
/* The first process of a sandbox, up to its execve. */
#ifndef EINKORN_HOST_RECORD_INIT_H
#define EINKORN_HOST_RECORD_INIT_H

/* Enters the directory as its root, waits for a byte from go_fd and executes
 * what the request says (sandbox.h). Errors go to output_fd. */
_Noreturn void init_run(const char *request, int dir_fd, int output_fd,
                        int go_fd);

#endif

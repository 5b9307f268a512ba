/* SPDX-License-Identifier: BSD-2-Clause */
/* The system calls that a recorded script does not get. */
#ifndef EINKORN_HOST_RECORD_DENY_H
#define EINKORN_HOST_RECORD_DENY_H

/* Needs no_new_privs. -1 with errno. */
int deny_install(void);

#endif

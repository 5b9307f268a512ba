/* SPDX-License-Identifier: BSD-2-Clause */
/* The system calls that a volume's server may make, and with what. */
#ifndef EINKORN_HOST_VOLUME_FILTER_H
#define EINKORN_HOST_VOLUME_FILTER_H

/* Installs the filter for good; any other call ends the process. openat2(2)
 * takes its rules from lookup_how alone, an object in read-only memory. Needs
 * no_new_privs. Returns 0, or -1 with errno. */
int filter_install(const void *lookup_how);

#endif

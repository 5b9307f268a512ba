/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Supplementary groups of the process (setgroups(2)), as far as permission
 * checks need them.
 */
#ifndef EINKORN_KERNEL_VFS_CRED_H
#define EINKORN_KERNEL_VFS_CRED_H

#include <stdbool.h>
#include <stdint.h>

enum { CRED_GROUPS_MAX = 64 };

bool cred_in_groups(uint32_t gid);
/* Replaces the list. 0, or -EINVAL if there are too many. */
int cred_set_groups(const uint32_t *groups, uint32_t nr);
/* Number of groups; *groups is valid until the next change. */
uint32_t cred_groups(const uint32_t **groups);

#endif

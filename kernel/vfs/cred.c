/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Supplementary groups.
 */
#include "kernel/vfs/cred.h"

#include <linux/errno.h>

#include "lib/string.h"

static uint32_t list[CRED_GROUPS_MAX];
static uint32_t nr_groups;

bool cred_in_groups(uint32_t gid)
{
    for (uint32_t i = 0; i < nr_groups; i++)
        if (list[i] == gid)
            return true;
    return false;
}

int cred_set_groups(const uint32_t *groups, uint32_t nr)
{
    if (nr > CRED_GROUPS_MAX)
        return -EINVAL;
    memcpy(list, groups, nr * sizeof(*groups));
    nr_groups = nr;
    return 0;
}

uint32_t cred_groups(const uint32_t **groups)
{
    *groups = list;
    return nr_groups;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What lwIP asks us at its hooks (third_party/lwip/port/lwip_hooks.h).
 */
#include "kernel/net/lwip/glue.h"
#include "lwip_hooks.h"

const ip6_addr_t *lwip_hook_nd6_gateway(struct netif *netif,
                                        const ip6_addr_t *dest)
{
    (void)dest;
    for (unsigned i = 0; i < nr_ifaces; i++)
        if (&ifaces[i]->netif == netif && ifaces[i]->has_gateway6)
            return &ifaces[i]->gateway6;
    return NULL;
}

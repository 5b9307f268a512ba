/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SO_BINDTODEVICE and SO_BINDTOIFINDEX (socket(7)).
 */
#include <asm/socket.h>
#include <linux/errno.h>

#include "kernel/fs/sock/sock.h"
#include "kernel/net/net.h"
#include "lib/string.h"

int sock_set_device(struct sock *s, uint32_t index)
{
    struct net_iface iface;
    int value = (int)index;
    int err = index && !net_iface_by_index(index, &iface) ? -ENODEV : 0;

    if (!err && s->ops->setsockopt)
        err = s->ops->setsockopt(s, SOL_SOCKET, SO_BINDTOIFINDEX, &value,
                                 sizeof(value));
    if (err && err != -ENOPROTOOPT)
        return err;
    s->device = index;
    return 0;
}

int sock_set_device_name(struct sock *s, const char *val, size_t len)
{
    char name[NET_IFACE_NAME] = {0};
    struct net_iface iface;

    memcpy(name, val, len < sizeof(name) - 1 ? len : sizeof(name) - 1);
    if (!name[0])
        return sock_set_device(s, 0);
    for (unsigned i = 0; net_iface(i, &iface); i++)
        if (strcmp(iface.name, name) == 0)
            return sock_set_device(s, iface.index);
    return -ENODEV;
}

int sock_get_device_name(const struct sock *s, void *val, size_t *len)
{
    struct net_iface iface;
    size_t size;

    if (!s->device || !net_iface_by_index(s->device, &iface)) {
        *len = 0;
        return 0;
    }
    if (*len < NET_IFACE_NAME)
        return -EINVAL;
    size = strlen(iface.name) + 1;
    memcpy(val, iface.name, size);
    *len = size;
    return 0;
}

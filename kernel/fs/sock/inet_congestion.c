/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of congestion controls: TCP_CONGESTION of tcp(7).
 */
#include <linux/errno.h>

#include "kernel/fs/sock/inet.h"
#include "lib/string.h"

static const char *const names[] = {
    [NET_CONGESTION_AUTO] = "cubic", /* as it begins */
    [NET_CONGESTION_CUBIC] = "cubic",
    [NET_CONGESTION_BBR] = "bbr",
};

void inet_congestion_name(const struct inet_sock *s,
                          char out[INET_CONGESTION_MAX])
{
    int value = NET_CONGESTION_AUTO;

    (void)stream_get(s->stream, NET_OPT_CONGESTION, &value);
    memcpy(out, names[value], strlen(names[value]) + 1);
}

int inet_congestion_set(struct inet_sock *s, const char *name, size_t len_bytes)
{
    char wanted[INET_CONGESTION_MAX] = "";

    if (!len_bytes)
        return -EINVAL;
    memcpy(wanted, name,
           len_bytes < sizeof(wanted) ? len_bytes : sizeof(wanted) - 1);
    for (int i = NET_CONGESTION_CUBIC; i < (int)ARRAY_LEN(names); i++)
        if (!strcmp(names[i], wanted))
            return stream_set(s->stream, NET_OPT_CONGESTION, i);
    return -ENOENT;
}

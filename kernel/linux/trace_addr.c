/* SPDX-License-Identifier: BSD-2-Clause */
/* Socket addresses as text: ip(7), ipv6(7), unix(7). */
#include "kernel/core/uaccess.h"
#include "kernel/fs/sock/abi.h"
#include "kernel/linux/trace.h"

static unsigned port_of(const uint8_t *a)
{
    return (unsigned)a[2] << 8 | a[3];
}

static void put_inet6(struct trace_line *l, const uint8_t *a)
{
    trace_put(l, "{AF_INET6, [");
    for (unsigned i = 0; i < 8; i++)
        trace_put(l, "%s%x", i ? ":" : "", a[8 + 2 * i] << 8 | a[9 + 2 * i]);
    trace_put(l, "]:%u}", port_of(a));
}

/* sun_path; an abstract name begins with a NUL, shown as '@'. */
static void put_unix(struct trace_line *l, const uint8_t *a, size_t len)
{
    trace_put(l, "{AF_UNIX, \"");
    for (size_t i = 2; i < len; i++) {
        if (!a[i] && i > 2)
            break;
        trace_put(l, "%c", !a[i] ? '@' : a[i] < ' ' || a[i] > 126 ? '?' : a[i]);
    }
    trace_put(l, "\"}");
}

void trace_sockaddr(struct trace_line *l, uint64_t addr, uint64_t len)
{
    uint8_t a[SOCKADDR_MAX] = {0};
    unsigned family;

    if (len > sizeof(a))
        len = sizeof(a);
    if (!addr || len < 2 || copy_from_user(a, addr, len) < 0) {
        trace_put(l, addr ? "%#lx" : "NULL", addr);
        return;
    }
    family = a[0] | (unsigned)a[1] << 8;
    if (family == AF_INET)
        trace_put(l, "{AF_INET, %u.%u.%u.%u:%u}", a[4], a[5], a[6], a[7],
                  port_of(a));
    else if (family == AF_INET6)
        put_inet6(l, a);
    else if (family == AF_UNIX)
        put_unix(l, a, len);
    else
        trace_put(l, "{family %u, ...}", family);
}

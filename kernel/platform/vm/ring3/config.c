/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's configuration: what is said at start stands in front of what
 * the bundle holds, so that it counts where the first of a key does. Arguments
 * said at start take the place of the bundle's.
 */
#include "abi/config.h"
#include "kernel/platform/vm/ring3/ring3.h"
#include "lib/string.h"

static char *const config = (char *)ABI_CONFIG_BASE;

static bool is_arg(const char *string)
{
    return !strncmp(string, "arg=", 4);
}

static bool any_arg(uint64_t len)
{
    for (uint64_t at = 0; at < len; at += strlen(config + at) + 1)
        if (is_arg(config + at))
            return true;
    return false;
}

/* The bundle's strings, its final empty one included, or all but arg=. */
static uint64_t add_bundled(uint64_t len, const char *from, uint64_t bytes)
{
    bool skip_args = any_arg(len);

    if (bytes > ABI_CONFIG_MAX - len)
        die("no room for the configuration");
    while (bytes) {
        uint64_t n = strnlen(from, bytes);

        n += n < bytes; /* its end; else the kernel will say what is wrong */
        if (!skip_args || !is_arg(from)) {
            memcpy(config + len, from, n);
            len += n;
        }
        from += n;
        bytes -= n;
    }
    return len;
}

struct abi_range config_make(const char *cmdline, const char *bundled,
                             uint64_t bundled_bytes)
{
    uint64_t rw = ABI_PROT_READ | ABI_PROT_WRITE, len, used;

    if (vm_call(VM_MEM_SET, ABI_CONFIG_BASE, ABI_CONFIG_MAX,
                VM_ORIGIN(VM_ANON, rw, 0), 0))
        die("no memory for the configuration");
    len = cmdline_strings(cmdline, config, ABI_CONFIG_MAX);
    len += fwcfg_strings(config + len, ABI_CONFIG_MAX - len);
    len = add_bundled(len, bundled, bundled_bytes);
    used = (len + PAGE_SIZE - 1) & -PAGE_SIZE;
    vm_call(VM_MEM_PROTECT, ABI_CONFIG_BASE, used, ABI_PROT_READ, 0);
    return (struct abi_range){ABI_CONFIG_BASE, len};
}

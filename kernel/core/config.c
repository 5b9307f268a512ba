/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Configuration strings: abi/config.h has the keys and their meaning.
 */
#include "kernel/core/config.h"

#include <stdbool.h>

#include "abi/config.h"
#include "kernel/core/cpu.h"
#include "kernel/core/log.h"
#include "lib/list.h"
#include "lib/string.h"

/* '#' stands for one digit. */
static const char *const keys[] = {
    "group",    "exe",      "arg",      "env",     "cwd",
    "uid",      "gid",      "hostname", "net#.ip", "net#.gw",
    "net#.ip6", "net#.gw6", "dns",      "disk#",   "net#.gwmac",
    "volume#",  "loglevel", "trace",    "core",    "processor",
};

static bool key_matches(const char *pattern, const char *key, size_t len)
{
    if (strlen(pattern) != len)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (pattern[i] == '#' && key[i] >= '0' && key[i] <= '9')
            continue;
        if (pattern[i] != key[i])
            return false;
    }
    return true;
}

/* volume10 to volume15 have two digits. */
static bool is_volume(const char *key, size_t len)
{
    return len == 8 && memcmp(key, "volume1", 7) == 0 && key[7] >= '0' &&
           key[7] <= '5';
}

bool config_key_known(const char *key, size_t len)
{
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        if (key_matches(keys[i], key, len))
            return true;
    return is_volume(key, len);
}

static const char *first(void)
{
    return (const char *)platform.boot->config.base;
}

static void check(const char *entry)
{
    const char *equals = strchr(entry, '=');

    size_t len = equals ? (size_t)(equals - entry) : 0;

    if (len == 0)
        panic("configuration: \"%.60s\" is not key=value", entry);
    if (!config_key_known(entry, len))
        panic("configuration: unknown key \"%.*s\"", len < 60 ? (int)len : 60,
              entry);
}

void config_init(void)
{
    uint64_t left = platform.boot->config.len_bytes;
    const char *entry = first();

    if (left == 0 || left > ABI_CONFIG_MAX)
        panic("configuration: %lu bytes", left);
    for (;;) {
        size_t len = strnlen(entry, left);

        if (len == left)
            panic("configuration: no empty string at its end");
        if (len == 0)
            break;
        check(entry);
        entry += len + 1;
        left -= len + 1;
    }
    klog_set_level((enum log_level)config_get_u64("loglevel", LOG_WARN));
}

const char *config_get(const char *key, unsigned index)
{
    size_t len = strlen(key);

    for (const char *e = first(); *e; e += strlen(e) + 1)
        if (strncmp(e, key, len) == 0 && e[len] == '=' && index-- == 0)
            return e + len + 1;
    return NULL;
}

uint64_t config_get_u64_at(const char *key, unsigned index, uint64_t otherwise)
{
    const char *value = config_get(key, index), *end;
    uint64_t number;

    if (!value)
        return otherwise;
    number = str_to_u64(value, &end);
    if (end == value || *end)
        panic("configuration: %s=%s is not a number", key, value);
    return number;
}

uint64_t config_get_u64(const char *key, uint64_t otherwise)
{
    return config_get_u64_at(key, 0, otherwise);
}

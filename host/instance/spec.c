/* SPDX-License-Identifier: BSD-2-Clause */
/* Parsing the values of `run`'s options: see spec.h. Ports and volumes are
 * spec_place.c's. */
#include "host/instance/spec.h"

#include <arpa/inet.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const networks[] = {"auto", "none", "bridge", "user"};
static const char *const platforms[] = {"auto", "proc", "kvm", "qemu"};

const char *network_name(enum network_kind network)
{
    return networks[network];
}

const char *platform_name(enum platform_kind platform)
{
    return platforms[platform];
}

static int find_word(const char *const *words, int nr, const char *value)
{
    for (int i = 0; i < nr; i++) {
        if (strcmp(words[i], value) == 0) {
            return i;
        }
    }
    return -1;
}

int spec_set_network(struct spec *spec, const char *value, struct err *err)
{
    int i = find_word(networks, 4, value);

    if (i < 0) {
        return err_set(err, ERR_TOOL,
                       "--network %s: unknown (use none, bridge or user)",
                       value);
    }
    spec->network = (enum network_kind)i;
    return 0;
}

int spec_set_ip(struct spec *spec, const char *value, struct err *err)
{
    struct in_addr ip;

    if (inet_pton(AF_INET, value, &ip) != 1 || ip.s_addr == 0) {
        return err_set(err, ERR_TOOL,
                       "--ip %s: not an IPv4 address (use for example "
                       "10.114.0.7)",
                       value);
    }
    spec->ip = ip.s_addr;
    return 0;
}

int spec_set_platform(struct spec *spec, const char *value, struct err *err)
{
    int i = find_word(platforms, 4, value);

    if (i < 0) {
        return err_set(err, ERR_TOOL,
                       "--platform %s: unknown (use auto, proc, kvm or qemu)",
                       value);
    }
    spec->platform = (enum platform_kind)i;
    return 0;
}

int spec_set_machine(struct spec *spec, const char *value, struct err *err)
{
    static const char *const machines[] = {"microvm", "q35"};
    int i = find_word(machines, 2, value);

    if (i < 0) {
        return err_set(err, ERR_TOOL,
                       "--machine %s: unknown (use microvm or q35)", value);
    }
    spec->machine = (enum machine_kind)(MACHINE_MICROVM + i);
    return 0;
}

/* As in Docker, K alone takes the value of the tool's own environment. */
int spec_add_env(struct spec *spec, const char *value, struct err *err)
{
    char *joined;
    const char *own;

    if (value[0] == '=' || value[0] == '\0') {
        return err_set(err, ERR_TOOL, "-e %s: no name before = (use K=V)",
                       value);
    }
    if (spec->nr_env == MAX_ENV) {
        return err_set(err, ERR_TOOL, "-e %s: more than %d variables", value,
                       MAX_ENV);
    }
    if (strchr(value, '=') == NULL) {
        own = getenv(value);
        if (own == NULL) {
            return 0;
        }
        if (asprintf(&joined, "%s=%s", value, own) < 0) {
            return err_set(err, ERR_TOOL, "-e %s: out of memory", value);
        }
        value = joined;
    }
    spec->env[spec->nr_env++] = value;
    return 0;
}

int spec_set_env(struct spec *spec, const char *value, struct err *err)
{
    size_t len = strcspn(value, "=") + 1;

    for (int i = 0; i < spec->nr_env; i++) {
        if (strncmp(spec->env[i], value, len) == 0) {
            spec->env[i] = value;
            return 0;
        }
    }
    return spec_add_env(spec, value, err);
}

const char *spec_env(const struct spec *spec, const char *name, size_t len)
{
    for (int i = 0; i < spec->nr_env; i++) {
        if (strncmp(spec->env[i], name, len) == 0 && spec->env[i][len] == '=') {
            return spec->env[i] + len + 1;
        }
    }
    return NULL;
}

static int unit_shift(const char *unit)
{
    static const char units[] = "bkmgt";
    char lower = (char)(unit[0] | 0x20);
    const char *at = unit[0] == '\0' ? units : strchr(units, lower);

    if (at == NULL ||
        (unit[0] != '\0' && unit[1] != '\0' && strcasecmp(unit + 1, "b") != 0 &&
         strcasecmp(unit + 1, "ib") != 0)) {
        return -1;
    }
    return (int)(at - units) * 10;
}

int spec_size(const char *value, uint64_t *bytes)
{
    char *end;
    unsigned long long n = strtoull(value, &end, 10);
    int shift = unit_shift(end);

    if (value[0] < '0' || value[0] > '9' || shift < 0 ||
        n > (UINT64_MAX >> shift) >> 1) {
        return -1;
    }
    *bytes = n << shift;
    return 0;
}

int spec_set_mem(struct spec *spec, const char *value, struct err *err)
{
    if (spec_size(value, &spec->mem_bytes) < 0) {
        return err_set(err, ERR_TOOL,
                       "-m %s: not a size (use for example 64m or 1g)", value);
    }
    if (spec->mem_bytes < MEM_MIN_BYTES) {
        return err_set(err, ERR_TOOL,
                       "-m %s: too little memory (give at least %dm)", value,
                       (int)(MEM_MIN_BYTES >> 20));
    }
    return 0;
}

int spec_set_vcpus(struct spec *spec, const char *value, struct err *err)
{
    cpu_set_t host;
    int most = ABI_MAX_VCPU;
    char *end;
    long n = strtol(value, &end, 10);

    if (sched_getaffinity(0, sizeof(host), &host) == 0 &&
        CPU_COUNT(&host) < most) {
        most = CPU_COUNT(&host);
    }
    if (*value == '\0' || *end != '\0' || n < 1) {
        return err_set(err, ERR_TOOL,
                       "--vcpus %s: not a number of virtual CPUs (use a whole "
                       "number, 1 to %d here)",
                       value, most);
    }
    if (n > most) {
        return err_set(err, ERR_TOOL,
                       "--vcpus %s: at most %d here (as many as the "
                       "processors that we may use, and no more than %d)",
                       value, most, ABI_MAX_VCPU);
    }
    spec->vcpus = (uint32_t)n;
    return 0;
}

int spec_set_core(struct spec *spec, const char *value, struct err *err)
{
    if (value[0] == '\0') {
        return err_set(err, ERR_TOOL, "--core: which directory or file?");
    }
    spec->core = value;
    if (spec->core_bytes == 0) {
        spec->core_bytes = CORE_BYTES;
    }
    return 0;
}

int spec_set_core_size(struct spec *spec, const char *value, struct err *err)
{
    if (spec_size(value, &spec->core_bytes) < 0 || spec->core_bytes < 4096) {
        return err_set(err, ERR_TOOL,
                       "--core-size %s: not a size of a file (use for example "
                       "64m or 1g)",
                       value);
    }
    return 0;
}

int signal_parse(const char *text)
{
    /* x86-64 numbers, as the program sees them. */
    static const char *const names[] = {
        "",       "HUP",  "INT",    "QUIT", "ILL",   "TRAP", "ABRT", "BUS",
        "FPE",    "KILL", "USR1",   "SEGV", "USR2",  "PIPE", "ALRM", "TERM",
        "STKFLT", "CHLD", "CONT",   "STOP", "TSTP",  "TTIN", "TTOU", "URG",
        "XCPU",   "XFSZ", "VTALRM", "PROF", "WINCH", "IO",   "PWR",  "SYS",
    };
    char *end;
    long n = strtol(text, &end, 10);

    if (end != text) {
        return *end == '\0' && n >= 1 && n <= 64 ? (int)n : -1;
    }
    if (strncasecmp(text, "SIG", 3) == 0) {
        text += 3;
    }
    if (strncasecmp(text, "RTMIN+", 6) == 0) {
        n = strtol(text + 6, &end, 10) + 34; /* the C library has 32 and 33 */
        return *end == '\0' && n >= 34 && n <= 64 ? (int)n : -1;
    }
    for (int i = 1; i < (int)(sizeof(names) / sizeof(names[0])); i++) {
        if (strcasecmp(text, names[i]) == 0) {
            return i;
        }
    }
    return -1;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing an instance's configuration and record: see config.h. */
#include "host/instance/config.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define DEFAULT_PATH                                                           \
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static const char *ip_text(uint32_t ip, char text[INET_ADDRSTRLEN])
{
    return inet_ntop(AF_INET, &ip, text, INET_ADDRSTRLEN);
}

static bool has_env(const struct spec *spec, const char *name)
{
    size_t len = strlen(name);

    for (int i = 0; i < spec->nr_env; i++) {
        if (strncmp(spec->env[i], name, len) == 0 && spec->env[i][len] == '=') {
            return true;
        }
    }
    return false;
}

static void add_env(struct strings *out, const struct plan *plan)
{
    const struct spec *spec = plan->spec;

    if (!has_env(spec, "PATH")) {
        strings_add(out, "env", DEFAULT_PATH);
    }
    if (!has_env(spec, "HOSTNAME")) {
        strings_addf(out, "env", "HOSTNAME=%.*s", ID_SHORT_LEN, plan->id);
    }
    if (!has_env(spec, "HOME")) {
        strings_addf(out, "env", "HOME=%s", spec->home ? spec->home : "/root");
    }
    if (spec->tty && !has_env(spec, "TERM")) {
        strings_add(out, "env", "TERM=xterm");
    }
    for (int i = 0; i < spec->nr_env; i++) {
        strings_add(out, "env", spec->env[i]);
    }
}

/* What program, how: the same in both blocks. */
static void add_program(struct strings *out, const struct plan *plan)
{
    const struct spec *spec = plan->spec;

    strings_add(out, "exe", plan->image->exe);
    for (int i = 0; i < spec->nr_command; i++) {
        strings_add(out, "arg", spec->command[i]);
    }
    if (spec->nr_command == 0) {
        strings_add(out, "arg", plan->image->exe);
    }
    add_env(out, plan);
    strings_add(out, "cwd", spec->cwd != NULL ? spec->cwd : "/");
    strings_addf(out, "hostname", "%.*s", ID_SHORT_LEN, plan->id);
    if (spec->uid != 0 || spec->gid != 0) {
        strings_addf(out, "uid", "%u", spec->uid);
        strings_addf(out, "gid", "%u", spec->gid);
    }
    for (int i = 0; i < spec->nr_groups; i++) {
        strings_addf(out, "group", "%u", spec->groups[i]);
    }
}

/* The host's resolvers, but not one that only the host itself can reach. */
static void add_dns(struct strings *out)
{
    FILE *file = fopen("/etc/resolv.conf", "re");
    char line[256], address[64];

    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        struct in_addr ip;

        if (sscanf(line, "nameserver %63s", address) == 1 &&
            inet_aton(address, &ip) != 0 && (ntohl(ip.s_addr) >> 24) != 127) {
            strings_add(out, "dns", address);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
}

static void add_volume(struct strings *out, const struct plan *plan,
                       const struct volumes *volumes, int i)
{
    const struct volume *v = &plan->spec->volumes[i];
    char key[24], watch[24] = "";

    if (i < volumes->nr && volumes->watch_chan[i] >= 0) {
        snprintf(watch, sizeof(watch), ",watch=%d", volumes->watch_chan[i]);
    }
    snprintf(key, sizeof(key), "volume%d", i);
    strings_addf(out, key, "%s:%s%s", v->guest, v->read_only ? "ro" : "rw",
                 watch);
}

void config_build(struct strings *out, const struct plan *plan,
                  const struct volumes *volumes)
{
    const struct network *net = plan->net;
    const struct spec *spec = plan->spec;
    const uint8_t *m = net->gateway_mac;
    char text[INET_ADDRSTRLEN];

    add_program(out, plan);
    if (net->ip != 0) {
        strings_addf(out, "net0.ip", "%s/%u", ip_text(net->ip, text),
                     net->prefix_len);
        strings_add(out, "net0.gw", ip_text(net->gateway, text));
        if (net->gateway_known) {
            strings_addf(out, "net0.gwmac", "%02x:%02x:%02x:%02x:%02x:%02x",
                         m[0], m[1], m[2], m[3], m[4], m[5]);
        }
        if (net->no_ip6) {
            strings_add(out, "net0.ip6", "none");
        }
        add_dns(out);
    }
    for (int i = 0; i < spec->nr_volumes; i++) {
        add_volume(out, plan, volumes, i);
    }
    for (int i = 0; i < spec->nr_disks; i++) {
        const struct disk *d = &spec->disks[i];
        char key[16];

        snprintf(key, sizeof(key), "disk%d", i);
        strings_addf(out, key, "%s:%s%s%s", d->target,
                     d->read_only ? "ro" : "rw",
                     d->partuuid != NULL ? ",partuuid=" : "",
                     d->partuuid != NULL ? d->partuuid : "");
    }
    if (spec->core != NULL) {
        strings_addf(out, "core", "%d", spec->nr_disks);
    }
    if (spec->trace) {
        strings_add(out, "trace", spec->trace_fd > 0 ? "2" : "1");
    }
}

static void record_network(struct strings *out, const struct network *net)
{
    char text[INET_ADDRSTRLEN];

    strings_add(out, "network", network_name(net->kind));
    if (net->ip == 0) {
        return;
    }
    strings_add(out, "ip", ip_text(net->ip, text));
    strings_addf(out, "prefix", "%u", net->prefix_len);
    strings_add(out, "gateway", ip_text(net->gateway, text));
    strings_addf(out, "mac", "%02x:%02x:%02x:%02x:%02x:%02x", net->mac[0],
                 net->mac[1], net->mac[2], net->mac[3], net->mac[4],
                 net->mac[5]);
}

static void record_ports(struct strings *out, const struct spec *spec)
{
    char text[INET_ADDRSTRLEN];

    for (int i = 0; i < spec->nr_ports; i++) {
        const struct port *p = &spec->ports[i];

        strings_addf(out, "port", "%s:%u:%u/%s", ip_text(p->host_ip, text),
                     p->host_port, p->guest_port, p->is_udp ? "udp" : "tcp");
    }
}

/* What the image's configuration says beyond the program. */
static void record_image(struct strings *out, const struct plan *plan)
{
    static const char *const keys[] = {"manifest", "expose"};
    const char *settings = plan->image->entry.plan;
    const char *value = NULL;

    if (settings == NULL) {
        return;
    }
    for (int i = 0; i < 2; i++) {
        while ((value = strings_next(settings, keys[i], value)) != NULL) {
            strings_add(out, keys[i], value);
        }
    }
    while ((value = strings_next(settings, "volume", value)) != NULL) {
        strings_add(out, "declared", value);
    }
    strings_add(out, "user", plan->spec->user);
}

void record_build(struct strings *out, const struct plan *plan)
{
    const struct spec *spec = plan->spec;

    strings_add(out, "name", plan->name);
    strings_addf(out, "created", "%" PRId64, plan->created_ns);
    strings_add(out, "source", plan->image->entry.source);
    strings_add(out, "image", plan->image->entry.image);
    add_program(out, plan);
    record_image(out, plan);
    if (spec->stop_signal != 0) {
        strings_addf(out, "stopsignal", "%d", spec->stop_signal);
    }
    record_network(out, plan->net);
    record_ports(out, spec);
    for (int i = 0; i < spec->nr_volumes; i++) {
        strings_addf(out, "volume", "%s:%s:%s", spec->volumes[i].host,
                     spec->volumes[i].guest,
                     spec->volumes[i].read_only ? "ro" : "rw");
    }
    for (int i = 0; i < spec->nr_disks; i++) {
        strings_addf(out, "disk", "%s:%s:%s", spec->disks[i].path,
                     spec->disks[i].target,
                     spec->disks[i].read_only ? "ro" : "rw");
    }
    strings_add(out, "platform", platform_name(spec->platform));
    if (spec->gdb_port != 0) {
        strings_addf(out, "gdb", "%u", spec->gdb_port);
    }
    strings_addf(out, "mem", "%" PRIu64, spec->mem_bytes);
    strings_add(out, "remove", spec->remove ? "1" : "0");
    strings_add(out, "detach", spec->detach ? "1" : "0");
    strings_add(out, "tty", spec->tty ? "1" : "0");
    strings_add(out, "stdin", spec->interactive ? "1" : "0");
    strings_add(out, "jit", spec->no_jit ? "0" : "1");
}

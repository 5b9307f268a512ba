/* SPDX-License-Identifier: BSD-2-Clause */
/* What of the host an instance has a part of: ports, volumes. See spec.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/instance/spec.h"

static int parse_number(const char *text, uint16_t *out)
{
    char *end;
    unsigned long n;

    if (text[0] < '0' || text[0] > '9') {
        return -1;
    }
    n = strtoul(text, &end, 10);
    if (*end != '\0' || n < 1 || n > 65535) {
        return -1;
    }
    *out = (uint16_t)n;
    return 0;
}

int spec_set_gdb(struct spec *spec, const char *value, struct err *err)
{
    if (parse_number(value, &spec->gdb_port) < 0) {
        return err_set(err, ERR_TOOL, "--gdb %s: not a port (1 to 65535)",
                       value);
    }
    return 0;
}

/* [ip:]host:guest[/udp|/tcp], cut in place. */
static int parse_port(char *text, struct port *port)
{
    char *slash = strrchr(text, '/');
    char *guest = strrchr(text, ':');
    char *host = text;
    struct in_addr ip = {0};

    if (slash != NULL) {
        if (strcmp(slash, "/udp") != 0 && strcmp(slash, "/tcp") != 0) {
            return -1;
        }
        port->is_udp = slash[1] == 'u';
        *slash = '\0';
    }
    if (guest == NULL) {
        return -1;
    }
    *guest++ = '\0';
    if (strrchr(text, ':') != NULL) {
        host = strrchr(text, ':');
        *host++ = '\0';
        if (inet_pton(AF_INET, text, &ip) != 1) {
            return -1;
        }
    }
    port->host_ip = ip.s_addr;
    if (parse_number(host, &port->host_port) < 0) {
        return -1;
    }
    return parse_number(guest, &port->guest_port);
}

int spec_add_port(struct spec *spec, const char *value, struct err *err)
{
    struct port port = {0};
    char text[64];

    if (spec->nr_ports == MAX_PORTS) {
        return err_set(err, ERR_TOOL, "-p %s: more than %d ports", value,
                       MAX_PORTS);
    }
    if (snprintf(text, sizeof(text), "%s", value) >= (int)sizeof(text) ||
        parse_port(text, &port) < 0) {
        return err_set(err, ERR_TOOL,
                       "-p %s: not understood (use [ip:]host:guest[/udp], for "
                       "example 8080:80)",
                       value);
    }
    spec->ports[spec->nr_ports++] = port;
    return 0;
}

/* Docker makes a host directory that is missing, as root; a typing error then
 * shows as an empty directory. Here it is an error. */
static int add_volume(struct spec *spec, struct volume *volume, struct err *err)
{
    char *path;

    /* As Docker has it: without a slash it is no path but a name. */
    if (volume->host[0] != '.' && strchr(volume->host, '/') == NULL) {
        volume->name = volume->host;
        volume->host = NULL;
        spec->volumes[spec->nr_volumes++] = *volume;
        return 0;
    }
    path = realpath(volume->host, NULL);

    if (path == NULL) {
        return err_set(err, ERR_TOOL, "-v %s: %m%s", volume->host,
                       errno == ENOENT ? " (make it first, as with mkdir)"
                                       : "");
    }
    if (strchr(path, ':') != NULL) {
        return err_set(err, ERR_TOOL,
                       "-v %s: %s: a host path cannot contain a colon",
                       volume->host, path);
    }
    volume->host = path;
    spec->volumes[spec->nr_volumes++] = *volume;
    return 0;
}

int spec_add_volume(struct spec *spec, char *value, struct err *err)
{
    struct volume volume = {.host = value};
    char *colon = strchr(value, ':');
    char *flags;

    if (spec->nr_volumes == ABI_MAX_CHAN) {
        return err_set(err, ERR_TOOL, "-v %s: more than %d volumes", value,
                       ABI_MAX_CHAN);
    }
    if (colon == NULL || colon[1] != '/') {
        return err_set(
            err, ERR_TOOL,
            "-v %s: not understood (use host:/guest[:ro] or name:/guest[:ro])",
            value);
    }
    *colon = '\0';
    volume.guest = colon + 1;
    flags = strchr(colon + 1, ':');
    if (flags != NULL) {
        *flags++ = '\0';
        volume.read_only = strcmp(flags, "ro") == 0;
        if (!volume.read_only && strcmp(flags, "rw") != 0) {
            return err_set(err, ERR_TOOL,
                           "-v %s: flag %s is unknown (use ro or rw)", value,
                           flags);
        }
    }
    return add_volume(spec, &volume, err);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Image configuration and options together: see container.h. */
#include "host/instance/container.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/common/strings.h"
#include "host/common/xalloc.h"
#include "host/instance/account.h"
#include "host/instance/program.h"
#include "host/network/port.h"

#define DEFAULT_PATH                                                           \
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* ---- command line -------------------------------------------------------- */

static int add_all(char **argv, int nr, const char *plan, const char *key)
{
    const char *value = NULL;

    while ((value = strings_next(plan, key, value)) != NULL) {
        argv[nr++] = xstrdup(value);
    }
    return nr;
}

static int count(const char *plan, const char *key)
{
    const char *value = NULL;
    int nr = 0;

    while ((value = strings_next(plan, key, value)) != NULL) {
        nr++;
    }
    return nr;
}

/* The image's Entrypoint and Cmd; COMMAND replaces Cmd, --entrypoint both. */
static int set_command(struct spec *spec, const char *plan, struct err *err)
{
    int room =
        count(plan, "entrypoint") + count(plan, "cmd") + spec->nr_command + 2;
    char **argv = xcalloc((size_t)room, sizeof(char *));
    int nr = 0;

    if (spec->entrypoint == NULL) {
        nr = add_all(argv, nr, plan, "entrypoint");
    } else if (spec->entrypoint[0] != '\0') {
        argv[nr++] = xstrdup(spec->entrypoint);
    }
    for (int i = 0; i < spec->nr_command; i++) {
        argv[nr++] = spec->command[i];
    }
    if (spec->nr_command == 0 && spec->entrypoint == NULL) {
        nr = add_all(argv, nr, plan, "cmd");
    }
    if (nr == 0) {
        return err_set(err, ERR_TOOL,
                       "%s: the image names no command (einkorn run %s "
                       "COMMAND [ARG...])",
                       spec->target, spec->target);
    }
    spec->command_given = spec->nr_command > 0;
    spec->command = argv;
    spec->nr_command = nr;
    return 0;
}

/* ---- environment --------------------------------------------------------- */

/* The image's variables come first, those that were given replace them. */
static int merge_env(struct spec *spec, const char *plan, struct err *err)
{
    const char *given[MAX_ENV], *value = NULL;
    int nr_given = spec->nr_env, nr = 0;

    memcpy(given, spec->env, sizeof(given));
    while ((value = strings_next(plan, "env", value)) != NULL) {
        if (spec_env(spec, value, strcspn(value, "=")) != NULL) {
            continue;
        }
        if (nr + nr_given == MAX_ENV) {
            return err_set(err, ERR_TOOL, "%s: more than %d variables",
                           spec->target, MAX_ENV);
        }
        memmove(spec->env + nr + 1, spec->env + nr,
                (size_t)(spec->nr_env - nr) * sizeof(spec->env[0]));
        spec->env[nr++] = xstrdup(value);
        spec->nr_env++;
    }
    return 0;
}

static int add_env(struct spec *spec, const char *name, const char *value,
                   struct err *err)
{
    if (spec_env(spec, name, strlen(name)) != NULL) {
        return 0;
    }
    return spec_add_env(spec, xasprintf("%s=%s", name, value), err);
}

/* ---- ports and the end --------------------------------------------------- */

static bool is_published(const struct spec *spec, const struct port *port)
{
    for (int i = 0; i < spec->nr_ports; i++) {
        if (spec->ports[i].guest_port == port->guest_port &&
            spec->ports[i].is_udp == port->is_udp) {
            return true;
        }
    }
    return false;
}

/* -P: a free port of the host for each that the image exposes. */
static int publish_exposed(struct spec *spec, const char *plan, struct err *err)
{
    const char *value = NULL;

    while ((value = strings_next(plan, "expose", value)) != NULL) {
        struct port port = {
            .guest_port = (uint16_t)strtoul(value, NULL, 10),
            .is_udp = strstr(value, "/udp") != NULL,
        };

        if (is_published(spec, &port)) {
            continue;
        }
        if (spec->nr_ports == MAX_PORTS) {
            return err_set(err, ERR_TOOL, "-P: more than %d ports", MAX_PORTS);
        }
        if (port_choose(&port, err) < 0) {
            return -1;
        }
        spec->ports[spec->nr_ports++] = port;
    }
    return 0;
}

static int set_stop_signal(struct spec *spec, const char *plan, struct err *err)
{
    const char *text = strings_get(plan, "stopsignal");

    if (spec->stop_signal != 0 || text[0] == '\0') {
        return 0;
    }
    spec->stop_signal = signal_parse(text);
    if (spec->stop_signal > 0) {
        return 0;
    }
    return err_set(err, ERR_TOOL,
                   "%s: the image's stop signal `%s` is unknown (give one with "
                   "--stop-signal)",
                   spec->target, text);
}

/* ---- public -------------------------------------------------------------- */

int container_apply(struct spec *spec, struct image *image,
                    const struct dirs *dirs, struct err *err)
{
    const char *plan = image->entry.plan;
    const char *cwd;

    if (plan == NULL) {
        return err_set(err, ERR_TOOL, "%s: its cache entry says nothing",
                       spec->target);
    }
    cwd = strings_get(plan, "workdir");
    if (spec->user == NULL) {
        spec->user = strings_get(plan, "user");
    }
    if (spec->cwd == NULL) {
        spec->cwd = cwd[0] != '\0' ? cwd : "/";
    }
    if (set_command(spec, plan, err) < 0 || merge_env(spec, plan, err) < 0 ||
        account_apply(spec, image->entry.image, err) < 0 ||
        add_env(spec, "PATH", DEFAULT_PATH, err) < 0 ||
        add_env(spec, "HOME", spec->home, err) < 0 ||
        set_stop_signal(spec, plan, err) < 0) {
        return -1;
    }
    if (spec->publish_all && publish_exposed(spec, plan, err) < 0) {
        return -1;
    }
    return program_find(spec, image, dirs, err);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* An instance as JSON: see inspect.h. */
#include "host/instance/inspect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host/common/strings.h"
#include "host/volume/named.h"

void inspect_time(int64_t real_ns, char out[40])
{
    time_t seconds = (time_t)(real_ns / 1000000000);
    struct tm tm;

    if (real_ns == 0) {
        snprintf(out, 40, "0001-01-01T00:00:00Z");
        return;
    }
    gmtime_r(&seconds, &tm);
    strftime(out, 24, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(out + strlen(out), 16, ".%09uZ",
             (unsigned int)(real_ns % 1000000000));
}

int inspect_port(const char *text, struct port_text *out)
{
    return sscanf(text, "%15[0-9.]:%7[0-9]:%7[0-9]/%3[a-z]", out->ip, out->host,
                  out->guest, out->proto) == 4
               ? 0
               : -1;
}

static void write_time(struct json *j, const char *key, int64_t real_ns)
{
    char text[40];

    inspect_time(real_ns, text);
    json_str(j, key, text);
}

static const char *get(const struct inst *inst, const char *key)
{
    return strings_get(inst->record, key);
}

static bool flag(const struct inst *inst, const char *key)
{
    return strcmp(get(inst, key), "1") == 0;
}

static void write_state(struct json *j, const struct inst *inst)
{
    const struct inst_state *state = &inst->state;
    bool running = inst_monitor(inst) != 0;
    bool finished = (state->flags & STATE_FINISHED) != 0;
    const char *error = state->error;

    if (!running && !finished) {
        error = "monitor was killed; the instance ended with it";
    }
    json_begin(j, "State", '{');
    json_str(j, "Status", running ? "running" : "exited");
    json_bool(j, "Running", running);
    json_bool(j, "Paused", false);
    json_bool(j, "Restarting", false);
    json_bool(j, "OOMKilled", (state->flags & STATE_OOM) != 0);
    json_bool(j, "Dead", false);
    json_int(j, "Pid", running ? state->pid : 0);
    json_int(j, "ExitCode", running ? 0 : state->exit_code);
    json_str(j, "Error", error);
    write_time(j, "StartedAt", state->started_ns);
    write_time(j, "FinishedAt", running ? 0 : state->finished_ns);
    json_end(j, '}');
}

static void write_list(struct json *j, const char *key, const struct inst *inst,
                       const char *record_key, bool skip_first)
{
    const char *value = strings_next(inst->record, record_key, NULL);

    json_begin(j, key, '[');
    for (; value != NULL;
         value = strings_next(inst->record, record_key, value)) {
        if (!skip_first) {
            json_str(j, NULL, value);
        }
        skip_first = false;
    }
    json_end(j, ']');
}

/* {"80/tcp": {}} */
static void write_set(struct json *j, const char *key, const struct inst *inst,
                      const char *record_key)
{
    const char *value = NULL;

    json_begin(j, key, '{');
    while ((value = strings_next(inst->record, record_key, value)) != NULL) {
        json_begin(j, value, '{');
        json_end(j, '}');
    }
    json_end(j, '}');
}

static void write_stop_signal(struct json *j, const struct inst *inst)
{
    const char *number = get(inst, "stopsignal");

    json_str(j, "StopSignal", number[0] != '\0' ? number : "SIGTERM");
}

static void write_config(struct json *j, const struct inst *inst)
{
    json_begin(j, "Config", '{');
    json_str(j, "Hostname", get(inst, "hostname"));
    write_list(j, "Env", inst, "env", false);
    write_list(j, "Cmd", inst, "arg", false);
    json_str(j, "Image", get(inst, "source"));
    json_str(j, "WorkingDir", get(inst, "cwd"));
    json_bool(j, "Tty", flag(inst, "tty"));
    json_bool(j, "OpenStdin", flag(inst, "stdin"));
    json_null(j, "Entrypoint");
    json_str(j, "User", get(inst, "user"));
    write_set(j, "ExposedPorts", inst, "expose");
    write_set(j, "Volumes", inst, "declared");
    write_stop_signal(j, inst);
    json_end(j, '}');
}

/* {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}]}: one entry for each
 * guest port, with all its host ports. */
static void write_ports(struct json *j, const char *key,
                        const struct inst *inst)
{
    const char *a = strings_next(inst->record, "port", NULL);

    json_begin(j, key, '{');
    for (; a != NULL; a = strings_next(inst->record, "port", a)) {
        struct port_text pa, pb;
        char name[16];
        const char *b = strings_next(inst->record, "port", NULL);
        bool open = false;

        for (; b != NULL; b = strings_next(inst->record, "port", b)) {
            if (inspect_port(a, &pa) < 0 || inspect_port(b, &pb) < 0 ||
                strcmp(pa.guest, pb.guest) != 0 ||
                strcmp(pa.proto, pb.proto) != 0) {
                continue;
            }
            if (!open && b != a) {
                break; /* written with the first of its kind */
            }
            if (!open) {
                snprintf(name, sizeof(name), "%s/%s", pa.guest, pa.proto);
                json_begin(j, name, '[');
                open = true;
            }
            json_begin(j, NULL, '{');
            json_str(j, "HostIp", pb.ip);
            json_str(j, "HostPort", pb.host);
            json_end(j, '}');
        }
        if (open) {
            json_end(j, ']');
        }
    }
    json_end(j, '}');
}

static void write_host_config(struct json *j, const struct inst *inst)
{
    json_begin(j, "HostConfig", '{');
    json_bool(j, "AutoRemove", flag(inst, "remove"));
    json_str(j, "NetworkMode", get(inst, "network"));
    json_int(j, "Memory", strtoll(get(inst, "mem"), NULL, 10));
    json_str(j, "Runtime", get(inst, "platform"));
    json_bool(j, "Jit", flag(inst, "jit"));
    write_list(j, "Binds", inst, "volume", false);
    write_ports(j, "PortBindings", inst);
    json_end(j, '}');
}

static void write_network(struct json *j, const struct inst *inst)
{
    json_begin(j, "NetworkSettings", '{');
    json_str(j, "IPAddress", get(inst, "ip"));
    json_int(j, "IPPrefixLen", strtol(get(inst, "prefix"), NULL, 10));
    json_str(j, "Gateway", get(inst, "gateway"));
    json_str(j, "MacAddress", get(inst, "mac"));
    write_ports(j, "Ports", inst);
    json_end(j, '}');
}

static void write_kind(struct json *j, const char *key, const char *source)
{
    char name[NAME_MAX + 1];

    if (strcmp(key, "disk") == 0) {
        json_str(j, "Type", "disk");
    } else if (named_of_path(source, name) != NULL) {
        json_str(j, "Type", "volume");
        json_str(j, "Name", name);
        json_str(j, "Driver", "local");
    } else {
        json_str(j, "Type", "bind");
    }
}

/* "host:guest:mode"; a host path with a colon cannot be given. */
static void write_mounts_of(struct json *j, const struct inst *inst,
                            const char *key)
{
    const char *v = strings_next(inst->record, key, NULL);

    for (; v != NULL; v = strings_next(inst->record, key, v)) {
        char *copy = strdup(v);
        char *guest = copy != NULL ? strchr(copy, ':') : NULL;
        char *mode = guest != NULL ? strchr(guest + 1, ':') : NULL;

        if (mode != NULL) {
            *guest++ = '\0';
            *mode++ = '\0';
            json_begin(j, NULL, '{');
            write_kind(j, key, copy);
            json_str(j, "Source", copy);
            json_str(j, "Destination", guest);
            json_str(j, "Mode", mode);
            json_bool(j, "RW", strcmp(mode, "rw") == 0);
            json_end(j, '}');
        }
        free(copy);
    }
}

static void write_mounts(struct json *j, const struct inst *inst)
{
    json_begin(j, "Mounts", '[');
    write_mounts_of(j, inst, "volume");
    write_mounts_of(j, inst, "disk");
    json_end(j, ']');
}

void inspect_write(struct json *j, const struct inst *inst)
{
    json_begin(j, NULL, '{');
    json_str(j, "Id", inst->id);
    write_time(j, "Created", strtoll(get(inst, "created"), NULL, 10));
    json_str(j, "Path", get(inst, "exe"));
    write_list(j, "Args", inst, "arg", true);
    write_state(j, inst);
    json_str(j, "Image", get(inst, "image"));
    json_str(j, "Name", get(inst, "name"));
    write_host_config(j, inst);
    write_mounts(j, inst);
    write_config(j, inst);
    write_network(j, inst);
    json_end(j, '}');
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* An image's configuration as strings: see settings.h. */
#include "host/oci/settings.h"

#include <stdlib.h>
#include <string.h>

#include "host/oci/json_file.h"

struct settings {
    struct strings *out;
    const json_t *config; /* the "config" member; NULL: none */
    const char *where;
    struct err *err;
};

static int bad(struct settings *s, const char *member)
{
    return err_set(s->err, ERR_TOOL,
                   "%s: configuration: %s is not as image-spec has it",
                   s->where, member);
}

/* A list of strings, or null. */
static int add_list(struct settings *s, const char *member, const char *key)
{
    const json_t *list = json_object_get(s->config, member);

    if (!list || json_is_null(list))
        return 0;
    if (!json_is_array(list))
        return bad(s, member);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));

        if (!text)
            return bad(s, member);
        strings_add(s->out, key, text);
    }
    return 0;
}

static int add_env(struct settings *s)
{
    const json_t *list = json_object_get(s->config, "Env");

    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));

        if (text && (text[0] == '=' || !strchr(text, '=')))
            return bad(s, "Env");
    }
    return add_list(s, "Env", "env");
}

static void add_text(struct settings *s, const char *member, const char *key)
{
    const char *text = json_text(s->config, member);

    if (text[0])
        strings_add(s->out, key, text);
}

/* "80", "80/tcp", "53/udp". Of the rest (sctp) we know nothing. */
static int add_ports(struct settings *s)
{
    json_t *ports = json_object_get(s->config, "ExposedPorts"), *ignored;
    const char *text;

    json_object_foreach(ports, text, ignored)
    {
        char *end;
        unsigned long port = strtoul(text, &end, 10);

        if (text[0] < '0' || text[0] > '9' || port < 1 || port > 65535)
            return bad(s, "ExposedPorts");
        if (!*end || strcmp(end, "/tcp") == 0 || strcmp(end, "/udp") == 0)
            strings_addf(s->out, "expose", "%lu%s", port, *end ? end : "/tcp");
    }
    return 0;
}

static int add_volumes(struct settings *s)
{
    json_t *volumes = json_object_get(s->config, "Volumes"), *ignored;
    const char *path;

    json_object_foreach(volumes, path, ignored)
    {
        if (path[0] != '/')
            return bad(s, "Volumes");
        strings_add(s->out, "volume", path);
    }
    return 0;
}

int settings_add(struct strings *out, const struct oci_image *image,
                 const char *where, struct err *err)
{
    struct settings s = {.out = out,
                         .config = json_object_get(image->config, "config"),
                         .where = where,
                         .err = err};
    const char *cwd = json_text(s.config, "WorkingDir");

    strings_add(out, "manifest", image->id);
    if (add_list(&s, "Entrypoint", "entrypoint") < 0 ||
        add_list(&s, "Cmd", "cmd") < 0 || add_env(&s) < 0 ||
        add_ports(&s) < 0 || add_volumes(&s) < 0)
        return -1;
    add_text(&s, "User", "user");
    add_text(&s, "StopSignal", "stopsignal");
    if (cwd[0])
        strings_addf(out, "workdir", "%s%s", cwd[0] == '/' ? "" : "/", cwd);
    if (out->overflow)
        return err_set(err, ERR_TOOL, "%s: configuration: too long", where);
    return 0;
}

static void make_one(struct tree *t, const char *path)
{
    if (!strstr(path, "/../") && !strstr(path, "/./"))
        tree_mkdir(t, path, 0755);
}

void settings_make_directories(struct tree *t, const char *block)
{
    const char *path = NULL;

    make_one(t, strings_get(block, "workdir"));
    while ((path = strings_next(block, "volume", path)))
        make_one(t, path);
}

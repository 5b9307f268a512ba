/* SPDX-License-Identifier: BSD-2-Clause */
/* Looking at a process: see look.h. */
#include "host/record/look.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static ssize_t read_file(pid_t pid, const char *name, char *to, size_t cap)
{
    char path[64];
    size_t len = 0;
    ssize_t n = 1;
    int fd;

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    while (n > 0 && len + 1 < cap) {
        n = read(fd, to + len, cap - 1 - len);
        len += n > 0 ? (size_t)n : 0;
    }
    close(fd);
    to[len] = '\0';
    return n < 0 || len + 1 == cap ? -1 : (ssize_t)len;
}

static int read_link(pid_t pid, const char *name, char to[PATH_MAX])
{
    char path[64];
    ssize_t len;

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    len = readlink(path, to, PATH_MAX - 1);
    if (len < 0)
        return -1;
    to[len] = '\0';
    return 0;
}

int look_at(struct look *l, pid_t pid, struct err *err)
{
    ssize_t args = read_file(pid, "cmdline", l->args, sizeof(l->args));
    ssize_t env = read_file(pid, "environ", l->env, sizeof(l->env));

    l->argc = 0;
    if (args < 0 || env < 0 ||
        read_file(pid, "status", l->status, sizeof(l->status)) < 0 ||
        read_link(pid, "exe", l->exe) < 0 || read_link(pid, "cwd", l->cwd) < 0)
        return err_set(err, ERR_TOOL,
                       "executed something with too many arguments to record");
    for (char *p = l->args; p < l->args + args; p += strlen(p) + 1)
        if (l->argc < LOOK_MAX_ARGS)
            l->argv[l->argc++] = p;
    l->argv[l->argc] = NULL;
    l->env_len = (size_t)env;
    return 0;
}

/* The effective id of a line of four, "Uid:". */
static unsigned long status_id(const struct look *l, const char *key)
{
    const char *at = strstr(l->status, key);
    unsigned long real, effective;

    return at && sscanf(at + strlen(key), "%lu %lu", &real, &effective) == 2
               ? effective
               : 0;
}

static void print_groups(const struct look *l, struct strings *out)
{
    const char *at = strstr(l->status, "\nGroups:");
    unsigned long id;
    int n;

    at = at ? at + strlen("\nGroups:") : "";
    while (at[strspn(at, " \t")] != '\n' && sscanf(at, "%lu%n", &id, &n) == 1) {
        strings_addf(out, "group", "%lu", id);
        at += n;
    }
}

void look_print(const struct look *l, struct strings *out)
{
    strings_add(out, "exe", l->exe);
    for (int i = 0; i < l->argc; i++)
        strings_add(out, "arg", l->argv[i]);
    for (const char *p = l->env; p < l->env + l->env_len; p += strlen(p) + 1)
        if (*p)
            strings_add(out, "env", p);
    strings_add(out, "cwd", l->cwd);
    strings_addf(out, "uid", "%lu", status_id(l, "\nUid:"));
    strings_addf(out, "gid", "%lu", status_id(l, "\nGid:"));
    print_groups(l, out);
}

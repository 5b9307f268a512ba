/* SPDX-License-Identifier: BSD-2-Clause */
/* One process is all there is: see single.h. */
#include "host/instance/single.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "host/common/wrappers.h"
#include "host/common/xalloc.h"

struct program {
    const char *name;
    const char *option;   /* takes settings */
    const char *setting;  /* to be among them */
    const char *word;     /* whoever writes this has decided */
    const char *config;   /* file in which it may stand */
    const char *no_serve; /* short options with which it does not fork */
};

static const struct program programs[] = {
    {"nginx", "-g", "master_process off;", "master_process",
     "/etc/nginx/nginx.conf", "tTvVsh?"},
};

static bool config_decides(const struct program *p,
                           const struct erofs_image *files)
{
    struct erofs_node node;

    return erofs_walk(files, p->config, &node) &&
           memmem(node.data, node.len_bytes, p->word, strlen(p->word)) != NULL;
}

/* Is there an option that makes all this needless? */
static bool is_decided(const struct program *p, const struct spec *spec)
{
    for (int i = 1; i < spec->nr_command; i++) {
        const char *arg = spec->command[i];

        if (strstr(arg, p->word) != NULL) {
            return true;
        }
        if (arg[0] == '-' && arg[1] != '\0' && arg[2] == '\0' &&
            strchr(p->no_serve, arg[1]) != NULL) {
            return true;
        }
    }
    return false;
}

static void add_setting(const struct program *p, struct spec *spec)
{
    char **argv = xcalloc((size_t)spec->nr_command + 3, sizeof(char *));
    bool done = false;

    memcpy(argv, spec->command, (size_t)spec->nr_command * sizeof(char *));
    for (int i = 1; i + 1 < spec->nr_command && !done; i++) {
        done = strcmp(argv[i], p->option) == 0;
        if (done) {
            argv[i + 1] = xasprintf("%s %s", argv[i + 1], p->setting);
        }
    }
    if (!done) {
        argv[spec->nr_command++] = xstrdup(p->option);
        argv[spec->nr_command++] = xstrdup(p->setting);
    }
    spec->command = argv;
}

void single_process(struct spec *spec, const struct erofs_image *files,
                    const char *exe)
{
    const char *name = wrapper_base_name(exe);

    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
        const struct program *p = &programs[i];

        if (strcmp(p->name, name) != 0 || is_decided(p, spec) ||
            config_decides(p, files)) {
            continue;
        }
        add_setting(p, spec);
        fprintf(stderr,
                "einkorn: note: %s: started with `%s %s`, as one "
                "process\n",
                name, p->option, p->setting);
    }
}

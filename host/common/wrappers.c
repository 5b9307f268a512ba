/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of wrappers: see wrappers.h. */
#include "host/common/wrappers.h"

#include <stddef.h>
#include <string.h>

struct wrapper {
    const char *name;
    const char *flags;              /* short options without a value */
    const char *values;             /* short options with one */
    const char *const *long_values; /* long options with one, as a word */
    bool takes_user;                /* the first operand is USER[:GROUP] */
    bool takes_env;                 /* K=V operands come first */
};

static const char *const dumb_init_values[] = {"--rewrite", NULL};
static const char *const no_values[] = {NULL};

/* setpriv's command lines are many; it is run (see goes_on). */
static const struct wrapper wrappers[] = {
    {"tini", "sgwvh", "pe", no_values, false, false},
    {"tini-static", "sgwvh", "pe", no_values, false, false},
    {"docker-init", "sgwvh", "pe", no_values, false, false},
    {"dumb-init", "cv", "r", dumb_init_values, false, false},
    {"catatonit", "gP", "", no_values, false, false},
    {"gosu", "", "", no_values, true, false},
    {"su-exec", "", "", no_values, true, false},
    {"env", "", "", no_values, false, true},
};

static const char *const shells[] = {"sh",  "dash", "bash", "ash",
                                     "ksh", "mksh", "zsh",  NULL};

/* They execute what follows without a fork. */
static const char *const going_on[] = {
    "gosu",  "su-exec", "setpriv", "setuidgid", "chpst",  "env",
    "nice",  "ionice",  "chrt",    "nohup",     "stdbuf", "setsid",
    "runas", "taskset", "prlimit", "chroot",    "exec",   NULL};

static bool is_in(const char *const *list, const char *name)
{
    while (*list && strcmp(*list, name) != 0)
        list++;
    return *list;
}

const char *wrapper_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

bool wrapper_is_shell(const char *name)
{
    return is_in(shells, name);
}

bool wrapper_goes_on(const char *name)
{
    return wrapper_is_shell(name) || is_in(going_on, name);
}

/* How many arguments the option at argv[0] is, 0 if it is not known. */
static int option_length(const struct wrapper *w, const char *option)
{
    if (option[1] == '-') {
        if (is_in(w->long_values, option))
            return 2;
        return w->flags[0] ? 1 : 0;
    }
    if (strchr(w->values, option[1]))
        return option[2] ? 1 : 2;
    for (const char *p = option + 1; *p; p++)
        if (!strchr(w->flags, *p))
            return 0;
    return 1;
}

static bool parse(const struct wrapper *w, char *const *argv, int argc,
                  struct wrapped *out)
{
    int i = 1;

    *out = (struct wrapped){0};
    while (i < argc && argv[i][0] == '-') {
        int n = strcmp(argv[i], "--") == 0 ? 1 : option_length(w, argv[i]);
        bool is_end = argv[i][1] == '-' && argv[i][2] == '\0';

        if (n == 0)
            return false;
        i += n;
        if (is_end)
            break;
    }
    if (w->takes_user && i < argc)
        out->user = argv[i++];
    out->first_env = i;
    while (w->takes_env && i < argc && strchr(argv[i], '='))
        i++;
    out->nr_env = i - out->first_env;
    out->nr_skip = i;
    return i < argc;
}

static const struct wrapper *find(const char *name)
{
    for (size_t i = 0; i < sizeof(wrappers) / sizeof(wrappers[0]); i++)
        if (strcmp(wrappers[i].name, name) == 0)
            return &wrappers[i];
    return NULL;
}

bool wrapper_is_known(const char *name)
{
    return find(name);
}

bool wrapper_parse(const char *name, char *const *argv, int argc,
                   struct wrapped *out)
{
    const struct wrapper *w = find(name);

    return w && parse(w, argv, argc, out);
}

enum shell_input wrapper_shell_input(char *const *argv, int argc, int *index)
{
    for (int i = 1; i < argc; i++) {
        bool is_option = argv[i][0] == '-' || argv[i][0] == '+';

        *index = i;
        if (!is_option || !argv[i][1])
            return is_option ? SHELL_STDIN : SHELL_SCRIPT;
        if (argv[i][0] != '-' || argv[i][1] == '-')
            continue;
        if (strchr(argv[i], 's'))
            return SHELL_STDIN;
        if (strchr(argv[i], 'o'))
            i++;
        if (strchr(argv[i], 'c') && i + 1 < argc) {
            *index = i + 1;
            return SHELL_COMMAND;
        }
    }
    return SHELL_STDIN;
}

bool wrapper_is_simple(const char *text)
{
    return !strpbrk(text, ";|&\n`(){}") && strncmp(text, "if ", 3) != 0;
}

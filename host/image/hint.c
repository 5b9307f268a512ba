/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which Debian package would bring a missing library; see hint.h. There is no
 * offline index of file names, so the name is guessed by Debian's rule and
 * the guess is checked.
 */
#include "host/image/hint.h"

#include <ctype.h>
#include <fcntl.h>
#include <glob.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/image/text_file.h"

extern char **environ;

static int add_name(char names[3][128], int nr, const char *stem, size_t len,
                    const char *dash, const char *version)
{
    snprintf(names[nr], 128, "%.*s%s%s", (int)len, stem, dash, version);
    for (char *p = names[nr]; *p; p++)
        *p = *p == '_' ? '-' : (char)tolower((unsigned char)*p);
    return nr + 1;
}

int hint_names(const char *soname, char names[3][128])
{
    const char *base = strrchr(soname, '/');
    const char *so, *version;
    size_t len;
    int nr = 0;

    base = base ? base + 1 : soname;
    if (strncmp(base, "ld-musl-", 8) == 0)
        return add_name(names, 0, "musl", 4, "", "");
    if (strncmp(base, "ld-linux-x86-64", 15) == 0)
        return add_name(names, 0, "libc6", 5, "", "");
    so = strstr(base, ".so");
    if (!so)
        return 0;
    len = (size_t)(so - base);
    version = so[3] == '.' ? so + 4 : "";
    if (len > 0 && *version && isdigit((unsigned char)so[-1]))
        nr = add_name(names, nr, base, len, "-", version);
    else
        nr = add_name(names, nr, base, len, "", version);
    if (*version) {
        nr = add_name(names, nr, base, len, "-", version);
        nr = add_name(names, nr, base, len, "", "");
    }
    return nr;
}

static bool apt_knows(const char *package)
{
    char *argv[] = {"apt-cache",
                    "show",
                    "--no-all-versions",
                    "--",
                    (char *)(unsigned long)package,
                    NULL};
    posix_spawn_file_actions_t actions;
    int status = -1;
    pid_t pid;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    if (posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ) == 0)
        waitpid(pid, &status, 0);
    posix_spawn_file_actions_destroy(&actions);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* An installed package that lists a file of this name. */
static bool find_installed(const char *base, char *out, size_t len_bytes)
{
    glob_t lists;
    bool found = false;
    char needle[300];

    snprintf(needle, sizeof(needle), "/%s\n", base);
    if (glob("/var/lib/dpkg/info/*.list", GLOB_NOSORT, NULL, &lists) != 0)
        return false;
    for (size_t i = 0; !found && i < lists.gl_pathc; i++) {
        char *text = text_file_read(lists.gl_pathv[i]);
        char *hit = text ? strstr(text, needle) : NULL;
        char *start = hit;
        const char *name = strrchr(lists.gl_pathv[i], '/') + 1;

        while (start && start > text && start[-1] != '\n')
            start--;
        if (hit) {
            snprintf(out, len_bytes,
                     "the installed package %.*s has it as %.*s/%s, which is "
                     "not where the loader looks, or is damaged",
                     (int)strcspn(name, ":"), name, (int)(hit - start), start,
                     base);
            found = true;
        }
        free(text);
    }
    globfree(&lists);
    return found;
}

void hint_library(const char *soname, char *out, size_t len_bytes)
{
    const char *base = strrchr(soname, '/');
    char names[3][128];
    int nr = hint_names(soname, names);

    base = base ? base + 1 : soname;
    if (find_installed(base, out, len_bytes))
        return;
    for (int i = 0; i < nr; i++) {
        if (!apt_knows(names[i]))
            continue;
        snprintf(out, len_bytes, "`apt install %s` should bring it", names[i]);
        return;
    }
    snprintf(out, len_bytes,
             "no Debian package named after it is known here; `apt-file search "
             "%.60s` may find one",
             base);
}

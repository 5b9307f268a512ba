/* SPDX-License-Identifier: BSD-2-Clause */
/* From a command line to a program: see program.h. */
#include "host/instance/program.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/common/erofs_read.h"
#include "host/common/wrappers.h"
#include "host/common/xalloc.h"
#include "host/instance/account.h"
#include "host/instance/script.h"
#include "host/instance/single.h"

enum { MAX_STEPS = 8 };

/* ---- the program --------------------------------------------------------- */

static bool is_program(const struct erofs_image *image, const char *path,
                       struct erofs_node *out)
{
    if (!erofs_walk(image, path, out)) {
        return false;
    }
    errno = EACCES;
    return S_ISREG(out->mode) && (out->mode & 0111) != 0;
}

/* execvp(3) as the program would see it. */
static bool find_program(const struct erofs_image *image,
                         const struct spec *spec, const char *name,
                         char exe[PATH_MAX], struct erofs_node *out)
{
    const char *dir = spec_env(spec, "PATH", 4);

    if (strchr(name, '/') != NULL) {
        snprintf(exe, PATH_MAX, "%s%s%s", name[0] == '/' ? "" : spec->cwd,
                 name[0] == '/' ? "" : "/", name);
        return is_program(image, exe, out);
    }
    for (; *dir != '\0'; dir += dir[0] == ':') {
        size_t len = strcspn(dir, ":");

        snprintf(exe, PATH_MAX, "%.*s/%s", (int)len, dir, name);
        if (len > 0 && is_program(image, exe, out)) {
            return true;
        }
        dir += len;
    }
    errno = ENOENT;
    return false;
}

static bool begins_with(const struct erofs_node *node, const char *magic)
{
    size_t len = strlen(magic);

    return node->len_bytes >= len && memcmp(node->data, magic, len) == 0;
}

/* The words of a script's first line: interpreter and at most one argument,
 * execve(2). Returns how many. */
static int interpreter(const struct erofs_node *script, char words[2][256])
{
    size_t len = script->len_bytes < 256 ? (size_t)script->len_bytes : 255;
    char line[256];
    int n;

    memcpy(line, script->data, len);
    line[len] = '\0';
    line[strcspn(line, "\n")] = '\0';
    n = sscanf(line, "#! %255s %255[^\n]", words[0], words[1]);
    for (size_t end = strlen(words[1]); n == 2 && end > 0; end--) {
        if (words[1][end - 1] != ' ' && words[1][end - 1] != '\t') {
            break;
        }
        words[1][end - 1] = '\0';
    }
    return n < 0 ? 0 : n;
}

static void put_before(struct spec *spec, char *const *words, int nr)
{
    char **argv =
        xcalloc((size_t)spec->nr_command + (size_t)nr + 1, sizeof(char *));

    memcpy(argv, words, (size_t)nr * sizeof(char *));
    memcpy(argv + nr, spec->command, (size_t)spec->nr_command * sizeof(char *));
    spec->command = argv;
    spec->nr_command += nr;
}

static int not_a_program(const struct spec *spec, const char *name,
                         struct err *err)
{
    return err_set(err,
                   errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND
                                                       : ERR_CANNOT_RUN,
                   "run %s: %s: %m in the image", spec->target, name);
}

/* ---- wrappers and scripts ------------------------------------------------ */

/* What the wrapper would have done is done here, and it is left out. */
static int unwrap(struct spec *spec, const struct erofs_image *files,
                  const struct wrapped *w, struct err *err)
{
    if (w->user != NULL) {
        if (account_become(spec, files, w->user, err) < 0 ||
            spec_set_env(spec, xasprintf("HOME=%s", spec->home), err) < 0) {
            return -1;
        }
    }
    for (int i = 0; i < w->nr_env; i++) {
        if (spec_set_env(spec, spec->command[w->first_env + i], err) < 0) {
            return -1;
        }
    }
    spec->command += w->nr_skip;
    spec->nr_command -= w->nr_skip;
    return 0;
}

/* Is the command line one that a shell forks for? What a user types is left
 * alone: builtins and a last command work as they are. */
static bool shell_forks(const struct spec *spec, const char *name)
{
    int i;

    return !spec->command_given && wrapper_is_shell(name) &&
           wrapper_shell_input(spec->command, spec->nr_command, &i) ==
               SHELL_COMMAND &&
           !wrapper_is_simple(spec->command[i]);
}

enum step { STEP_FAILED = -1, STEP_DONE, STEP_AGAIN, STEP_RECORD };

static enum step take_script(struct spec *spec, const struct erofs_node *node,
                             char *exe)
{
    char words[2][256] = {"", ""};
    char *put[3] = {NULL};
    int nr = interpreter(node, words), shell_arg;

    if (nr == 0) {
        return STEP_FAILED;
    }
    put[0] = words[0];
    put[1] = words[1];
    if (wrapper_is_shell(wrapper_base_name(words[0])) ||
        (strcmp(wrapper_base_name(words[0]), "env") == 0 && nr == 2 &&
         wrapper_is_shell(wrapper_base_name(words[1])))) {
        return STEP_RECORD;
    }
    for (shell_arg = 0; shell_arg < nr; shell_arg++) {
        put[shell_arg] = xstrdup(put[shell_arg]);
    }
    spec->command++;
    spec->nr_command--;
    put[nr] = xstrdup(exe);
    put_before(spec, put, nr + 1);
    return STEP_AGAIN;
}

static enum step look(struct spec *spec, struct image *image,
                      const struct erofs_image *files, struct err *err)
{
    const char *name = wrapper_base_name(spec->command[0]);
    struct erofs_node node;
    struct wrapped wrapped;
    enum step step;

    if (!find_program(files, spec, spec->command[0], image->exe, &node)) {
        return (enum step)not_a_program(spec, spec->command[0], err);
    }
    if (begins_with(&node, "#!")) {
        step = take_script(spec, &node, image->exe);
    } else if (!begins_with(&node, "\177ELF")) {
        step = STEP_FAILED;
    } else if (wrapper_parse(name, spec->command, spec->nr_command, &wrapped)) {
        return unwrap(spec, files, &wrapped, err) < 0 ? STEP_FAILED
                                                      : STEP_AGAIN;
    } else {
        step = shell_forks(spec, name) ? STEP_RECORD : STEP_DONE;
    }
    if (step == STEP_FAILED) {
        err_set(err, ERR_CANNOT_RUN,
                "run %s: %s is neither a program nor a script", spec->target,
                image->exe);
    }
    return step;
}

static int find_last(struct spec *spec, struct image *image,
                     const struct dirs *dirs, struct err *err)
{
    for (int i = 0; i < MAX_STEPS; i++) {
        struct erofs_image files;
        enum step step;
        char *exe;

        if (erofs_open(&files, image->entry.image, err) < 0) {
            return -1;
        }
        step = look(spec, image, &files, err);
        erofs_close(&files);
        if (step == STEP_FAILED || step == STEP_DONE) {
            return step;
        }
        if (step == STEP_RECORD) {
            exe = xstrdup(image->exe);
            if (script_replace(spec, image, dirs, exe, err) < 0) {
                return -1;
            }
            free(exe);
            if (!wrapper_is_known(wrapper_base_name(image->exe))) {
                return 0;
            }
        }
    }
    return err_set(err, ERR_CANNOT_RUN,
                   "run %s: more than %d programs start one another",
                   spec->target, MAX_STEPS);
}

int program_find(struct spec *spec, struct image *image,
                 const struct dirs *dirs, struct err *err)
{
    struct erofs_image files;

    if (find_last(spec, image, dirs, err) < 0 ||
        erofs_open(&files, image->entry.image, err) < 0) {
        return -1;
    }
    single_process(spec, &files, image->exe);
    erofs_close(&files);
    return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs that containers start others through, by name. docs/oci.md has the
 * table for users; each program's own manual says what its options mean.
 */
#ifndef EINKORN_HOST_COMMON_WRAPPERS_H
#define EINKORN_HOST_COMMON_WRAPPERS_H

#include <stdbool.h>

/* How a command line says what it wraps. */
struct wrapped {
    int nr_skip;      /* arguments that are the wrapper's own; 0: not known */
    const char *user; /* USER[:GROUP] to become, or NULL */
    int first_env;    /* env: index of its first K=V ... */
    int nr_env;       /* ... and how many */
};

/* What `name` is called without its path. */
const char *wrapper_base_name(const char *path);

bool wrapper_is_known(const char *name);

/* Is argv a command line of a known wrapper, called by that base name? */
bool wrapper_parse(const char *name, char *const *argv, int argc,
                   struct wrapped *out);

/* Does this program, by itself or after work, execute what follows on its
 * command line, so that a recording goes on? True for shells and for those
 * that change user, priority or the like. */
bool wrapper_goes_on(const char *name);

bool wrapper_is_shell(const char *name);

/* The script or command of a shell's command line. */
enum shell_input { SHELL_SCRIPT, SHELL_COMMAND, SHELL_STDIN };
enum shell_input wrapper_shell_input(char *const *argv, int argc, int *index);

/* Does `sh -c text` execute text's program without forking: one command,
 * nothing that the shell would do first or afterwards? */
bool wrapper_is_simple(const char *text);

#endif

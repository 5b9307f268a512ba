/* SPDX-License-Identifier: BSD-2-Clause */
/* Running einkorn-image: see builder.h. */
#include "host/instance/builder.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/instance/launch.h"

enum { MAX_WORDS = 8 };

int builder_run(const struct dirs *dirs, const char *const *words, int stdin_fd,
                struct err *err)
{
    char path[DIR_MAX + 32];
    char *argv[MAX_WORDS + 2] = {path};
    struct launch launch;
    int status;
    pid_t pid;

    for (int i = 0; i < MAX_WORDS && words[i] != NULL; i++) {
        argv[i + 1] = (char *)(uintptr_t)words[i];
    }
    snprintf(path, sizeof(path), "%s/einkorn-image", dirs->libexec);
    launch_init(&launch);
    launch.path = path;
    launch.argv = argv;
    launch.envp = environ;
    launch.stdio[0] = stdin_fd;
    pid = launch_start(&launch, err);
    if (pid < 0) {
        return -1;
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(status)) {
        return err_set(err, ERR_TOOL, "image builder: ended by signal %d",
                       WTERMSIG(status));
    }
    if (WEXITSTATUS(status) != 0) {
        err->status = WEXITSTATUS(status); /* said already: no text */
        return -1;
    }
    return 0;
}

int builder_cache(const struct dirs *dirs, char out[DIR_MAX + 16],
                  struct err *err)
{
    snprintf(out, DIR_MAX + 16, "%s/cache", dirs->data);
    return dirs_make(dirs->data, err);
}

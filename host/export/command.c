/* SPDX-License-Identifier: BSD-2-Clause */
/* Running other programs: see disk.h. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/export/disk.h"
#include "host/instance/launch.h"

int command_run(const char *package, const char *const *argv, struct err *err)
{
    char path[64];
    struct launch launch;
    int status;
    pid_t pid;

    snprintf(path, sizeof(path), "/usr/bin/%s", argv[0]);
    if (access(path, X_OK) < 0) {
        return err_set(err, ERR_TOOL, "%s: %m (apt-get install %s)", path,
                       package);
    }
    launch_init(&launch);
    launch.path = path;
    launch.argv = (char **)(uintptr_t)argv;
    launch.envp = environ;
    launch.stdio[1] = STDERR_FILENO;
    pid = launch_start(&launch, err);
    if (pid < 0) {
        return -1;
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (status != 0) {
        return err_set(err, ERR_TOOL, "%s: failed", path);
    }
    return 0;
}

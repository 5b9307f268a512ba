/* SPDX-License-Identifier: BSD-2-Clause */
/* The first process of a sandbox: see init.h. */
#include "host/record/init.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/common/strings.h"
#include "host/common/xalloc.h"
#include "host/record/confine.h"

enum { MAX_GROUPS = 64, NOT_STARTED = 125 };

static _Noreturn void die(const char *step)
{
    dprintf(STDERR_FILENO, "sandbox: %s: %s\n", step, strerror(errno));
    _exit(NOT_STARTED);
}

static char **take_all(const char *request, const char *key)
{
    char **list = NULL;
    size_t nr = 0, cap = 0;
    const char *value = NULL;

    do {
        value = strings_next(request, key, value);
        list = xgrow(list, nr, &cap, sizeof(char *));
        list[nr++] = (char *)(uintptr_t)value;
    } while (value);
    return list;
}

static void set_streams(int output_fd)
{
    int null_fd = open("/dev/null", O_RDONLY);

    dup2(null_fd, STDIN_FILENO);
    dup2(output_fd, STDOUT_FILENO);
    dup2(output_fd, STDERR_FILENO);
    /* Whatever our caller's caller left open is not for the script. */
    syscall(SYS_close_range, 3u, ~0u, CLOSE_RANGE_CLOEXEC);
}

/* Capabilities stay until the execve of whoever is not root. */
static void become(const char *request)
{
    gid_t groups[MAX_GROUPS];
    const char *value = NULL;
    size_t nr = 0;
    gid_t gid = (gid_t)strtoul(strings_get(request, "gid"), NULL, 10);
    uid_t uid = (uid_t)strtoul(strings_get(request, "uid"), NULL, 10);

    while (nr < MAX_GROUPS && (value = strings_next(request, "group", value)))
        groups[nr++] = (gid_t)strtoul(value, NULL, 10);
    if (setgroups(nr, groups) < 0 || setresgid(gid, gid, gid) < 0 ||
        setresuid(uid, uid, uid) < 0)
        die("become the image's user");
    prctl(PR_SET_DUMPABLE, 1);
}

static void reset_signals(void)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

void init_run(const char *request, int dir_fd, int output_fd, int go_fd)
{
    char **argv = take_all(request, "arg"), **envp = take_all(request, "env");
    const char *failed, *exe = strings_get(request, "exe");
    char byte;

    setsid();
    if (fchdir(dir_fd) < 0)
        die("enter its files");
    set_streams(output_fd);
    failed = confine_mounts();
    if (!failed)
        failed = confine_process();
    if (failed)
        die(failed);
    become(request);
    if (chdir(strings_get(request, "cwd")) < 0)
        die("enter the working directory");
    reset_signals();
    if (read(go_fd, &byte, 1) != 1)
        _exit(NOT_STARTED); /* nobody is watching */
    execve(exe, argv, envp);
    die(exe);
}

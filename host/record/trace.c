/* SPDX-License-Identifier: BSD-2-Clause */
/* Following execve: see trace.h. */
#include "host/record/trace.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>

#include "host/common/wrappers.h"
#include "host/record/look.h"

int trace_attach(pid_t pid, struct err *err)
{
    /* Threads are followed since any of them may call execve; children, which
     * scripts start by the dozen, are not. */
    long options = PTRACE_O_TRACEEXEC | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL;

    if (ptrace(PTRACE_SEIZE, pid, NULL, options) < 0)
        return err_set(err, ERR_TOOL,
                       "sandbox: ptrace: %m (is it forbidden here?)");
    return 0;
}

static int64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* The next event of a traced task, 0 when time is up. */
static pid_t next_event(int *status, int64_t deadline_ns)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    for (;;) {
        pid_t pid = waitpid(-1, status, WNOHANG | __WALL);
        int64_t left = deadline_ns - now_ns();
        struct timespec ts = {left / 1000000000, left % 1000000000};

        if (pid != 0)
            return pid;
        if (left <= 0)
            return 0;
        sigtimedwait(&set, NULL, &ts);
    }
}

/* Let a stopped task go on as if nobody had looked. */
static void resume(pid_t pid, int status)
{
    int event = status >> 16, signal = WSTOPSIG(status);

    if (event == PTRACE_EVENT_STOP && signal != SIGTRAP)
        ptrace(PTRACE_LISTEN, pid, NULL, 0); /* a job control stop */
    else
        ptrace(PTRACE_CONT, pid, NULL, event ? 0L : (long)signal);
}

static int ended(int status, struct err *err)
{
    if (WIFSIGNALED(status))
        return err_set(err, ERR_CANNOT_RUN,
                       "was ended by signal %d before it executed a program",
                       WTERMSIG(status));
    return err_set(err, ERR_CANNOT_RUN,
                   "ended with status %d without executing a program",
                   WEXITSTATUS(status));
}

/* Has the process just become the program that is wanted? */
static bool is_final(const struct look *l)
{
    const char *name = wrapper_base_name(l->exe);
    struct wrapped ignored;
    int i;

    if (strcmp(name, "busybox") == 0 || strcmp(name, "toybox") == 0 ||
        strcmp(name, "coreutils") == 0)
        name = wrapper_base_name(l->argc > 0 ? l->argv[0] : "");
    if (!wrapper_goes_on(name))
        return true;
    if (wrapper_is_known(name) &&
        !wrapper_parse(name, l->argv, l->argc, &ignored))
        return true; /* `env` alone */
    if (!wrapper_is_shell(name))
        return false;
    switch (wrapper_shell_input(l->argv, l->argc, &i)) {
    case SHELL_SCRIPT:
        return false;
    case SHELL_COMMAND:
        return wrapper_is_simple(l->argv[i]);
    default:
        return true; /* someone wants a shell */
    }
}

int trace_run(pid_t pid, int timeout_s, struct strings *out, struct err *err)
{
    int64_t deadline = now_ns() + (int64_t)timeout_s * 1000000000;
    static struct look look;
    int status;
    pid_t who;

    while ((who = next_event(&status, deadline)) > 0) {
        if (!WIFSTOPPED(status)) {
            if (who == pid)
                return ended(status, err);
            continue;
        }
        if (who == pid && status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8)) {
            if (look_at(&look, pid, err) < 0)
                return -1;
            if (is_final(&look)) {
                look_print(&look, out);
                return 0;
            }
        }
        resume(who, status);
    }
    if (who < 0)
        return err_set(err, ERR_TOOL, "sandbox: wait: %m");
    return err_set(err, ERR_CANNOT_RUN,
                   "did not come to executing a program within %d seconds",
                   timeout_s);
}

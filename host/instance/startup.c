/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether a tender has come up: see startup.h. */
#include "host/instance/startup.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SECONDS = 30, SECONDS_MAX = 86400, TEXT_MAX = 4096, STACK_LINES = 4 };

int startup_seconds(void)
{
    const char *given = getenv("EINKORN_START_SECONDS");
    long seconds = given != NULL ? strtol(given, NULL, 10) : 0;

    return seconds > 0 && seconds <= SECONDS_MAX ? (int)seconds : SECONDS;
}

/* A file of /proc/PID (0: of ours) as text, empty if it cannot be read. */
static void read_proc(pid_t pid, const char *file, char text[TEXT_MAX])
{
    char path[64];
    ssize_t n = -1;
    int fd;

    if (pid != 0) {
        snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
    } else {
        snprintf(path, sizeof(path), "/proc/self/%s", file);
    }
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        n = read(fd, text, TEXT_MAX - 1);
        close(fd);
    }
    text[n > 0 ? n : 0] = '\0';
}

/* What follows "KEY:" up to the end of its line, or "". */
static const char *field(char *status, const char *key)
{
    char *at = strstr(status, key);

    if (at == NULL) {
        return "";
    }
    at += strlen(key);
    at += strspn(at, " \t");
    at[strcspn(at, "\n")] = '\0';
    return at;
}

/* -1: the host does not say (before Linux 5.9). */
static int nr_filters(pid_t pid)
{
    char text[TEXT_MAX];
    const char *said;

    read_proc(pid, "status", text);
    said = field(text, "\nSeccomp_filters:");
    return *said != '\0' ? atoi(said) : -1;
}

/* The innermost functions of a /proc/PID/stack: lines "[<0>] name+0x1/0x2". */
static void shorten_stack(char *stack)
{
    const char mark[] = "[<0>] ";
    char *from = stack, *to = stack;

    for (int i = 0; i < STACK_LINES; i++) {
        size_t len;

        if (strncmp(from, mark, sizeof(mark) - 1) != 0) {
            break;
        }
        from += sizeof(mark) - 1; /* which leaves room for the comma */
        len = strcspn(from, "\n");
        if (i > 0) {
            *to++ = ',';
            *to++ = ' ';
        }
        memmove(to, from, len);
        to += len;
        from += len + (from[len] == '\n');
    }
    *to = '\0';
}

static int describe(pid_t pid, const char *name, struct err *err)
{
    char status[TEXT_MAX], call[TEXT_MAX], place[TEXT_MAX], stack[TEXT_MAX];
    const char *state;

    read_proc(pid, "status", status);
    state = field(status, "\nState:");
    read_proc(pid, "syscall", call);
    call[strcspn(call, " \n")] = '\0';
    read_proc(pid, "wchan", place);
    read_proc(pid, "stack", stack);
    shorten_stack(stack);
    return err_set(err, ERR_TOOL,
                   "%s: did not come up in %d s: the host's kernel holds its "
                   "tender (state %.20s, system call %.20s, in %.60s, stack "
                   "%.400s); ended it (is the host overloaded? does its log "
                   "say more? EINKORN_START_SECONDS=N waits N seconds)",
                   name, startup_seconds(), *state != '\0' ? state : "unknown",
                   *call != '\0' ? call : "unknown",
                   *place != '\0' && *place != '0' ? place : "?",
                   *stack != '\0' ? stack : "not readable");
}

int startup_check(pid_t tender, const char *name, struct err *err)
{
    int own = nr_filters(0), its = nr_filters(tender);

    if (own < 0 || its < 0 || its > own) {
        return 0;
    }
    return describe(tender, name, err);
}

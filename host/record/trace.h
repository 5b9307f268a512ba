/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Following the first process of a sandbox through its execve calls up to the
 * program that all the scripts before were for (ptrace(2)).
 */
#ifndef EINKORN_HOST_RECORD_TRACE_H
#define EINKORN_HOST_RECORD_TRACE_H

#include <sys/types.h>

#include "host/common/err.h"
#include "host/common/strings.h"

/* Attach to a process that waits to be let go. */
int trace_attach(pid_t pid, struct err *err);

/* Run it until it has executed that program, of which not one instruction is
 * executed; what it is goes to *out: exe, arg..., env..., cwd, uid, gid,
 * group.... Signal SIGCHLD must be blocked. -1 if it ended before, or took
 * longer. The process is stopped or gone afterwards, not killed. */
int trace_run(pid_t pid, int timeout_s, struct strings *out, struct err *err);

#endif

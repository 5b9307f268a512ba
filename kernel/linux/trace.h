/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls as lines of text, in strace's manner: config's "trace". One
 * call, one line when it returns; a call that sleeps is shown before as
 * "unfinished". Pointers are followed, bad ones are printed as numbers.
 */
#ifndef EINKORN_KERNEL_LINUX_TRACE_H
#define EINKORN_KERNEL_LINUX_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct abi_frame;

/* True if tracing was asked for; hooks into signals and the end then. */
bool trace_init(void);
void trace_entry(const struct abi_frame *r, uint32_t nr);
void trace_exit(const struct abi_frame *r, uint32_t nr, int64_t result);

/* ---- between the parts ---- */

/* A line that is being written; what does not fit is cut. */
struct trace_line {
    size_t len;
    char text[1024];
};
void trace_put(struct trace_line *l, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* A call at one of its two moments. */
struct trace_call {
    uint64_t arg[6];
    int64_t result;
    bool done; /* result and output arguments are there */
};

/* Kinds of arguments in order, separated by commas ("dfd,path,oflags,mode");
 * NULL: unknown. A leading '!' says that the call may not return. */
const char *trace_shape(uint32_t nr);
/* Argument i as the kind says. */
void trace_arg(struct trace_line *l, const struct trace_call *c, unsigned i,
               const char *kind, size_t kind_len);
/* Symbolic value if there is a set of that name: true. */
bool trace_flags(struct trace_line *l, const char *set, size_t set_len,
                 uint64_t value);
void trace_sockaddr(struct trace_line *l, uint64_t addr, uint64_t len);
/* "SIGSEGV", "ENOENT" with its text; NULL if unknown. */
const char *trace_signal_name(int signo);
const char *trace_errno_name(int err, const char **text);

/* Text of a set of signals, and bytes of the program's as a string. */
void trace_sigset(struct trace_line *l, uint64_t set);
void trace_bytes(struct trace_line *l, uint64_t addr, uint64_t len);
/* An address, or NULL. */
void trace_pointer(struct trace_line *l, uint64_t value);
/* Kinds that are structures (trace_structs.c). */
typedef void trace_kind(struct trace_line *l, const struct trace_call *c,
                        unsigned i);
trace_kind trace_as_sigset, trace_as_timespec, trace_as_timeval,
    trace_as_timespec_out, trace_as_stat, trace_as_fd_pair, trace_as_poll,
    trace_as_epoll_event, trace_as_int_in, trace_as_int_out;
/* Larger ones (trace_records.c). */
trace_kind trace_as_iov_in, trace_as_iov_out, trace_as_msg_in, trace_as_msg_out,
    trace_as_itimerval, trace_as_itimerval_out, trace_as_itimerspec,
    trace_as_itimerspec_out, trace_as_sigevent, trace_as_sigaction,
    trace_as_sigaction_out, trace_as_limits, trace_as_limits_out,
    trace_as_epoll_events, trace_as_sockopt;

#endif

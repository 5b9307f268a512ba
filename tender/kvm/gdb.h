/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gdb's remote protocol (gdb manual, appendix E), on a thread of its own: one
 * peer at a time, who may do what it likes with this guest and nothing else.
 * Nobody connected costs nothing.
 */
#ifndef EINKORN_TENDER_KVM_GDB_H
#define EINKORN_TENDER_KVM_GDB_H

#include "tender/kvm/monitor.h"

/* Listens where opt->gdb says, if it says so. Before the filter is closed. */
void gdb_start(struct machine *m, const struct options *opt);
/* The kernel is about to be entered: waits for a peer if opt->gdb_wait. */
void gdb_up(void);
/* On the virtual CPU's thread: the guest has ended with that status. */
void gdb_exited(int status);

/* For tests: a whole conversation on fd. */
void gdb_session(struct machine *m, int fd);

#endif

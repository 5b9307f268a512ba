/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to the monitor: its signals, which are read from a descriptor.
 */
#ifndef EINKORN_HOST_INSTANCE_MONITOR_SIGNAL_H
#define EINKORN_HOST_INSTANCE_MONITOR_SIGNAL_H

#include "host/instance/monitor.h"

int monitor_block_signals(struct monitor *m, struct err *err);
/* Passes on to the child what has come. The child's exit status, or -1 if it
 * still runs. */
int monitor_take_signals(struct monitor *m);
/* The child is no more: did somebody want an end? */
bool monitor_note_signals(const struct monitor *m);

#endif

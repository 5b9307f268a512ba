/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A host directory, or a single file, for one instance: a 9P2000.L server in a
 * process of its own that can reach nothing else. One message at a time, over
 * a SOCK_SEQPACKET pair.
 */
#ifndef EINKORN_HOST_VOLUME_VOLUME_H
#define EINKORN_HOST_VOLUME_VOLUME_H

#include <sys/types.h>

#include "host/common/err.h"
#include "host/instance/spec.h"

struct volumes {
    pid_t servers[ABI_MAX_CHAN];
    int nr;
    /* The instance's ends, of all servers first; behind them, where there is
     * room, inotify(7) descriptors from which it sees at once that something
     * changed (lease.h). */
    int chan_fds[ABI_MAX_CHAN];
    int nr_chans;
    int watch_chan[ABI_MAX_CHAN]; /* which belongs to a volume; -1: none */
};

/* Starts a server for each volume of the spec. On error those that run are
 * ended by volumes_wait(). They end with the calling process at the latest. */
int volumes_start(struct volumes *vs, const struct spec *spec, struct err *err);

/* Our copies of the instance's ends, once it has them. */
void volumes_close(struct volumes *vs);

/* Until all have ended, which they do when the instance's ends are closed
 * everywhere: nothing is in flight to the host's files any more. */
void volumes_wait(struct volumes *vs);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Where an instance's standard streams come from and go to. */
#ifndef EINKORN_HOST_INSTANCE_STREAMS_H
#define EINKORN_HOST_INSTANCE_STREAMS_H

#include "host/common/err.h"
#include "host/instance/log.h"
#include "host/instance/monitor.h"
#include "host/instance/spec.h"

struct streams {
    int child[3]; /* the tender's descriptors 0 to 2; -1: our own */
    struct log log;
};

/* Opens what the options ask for and tells the monitor its part. */
int streams_open(struct streams *s, const struct spec *spec,
                 const struct store *store, const char *id, struct monitor *m,
                 struct err *err);

/* After the start: our copies of the child's ends, without which we would
 * never see their end. */
void streams_close_child_ends(struct streams *s);

#endif

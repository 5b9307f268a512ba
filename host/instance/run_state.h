/* SPDX-License-Identifier: BSD-2-Clause */
/* Private to run.c and run_start.c: an instance from start to end. */
#ifndef EINKORN_HOST_INSTANCE_RUN_STATE_H
#define EINKORN_HOST_INSTANCE_RUN_STATE_H

#include "host/instance/cgroup.h"
#include "host/instance/config.h"
#include "host/instance/corefile.h"
#include "host/instance/image.h"
#include "host/instance/monitor.h"
#include "host/instance/store.h"
#include "host/instance/streams.h"
#include "host/network/network.h"
#include "host/volume/volume.h"

/* In this order the first page or two hold all that a start touches. */
struct run {
    const struct dirs *dirs;
    struct spec *spec;
    struct network net;
    struct store store;
    struct inst inst;
    struct cgroup cgroup;
    struct streams streams;
    struct volumes volumes;
    struct corefile core;
    struct plan plan;
    char name[NAME_MAX_LEN + 1];
    int report_fd; /* -d: to the waiting tool; -1 otherwise */
    int gdb_fd;    /* gdbline.h; -1: none */
    struct image image;
    struct monitor monitor;
};

/* By the host's clock. */
int64_t run_now_ns(void);
/* From the network to the tender. 0, or -1 with all given back. */
int run_start(struct run *run, struct err *err);
/* Gives back all but the record. */
void run_release(struct run *run);

#endif

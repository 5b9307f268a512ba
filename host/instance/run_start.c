/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `run` up to the tender that runs: network, record, control group, streams,
 * servers; and giving back what is not the record's. See run_state.h.
 */
#include "host/instance/run_state.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "abi/config.h"
#include "host/common/room.h"
#include "host/instance/gdbline.h"
#include "host/instance/limit.h"
#include "host/instance/pty.h"
#include "host/instance/qemu.h"
#include "host/instance/stay.h"
#include "host/instance/tender.h"
#include "host/volume/named.h"

static int publish(struct run *run, struct err *err)
{
    char *block = room(RECORD_MAX);
    struct strings record;
    size_t len;

    strings_init(&record, block, RECORD_MAX);
    record_build(&record, &run->plan);
    len = strings_end(&record);
    if (len == 0) {
        return err_set(err, ERR_TOOL,
                       "arguments and environment: longer than %u bytes",
                       RECORD_MAX);
    }
    return store_create(&run->store, &run->inst, run->spec->name,
                        room_keep(block, len), len, err);
}

/* On our processor, if all there is to do is to wait for it: see stay.h. */
static pid_t start_here(struct run *run, const struct tender *t,
                        struct err *err)
{
    pid_t pid;

    if (run->spec->detach) {
        return tender_start(t, err);
    }
    stay_begin();
    pid = tender_start(t, err);
    if (pid < 0) {
        stay_end(0);
        return -1;
    }
    stay_end(pid);
    run->monitor.stays = true;
    return pid;
}

static int start_tender(struct run *run, struct err *err)
{
    char *block = room(ABI_CONFIG_MAX);
    struct strings config;
    struct tender tender = {
        .dirs = run->dirs,
        .plan = &run->plan,
        .cgroup = &run->cgroup,
        .config = block,
        .alive_fd = run->inst.fd,
        .chan_fds = run->volumes.chan_fds,
        .nr_chans = run->volumes.nr_chans,
        .core_fd = run->core.fd,
        .gdb_fd = run->gdb_fd,
    };

    strings_init(&config, block, ABI_CONFIG_MAX);
    config_build(&config, &run->plan, &run->volumes);
    tender.config_len = strings_end(&config);
    if (tender.config_len == 0) {
        return err_set(err, ERR_TOOL,
                       "arguments and environment: longer than %u bytes",
                       ABI_CONFIG_MAX);
    }
    room_keep(block, tender.config_len);
    memcpy(tender.stdio, run->streams.child, sizeof(tender.stdio));
    if (run->spec->platform == PLATFORM_QEMU) {
        run->monitor.child = qemu_start(&tender, &run->monitor.ctl_fd, err);
    } else if (run->spec->platform == PLATFORM_KVM) {
        run->monitor.child = kvm_start(&tender, &run->monitor.ctl_fd, err);
    } else {
        run->monitor.child = start_here(run, &tender, err);
    }
    return run->monitor.child < 0 ? -1 : 0;
}

/* Where there is no control group to be had, the kernel's own limit, which it
 * is told, must do. */
static int limit_memory(struct run *run, struct err *err)
{
    uint64_t limit = limit_bytes(run->spec, &run->image);
    struct err why = {0};

    if (limit == 0 ||
        cgroup_make(&run->cgroup, run->inst.id, limit, &why) == 0) {
        return 0;
    }
    run->cgroup.path[0] = '\0';
    if (geteuid() == 0) {
        *err = why;
        return -1;
    }
    if (!run->spec->detach) {
        err_print("einkorn: note", &why);
    }
    return 0;
}

static int start_published(struct run *run, struct err *err)
{
    const struct spec *spec = run->spec;

    if (limit_memory(run, err) < 0 ||
        streams_open(&run->streams, spec, &run->store, run->inst.id,
                     &run->monitor, err) < 0) {
        return -1;
    }
    /* QEMU has servers of its own. */
    if (spec->platform != PLATFORM_QEMU &&
        volumes_start(&run->volumes, spec, err) < 0) {
        return -1;
    }
    if (spec->platform != PLATFORM_PROC) {
        run->gdb_fd = gdbline_open(spec, &run->store, run->inst.id, err);
        if (run->gdb_fd < 0 && spec->gdb_port != 0) {
            return -1;
        }
    }
    if (corefile_open(&run->core, spec, run->image.exe, run->inst.id, err) <
            0 ||
        start_tender(run, err) < 0) {
        return -1;
    }
    streams_close_child_ends(&run->streams);
    volumes_close(&run->volumes);
    if (run->gdb_fd >= 0) {
        close(run->gdb_fd);
    }
    run->monitor.may_hang =
        spec->platform != PLATFORM_QEMU && spec->gdb_port == 0;
    run->monitor.name = run->name;
    run->inst.state.pid = run->monitor.child;
    run->inst.state.started_ns = run_now_ns();
    inst_write_state(&run->inst);
    return 0;
}

void run_release(struct run *run)
{
    if (corefile_close(&run->core) && !run->spec->detach) {
        fprintf(stderr, "einkorn: core file: %s\n", run->core.path);
    }
    pty_restore();
    volumes_wait(&run->volumes);
    named_leave(run->spec);
    network_detach(&run->net, run->dirs->run, run->inst.id);
    cgroup_remove(&run->cgroup);
    if (run->gdb_fd >= 0) {
        gdbline_remove(&run->store, run->inst.id);
    }
}

int run_start(struct run *run, struct err *err)
{
    if (monitor_init(&run->monitor, err) < 0) {
        return -1;
    }
    if (network_attach(&run->net, run->dirs->run, run->inst.id, run->spec,
                       err) < 0) {
        return -1;
    }
    if (publish(run, err) < 0) {
        run_release(run);
        return -1;
    }
    if (start_published(run, err) < 0) {
        run_release(run);
        store_remove(&run->store, &run->inst);
        return -1;
    }
    return 0;
}

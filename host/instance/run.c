/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `run`, in order: image, network, record, control group, streams, tender,
 * supervision; and back. See run.h.
 */
#include "host/instance/run.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "abi/config.h"
#include "host/common/room.h"
#include "host/disk/disk.h"
#include "host/instance/corefile.h"
#include "host/instance/gdbline.h"
#include "host/instance/giveback.h"
#include "host/instance/kvm_probe.h"
#include "host/instance/limit.h"
#include "host/instance/monitor.h"
#include "host/instance/pty.h"
#include "host/instance/qemu.h"
#include "host/instance/streams.h"
#include "host/instance/tender.h"
#include "host/volume/named.h"
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

/* Not through the vDSO: for three readings its pages cost more to map. */
static int64_t now_ns(void)
{
    struct timespec now;

    syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* ---- start ---- */

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
        run->monitor.child = tender_start(&tender, err);
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
    run->inst.state.started_ns = now_ns();
    inst_write_state(&run->inst);
    return 0;
}

static void release(struct run *run)
{
    if (corefile_close(&run->core) && !run->spec->detach) {
        fprintf(stderr, "einkorn: core file: %s\n", run->core.path);
    }
    pty_restore();
    volumes_wait(&run->volumes);
    network_detach(&run->net, run->dirs->run, run->inst.id);
    cgroup_remove(&run->cgroup);
    if (run->gdb_fd >= 0) {
        gdbline_remove(&run->store, run->inst.id);
    }
}

static int start(struct run *run, struct err *err)
{
    if (monitor_init(&run->monitor, err) < 0) {
        return -1;
    }
    if (network_attach(&run->net, run->dirs->run, run->inst.id, run->spec,
                       err) < 0) {
        return -1;
    }
    if (publish(run, err) < 0) {
        release(run);
        return -1;
    }
    if (start_published(run, err) < 0) {
        release(run);
        store_remove(&run->store, &run->inst);
        return -1;
    }
    return 0;
}

/* ---- and end ---- */

static int finish(struct run *run, int status)
{
    struct inst_state *state = &run->inst.state;

    state->exit_code = status;
    state->finished_ns = now_ns();
    state->flags = STATE_FINISHED;
    if (run->monitor.lost) { /* what it holds stays until it ends */
        inst_write_state(&run->inst);
        return status;
    }
    if (status == 128 + SIGKILL && cgroup_was_oom(&run->cgroup)) {
        state->flags |= STATE_OOM;
    }
    release(run);
    inst_write_state(&run->inst);
    if ((state->flags & STATE_OOM) != 0 && !run->spec->detach) {
        struct err err = {0};

        err_set(&err, ERR_TOOL,
                "%s: ended for lack of memory (give more with -m)", run->name);
        err_print("einkorn", &err);
    }
    if (run->spec->remove && run->monitor.log == NULL) {
        store_remove_unlogged(&run->store, &run->inst, run->spec->name);
    } else if (run->spec->remove) {
        store_remove(&run->store, &run->inst);
    }
    return status;
}

/* ---- in the background ---- */

/* The monitor is told by nobody's terminal and holds nobody's files. */
static void leave_tool(void)
{
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

    setsid();
    for (int i = 0; i < 3; i++) {
        dup2(fd, i);
    }
    close(fd);
    (void)!chdir("/");
}

static void background(struct run *run)
{
    struct err err = {0};
    int rc = start(run, &err);

    if (rc == 0) {
        leave_tool();
    }
    (void)!write(run->report_fd, &err, sizeof(err));
    close(run->report_fd);
    giveback_start();
    _exit(rc == 0 ? finish(run, monitor_run(&run->monitor)) : 0);
}

static int run_detached(struct run *run, struct err *err)
{
    struct err report;
    int fds[2];
    pid_t pid;

    if (pipe2(fds, O_CLOEXEC) < 0 || (pid = fork()) < 0) {
        return err_set(err, ERR_TOOL, "start monitor: %m");
    }
    if (pid == 0) {
        close(fds[0]);
        run->report_fd = fds[1];
        background(run);
    }
    close(fds[1]);
    if (read(fds[0], &report, sizeof(report)) != (ssize_t)sizeof(report)) {
        return err_set(err, ERR_TOOL, "start monitor: it died at once");
    }
    if (report.status != 0) {
        *err = report;
        return -1;
    }
    printf("%s\n", run->inst.id);
    return 0;
}

/* ---- what is decided before ---- */

static void choose_network(struct run *run)
{
    const char *note = NULL;

    run->net.kind = run->spec->network;
    if (run->net.kind == NETWORK_AUTO) {
        run->net.kind = network_choose(&note);
    }
    if (note != NULL) {
        fprintf(stderr, "einkorn: note: %s\n", note);
    }
}

/* What only some platforms have. */
static int check_platform(const struct spec *spec, struct err *err)
{
    bool is_machine =
        spec->platform == PLATFORM_KVM || spec->platform == PLATFORM_QEMU;

    if (spec->gdb_port != 0 && !is_machine) {
        return err_set(err, ERR_TOOL,
                       "--gdb: only with --platform kvm or qemu (use `einkorn "
                       "debug` on an instance of platform proc)");
    }
    return 0;
}

int run_instance(const struct dirs *dirs, struct spec *spec, struct err *err)
{
    static struct run run;

    if (check_platform(spec, err) < 0) {
        return -1;
    }
    run.dirs = dirs;
    run.spec = spec;
    run.report_fd = -1;
    run.cgroup.procs_fd = -1;
    run.core.fd = -1;
    run.gdb_fd = -1;
    if (image_prepare(&run.image, dirs, spec, err) < 0 ||
        named_use(dirs, spec, &run.image, err) < 0 ||
        disks_open(spec, err) < 0 ||
        store_open(&run.store, dirs->run, err) < 0) {
        return -1;
    }
    if (spec->platform == PLATFORM_AUTO) {
        spec->platform = kvm_probe_choose(dirs, spec);
    }
    choose_network(&run);
    inst_new_id(run.inst.id);
    inst_default_name(run.inst.id, run.name);
    if (spec->name != NULL) {
        snprintf(run.name, sizeof(run.name), "%s", spec->name);
    }
    run.plan = (struct plan){.spec = spec,
                             .image = &run.image,
                             .net = &run.net,
                             .id = run.inst.id,
                             .name = run.name,
                             .created_ns = now_ns()};
    if (spec->detach) {
        return run_detached(&run, err);
    }
    if (start(&run, err) < 0) {
        return -1;
    }
    return finish(&run, monitor_run(&run.monitor));
}

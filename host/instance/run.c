/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `run`: what is decided before the start (run_start.c), supervision, and the
 * end; in the foreground or not. See run.h.
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

#include "host/disk/disk.h"
#include "host/instance/giveback.h"
#include "host/instance/kvm_probe.h"
#include "host/instance/run_state.h"
#include "host/volume/named.h"

/* Not through the vDSO: for three readings its pages cost more to map. */
int64_t run_now_ns(void)
{
    struct timespec now;

    syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* ---- the end ---- */

static int finish(struct run *run, int status)
{
    struct inst_state *state = &run->inst.state;

    state->exit_code = status;
    state->finished_ns = run_now_ns();
    state->flags = STATE_FINISHED;
    if (run->monitor.lost) { /* what it holds stays until it ends */
        inst_write_state(&run->inst);
        return status;
    }
    if (status == 128 + SIGKILL && cgroup_was_oom(&run->cgroup)) {
        state->flags |= STATE_OOM;
    }
    run_release(run);
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
    int rc = run_start(run, &err);

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
                             .created_ns = run_now_ns()};
    if (spec->detach) {
        return run_detached(&run, err);
    }
    if (run_start(&run, err) < 0) {
        return -1;
    }
    return finish(&run, monitor_run(&run.monitor));
}

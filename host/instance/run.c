/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `run`, in order: image, network, record, control group, streams, tender,
 * supervision; and back. See run.h.
 */
#include "host/instance/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "abi/config.h"
#include "host/instance/monitor.h"
#include "host/instance/pty.h"
#include "host/instance/qemu.h"
#include "host/instance/tender.h"
#include "host/volume/volume.h"

struct run {
    const struct dirs *dirs;
    struct spec *spec;
    struct image image;
    struct network net;
    struct store store;
    struct inst inst;
    struct cgroup cgroup;
    struct log log;
    struct monitor monitor;
    struct plan plan;
    char name[NAME_MAX_LEN + 1];
    int stdio[3];
    pid_t servers[ABI_MAX_CHAN]; /* of the volumes */
    int chan_fds[ABI_MAX_CHAN];
    int nr_chans;
    int report_fd; /* -d: to the waiting tool; -1 otherwise */
};

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* ---- streams ---- */

static int open_pipe(int *read_fd, int *write_fd, struct err *err)
{
    int fds[2];

    if (pipe2(fds, O_CLOEXEC) < 0) {
        return err_set(err, ERR_TOOL, "pipe for output: %m");
    }
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    *read_fd = fds[0];
    *write_fd = fds[1];
    return 0;
}

static int open_terminal(struct run *run, struct err *err)
{
    struct monitor *m = &run->monitor;
    int slave;

    if (pty_open(&m->pty_fd, &slave, err) < 0) {
        return -1;
    }
    run->stdio[0] = run->stdio[1] = run->stdio[2] = slave;
    m->forward_input = run->spec->interactive && !run->spec->detach;
    if (m->forward_input) {
        pty_raw();
    }
    return 0;
}

/* With --rm in the foreground nobody can ask for the log later: the program
 * gets our own descriptors and nothing is copied. Not so in QEMU, which would
 * open them anew: with a file, at another offset than ours. */
static int open_streams(struct run *run, struct err *err)
{
    const struct spec *spec = run->spec;
    struct monitor *m = &run->monitor;
    bool keep_log = spec->detach || !spec->remove;

    m->echo = !spec->detach;
    if (keep_log) {
        if (log_create(&run->log, &run->store, run->inst.id, err) < 0) {
            return -1;
        }
        m->log = &run->log;
    }
    if (spec->tty) {
        return open_terminal(run, err);
    }
    if (!spec->interactive || spec->detach) {
        run->stdio[0] = open("/dev/null", O_RDWR | O_CLOEXEC);
    }
    if (!keep_log && spec->platform != PLATFORM_QEMU) {
        return 0;
    }
    if (spec->platform == PLATFORM_QEMU && spec->interactive && !spec->detach &&
        feed_open(&m->feed, &run->stdio[0], err) < 0) {
        return -1;
    }
    if (open_pipe(&m->out_fds[0], &run->stdio[1], err) < 0) {
        return -1;
    }
    return open_pipe(&m->out_fds[1], &run->stdio[2], err);
}

/* Our copies of the child's ends: else we would never see their end. */
static void close_child_ends(struct run *run)
{
    for (int i = 0; i < 3; i++) {
        int fd = run->stdio[i];

        run->stdio[i] = -1;
        if (fd >= 0 && fd != run->stdio[0] && fd != run->stdio[1] &&
            fd != run->stdio[2]) {
            close(fd);
        }
    }
}

/* ---- start ---- */

static int publish(struct run *run, struct err *err)
{
    static char block[RECORD_MAX];
    struct strings record;
    size_t len;

    strings_init(&record, block, sizeof(block));
    record_build(&record, &run->plan);
    len = strings_end(&record);
    if (len == 0) {
        return err_set(err, ERR_TOOL,
                       "arguments and environment: longer than %u bytes",
                       RECORD_MAX);
    }
    return store_create(&run->store, &run->inst, run->spec->name, block, len,
                        err);
}

/* QEMU has servers of its own. */
static int start_volumes(struct run *run, struct err *err)
{
    const struct spec *spec = run->spec;

    if (spec->platform == PLATFORM_QEMU) {
        return 0;
    }
    for (int i = 0; i < spec->nr_volumes; i++) {
        pid_t pid = volume_start(&spec->volumes[i], &run->chan_fds[i], err);

        if (pid < 0) {
            return -1;
        }
        run->servers[run->nr_chans++] = pid;
    }
    return 0;
}

static void close_channels(struct run *run)
{
    for (int i = 0; i < run->nr_chans; i++) {
        if (run->chan_fds[i] >= 0) {
            close(run->chan_fds[i]);
            run->chan_fds[i] = -1;
        }
    }
}

/* They end by themselves once the tender's ends are closed as well. */
static void wait_for_volumes(struct run *run)
{
    close_channels(run);
    while (run->nr_chans > 0) {
        pid_t pid = run->servers[--run->nr_chans];

        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
}

static int start_tender(struct run *run, struct err *err)
{
    static char block[ABI_CONFIG_MAX];
    struct strings config;
    struct tender tender = {
        .dirs = run->dirs,
        .plan = &run->plan,
        .cgroup = &run->cgroup,
        .config = block,
        .alive_fd = run->inst.fd,
        .chan_fds = run->chan_fds,
        .nr_chans = run->nr_chans,
    };

    strings_init(&config, block, sizeof(block));
    config_build(&config, &run->plan);
    tender.config_len = strings_end(&config);
    if (tender.config_len == 0) {
        return err_set(err, ERR_TOOL,
                       "arguments and environment: longer than %u bytes",
                       ABI_CONFIG_MAX);
    }
    memcpy(tender.stdio, run->stdio, sizeof(tender.stdio));
    run->monitor.child = run->spec->platform == PLATFORM_QEMU
                             ? qemu_start(&tender, &run->monitor.ctl_fd, err)
                             : tender_start(&tender, err);
    return run->monitor.child < 0 ? -1 : 0;
}

/* Where there is no control group to be had, the kernel's own limit, which it
 * is told, must do. */
static int limit_memory(struct run *run, struct err *err)
{
    struct err why = {0};

    if (run->spec->mem_bytes == 0 ||
        cgroup_make(&run->cgroup, run->inst.id, run->spec->mem_bytes, &why) ==
            0) {
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
    if (limit_memory(run, err) < 0) {
        return -1;
    }
    if (open_streams(run, err) < 0 || start_volumes(run, err) < 0 ||
        start_tender(run, err) < 0) {
        return -1;
    }
    close_child_ends(run);
    close_channels(run);
    run->inst.state.pid = run->monitor.child;
    run->inst.state.started_ns = now_ns();
    inst_write_state(&run->inst);
    return 0;
}

static void release(struct run *run)
{
    pty_restore();
    wait_for_volumes(run);
    network_detach(&run->net, run->dirs->run, run->inst.id);
    cgroup_remove(&run->cgroup);
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
    if (run->spec->remove) {
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

int run_instance(const struct dirs *dirs, struct spec *spec, struct err *err)
{
    static struct run run;

    run.dirs = dirs;
    run.spec = spec;
    run.stdio[0] = run.stdio[1] = run.stdio[2] = -1;
    run.report_fd = -1;
    run.cgroup.procs_fd = -1;
    if (image_prepare(&run.image, dirs, spec, err) < 0 ||
        store_open(&run.store, dirs->run, err) < 0) {
        return -1;
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
                             .name = run.name};
    if (spec->detach) {
        return run_detached(&run, err);
    }
    if (start(&run, err) < 0) {
        return -1;
    }
    return finish(&run, monitor_run(&run.monitor));
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Signals, stop, removal: see control.h. */
#include "host/instance/control.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "host/common/strings.h"
#include "host/instance/cgroup.h"
#include "host/instance/monitor.h"
#include "host/network/network.h"

static const char *name_of(const struct inst *inst)
{
    return strings_get(inst->record, "name");
}

int control_signal(const struct inst *inst, int signal, struct err *err)
{
    int fd = inst_monitor_pidfd(inst);
    int rc;

    if (fd < 0) {
        return err_set(err, ERR_TOOL, "instance %s: is not running",
                       name_of(inst));
    }
    rc = monitor_order(fd, signal);
    close(fd);
    if (rc < 0) {
        return err_set(err, ERR_TOOL, "instance %s: signal its monitor: %m",
                       name_of(inst));
    }
    return 0;
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Has the process ended within that time? */
static int ended_within(int pidfd, int64_t ms)
{
    struct pollfd p = {.fd = pidfd, .events = POLLIN};
    int64_t deadline = now_ms() + ms;
    int rc;

    do {
        int64_t left = deadline - now_ms();

        rc = poll(&p, 1, left > 0 ? (int)left : 0);
    } while (rc < 0 && errno == EINTR);
    return rc > 0;
}

static int stop_signal(const struct inst *inst)
{
    int signal = (int)strtol(strings_get(inst->record, "stopsignal"), NULL, 10);

    return signal > 0 ? signal : SIGTERM;
}

int control_stop(struct inst *inst, int seconds, struct err *err)
{
    int fd = inst_monitor_pidfd(inst);

    if (fd < 0) {
        return 0;
    }
    if (monitor_order(fd, stop_signal(inst)) < 0 && errno != ESRCH) {
        err_set(err, ERR_TOOL, "instance %s: signal its monitor: %m",
                name_of(inst));
        close(fd);
        return -1;
    }
    if (!ended_within(fd, (int64_t)seconds * 1000)) {
        monitor_order(fd, SIGKILL);
        if (!ended_within(fd, 5000)) {
            /* The monitor hangs: the tender dies with it. */
            syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
            ended_within(fd, 5000);
        }
    }
    close(fd);
    inst_wait(inst);
    return 0;
}

int control_remove(const struct store *store, const char *run_dir,
                   struct inst *inst, struct err *err)
{
    if (inst_monitor(inst) != 0) {
        return err_set(err, ERR_TOOL,
                       "instance %s: still running (stop it first, or use rm "
                       "-f)",
                       name_of(inst));
    }
    inst_refresh(inst);
    if ((inst->state.flags & STATE_FINISHED) == 0) {
        cgroup_remove_leftover(inst->id);
        if (strings_next(inst->record, "port", NULL) != NULL) {
            network_remove_leftover(run_dir, inst->id);
        }
    }
    store_remove(store, inst);
    return 0;
}

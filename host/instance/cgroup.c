/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory limits through control groups: see cgroup.h. */
#include "host/instance/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "host/common/write_text.h"

#define V1_PARENT "/sys/fs/cgroup/memory/einkorn"
#define V2_ROOT "/sys/fs/cgroup"
#define V2_PARENT V2_ROOT "/einkorn"

static int write_file(const char *dir, const char *name, const char *text)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return write_text(path, text);
}

static int make_dir(const char *path)
{
    return mkdir(path, 0755) == 0 || errno == EEXIST ? 0 : -1;
}

static void set_path(struct cgroup *group, const char *id)
{
    group->is_v2 = access(V2_ROOT "/cgroup.controllers", F_OK) == 0;
    snprintf(group->path, sizeof(group->path), "%s/%.64s",
             group->is_v2 ? V2_PARENT : V1_PARENT, id);
}

static int make_v1(const struct cgroup *group, const char *limit)
{
    if (make_dir(V1_PARENT) < 0 || make_dir(group->path) < 0) {
        return -1;
    }
    return write_file(group->path, "memory.limit_in_bytes", limit);
}

static int make_v2(const struct cgroup *group, const char *limit)
{
    if (make_dir(V2_PARENT) < 0 ||
        write_file(V2_ROOT, "cgroup.subtree_control", "+memory") < 0 ||
        write_file(V2_PARENT, "cgroup.subtree_control", "+memory") < 0 ||
        make_dir(group->path) < 0) {
        return -1;
    }
    write_file(group->path, "memory.swap.max", "0"); /* absent: no swap */
    return write_file(group->path, "memory.max", limit);
}

int cgroup_make(struct cgroup *group, const char *id, uint64_t mem_bytes,
                struct err *err)
{
    char limit[32], path[256];
    int rc;

    set_path(group, id);
    snprintf(limit, sizeof(limit), "%llu", (unsigned long long)mem_bytes);
    rc = group->is_v2 ? make_v2(group, limit) : make_v1(group, limit);
    if (rc < 0) {
        err_set(err, ERR_TOOL,
                "memory limit: control group %s: %m (only the kernel inside "
                "limits itself; run as root for both)",
                group->path);
        rmdir(group->path);
        return -1;
    }
    snprintf(path, sizeof(path), "%s/cgroup.procs", group->path);
    group->procs_fd = open(path, O_WRONLY | O_CLOEXEC);
    if (group->procs_fd < 0) {
        err_set(err, ERR_TOOL, "memory limit: %s: %m", path);
        rmdir(group->path);
        return -1;
    }
    return 0;
}

static int read_file(const char *dir, const char *name, char *out, size_t cap)
{
    char path[256];
    ssize_t len;
    int fd;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return -1;
    }
    len = read(fd, out, cap - 1);
    close(fd);
    if (len < 0) {
        return -1;
    }
    out[len] = '\0';
    return 0;
}

bool cgroup_was_oom(const struct cgroup *group)
{
    const char *name = group->is_v2 ? "memory.events" : "memory.oom_control";
    char text[512];
    const char *at;

    if (group->path[0] == '\0' ||
        read_file(group->path, name, text, sizeof(text)) < 0) {
        return false;
    }
    at = strstr(text, "oom_kill ");
    return at != NULL && strtoul(at + 9, NULL, 10) > 0;
}

static void kill_rest(const struct cgroup *group)
{
    char text[4096];
    char *at = text;

    if (read_file(group->path, "cgroup.procs", text, sizeof(text)) < 0) {
        return;
    }
    for (;;) {
        long pid = strtol(at, &at, 10);

        if (pid <= 0) {
            return;
        }
        kill((pid_t)pid, SIGKILL);
    }
}

/* The last process leaves a little after it was reaped. */
static void remove_dir(const struct cgroup *group)
{
    for (int tries = 0; tries < 100; tries++) {
        struct timespec pause = {.tv_nsec = 2000000};

        if (rmdir(group->path) == 0 || errno != EBUSY) {
            return;
        }
        kill_rest(group);
        nanosleep(&pause, NULL);
    }
}

void cgroup_remove(struct cgroup *group)
{
    if (group->path[0] == '\0') {
        return;
    }
    close(group->procs_fd);
    remove_dir(group);
    group->path[0] = '\0';
}

void cgroup_remove_leftover(const char *id)
{
    struct cgroup group = {0};

    set_path(&group, id);
    if (access(group.path, F_OK) == 0) {
        remove_dir(&group);
    }
}

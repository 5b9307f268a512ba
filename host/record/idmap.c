/* SPDX-License-Identifier: BSD-2-Clause */
/* A sandbox's user ids: see idmap.h. */
#include "host/record/idmap.h"

#include <fcntl.h>
#include <pwd.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Far above what distributions give to users in /etc/subuid. */
enum { FIRST_ID = 0x60000000 };

static int write_map(pid_t pid, const char *name, const char *text)
{
    char path[64];
    ssize_t len = (ssize_t)strlen(text), n;
    int fd;

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    n = write(fd, text, (size_t)len);
    close(fd);
    return n == len ? 0 : -1;
}

static int write_both(pid_t pid, unsigned first)
{
    char text[64];

    snprintf(text, sizeof(text), "0 %u %d", first, IDMAP_NR_IDS);
    if (write_map(pid, "uid_map", text) < 0)
        return -1;
    return write_map(pid, "gid_map", text);
}

/* Inside a container root has fewer ids: then the same as here must do. */
static int map_as_root(pid_t pid, struct err *err)
{
    if (write_both(pid, FIRST_ID) == 0 || write_both(pid, 0) == 0)
        return 0;
    return err_set(err, ERR_TOOL,
                   "sandbox: map user ids: %m (are there 65536 of them in "
                   "this container?)");
}

/* The range of /etc/subuid or /etc/subgid: NAME|UID:FIRST:COUNT. */
static bool find_range(const char *file, unsigned *first)
{
    const struct passwd *pw = getpwuid(getuid());
    FILE *in = fopen(file, "re");
    char line[256], uid[16];
    bool found = false;

    snprintf(uid, sizeof(uid), "%u", getuid());
    while (in && !found && fgets(line, sizeof(line), in)) {
        unsigned count;
        char *colon = strchr(line, ':');

        if (!colon || sscanf(colon, ":%u:%u", first, &count) != 2)
            continue;
        *colon = '\0';
        found =
            count >= IDMAP_NR_IDS - 1 &&
            (strcmp(line, uid) == 0 || (pw && strcmp(line, pw->pw_name) == 0));
    }
    if (in)
        fclose(in);
    return found;
}

static bool run_helper(const char *name, pid_t pid, unsigned own,
                       unsigned first)
{
    char text[4][16];
    char *argv[] = {(char *)(uintptr_t)name,
                    text[0],
                    "0",
                    text[1],
                    "1",
                    "1",
                    text[2],
                    text[3],
                    NULL};
    pid_t helper;
    int status;

    snprintf(text[0], sizeof(text[0]), "%d", (int)pid);
    snprintf(text[1], sizeof(text[1]), "%u", own);
    snprintf(text[2], sizeof(text[2]), "%u", first);
    snprintf(text[3], sizeof(text[3]), "%d", IDMAP_NR_IDS - 1);
    return posix_spawnp(&helper, name, NULL, NULL, argv, environ) == 0 &&
           waitpid(helper, &status, 0) == helper && status == 0;
}

static int map_as_user(pid_t pid, struct err *err)
{
    unsigned uids, gids;

    if (find_range("/etc/subuid", &uids) && find_range("/etc/subgid", &gids) &&
        run_helper("newuidmap", pid, getuid(), uids) &&
        run_helper("newgidmap", pid, getgid(), gids))
        return 0;
    return err_set(err, ERR_TOOL,
                   "sandbox: no user ids for it (run this once as root, or "
                   "install uidmap and give yourself %d ids in /etc/subuid and "
                   "/etc/subgid)",
                   IDMAP_NR_IDS - 1);
}

int idmap_write(pid_t pid, struct err *err)
{
    return geteuid() == 0 ? map_as_root(pid, err) : map_as_user(pid, err);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cage of a volume's server: namespaces of its own in which nothing is
 * but the volume and the list of its descriptors; the user that the program
 * runs as, and if that is root no capabilities but those for files of any
 * owner; no new privileges, a seccomp filter. (docs/volumes.md)
 */
#ifndef EINKORN_HOST_VOLUME_CONFINE_H
#define EINKORN_HOST_VOLUME_CONFINE_H

#include <stdint.h>
#include <sys/types.h>

struct server;

/* Who the program is inside; matters only if we are root. */
struct confine_user {
    uint32_t uid, gid;
    const uint32_t *groups; /* supplementary, at most MAX_GROUPS */
    int nr_groups;
};

/* As fork(2), the child in the namespaces that the host lets us have;
 * *has_mounts: a mount namespace is among them. */
pid_t confine_fork(int *has_mounts);

/* In the child. Sets the server's descriptors: the root once more, from
 * within (host is its path), and of /proc/self/fd, which becomes the working
 * directory. -1 and errno. */
int confine_enter(struct server *s, const char *host, int has_mounts);

/* The rest, when all descriptors are open. */
int confine_drop(const struct confine_user *user);

#endif

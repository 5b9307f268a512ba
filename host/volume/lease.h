/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Leases: promises to tell the client when a file or directory changes by
 * another hand than its own, so that it may keep what it knows. Each is an
 * inotify(7) watch. A lease ends with one notice to the client:
 *
 *   size[4] type[1]=91 tag[2]=0xffff path[8] what[4]
 *
 * path is the file's qid.path; what is 1 if it has no name any more, else 0.
 * That takes the server a moment. A client that reads the hint descriptor too
 * sees an event as soon as the change is made, its own as well, and then asks
 * the server again before it trusts what it has: the notice, if one is due,
 * comes before that answer. The watch is in the gen field of Rgetattr.
 *
 * A client asks for a lease by bit 63 of Tgetattr's mask and has it if bit 63
 * of the answer's valid field is set; others never see any of this.
 */
#ifndef EINKORN_HOST_VOLUME_LEASE_H
#define EINKORN_HOST_VOLUME_LEASE_H

#include <stdbool.h>
#include <stdint.h>

#include "host/volume/fid.h"

struct server;

enum { LEASE_BUCKETS = 1024, LEASE_MAX = 8192 };

struct leases {
    int fd;      /* inotify; -1: there are none to be had */
    int hint_fd; /* the client's; -1: it has none */
    uint32_t nr;
    struct fid *buckets[LEASE_BUCKETS]; /* by watch descriptor */
};

/* Makes the server's inotify descriptor; without it no lease is given. */
void lease_init(struct leases *leases);
/* Gives the fid's file a lease, if it has none yet. */
bool lease_take(struct server *s, struct fid *fid);
/* The fid goes: nobody will ask any more. */
void lease_drop(struct server *s, struct fid *fid);
/* Sends the notices that are due. */
void lease_look(struct server *s);
/* What was done for the client since the last look is no news to it: changes
 * of these files (0: none) are passed over, others are told. */
void lease_own(struct server *s, uint64_t a, uint64_t b, uint64_t c);

#endif

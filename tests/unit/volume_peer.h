/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The 9P server in a test: a directory of its own, and messages for it with
 * plausible parts.
 */
#ifndef EINKORN_TESTS_UNIT_VOLUME_PEER_H
#define EINKORN_TESTS_UNIT_VOLUME_PEER_H

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/volume/serve.h"
#include "tests/random.h"

static struct server server;
static char dir[] = "/tmp/einkorn-9p-XXXXXX";

static const uint8_t types[] = {
    P9_STATFS,  P9_LOPEN,     P9_LCREATE,     P9_SYMLINK,  P9_READLINK,
    P9_GETATTR, P9_SETATTR,   P9_READDIR,     P9_FSYNC,    P9_LOCK,
    P9_LINK,    P9_MKDIR,     P9_RENAMEAT,    P9_UNLINKAT, P9_FLUSH,
    P9_WALK,    P9_READ,      P9_WRITE,       P9_CLUNK,    P9_ATTACH,
    P9_GETLOCK, P9_XATTRWALK, P9_XATTRCREATE,
};

static const char *const names[] = {"a", "b",   "c",    "..",
                                    "",  "x/y", "link", "user.a"};

/* A few fields of sizes and values that occur; sometimes noise. */
static void put_fields(struct p9_msg *out)
{
    for (uint32_t n = next_random() % 7; n > 0; n--) {
        switch (next_random() % 6) {
        case 0:
            wire_put_str(out, names[next_random() % 8]);
            break;
        case 1:
            p9_put16(out, (uint16_t)(next_random() % 4));
            break;
        case 2:
            p9_put64(out, next_random() % 3 ? next_random() % 64
                                            : (uint64_t)next_random() << 33);
            break;
        case 3:
            p9_put8(out, (uint8_t)next_random());
            break;
        default:
            p9_put32(out,
                     next_random() % 4 ? next_random() % 5 : next_random());
        }
    }
}

static inline void put_request(struct p9_msg *out, uint8_t type, uint32_t fid,
                               uint16_t tag)
{
    size_t start = out->pos, end;

    p9_put32(out, 0);
    p9_put8(out, type);
    p9_put16(out, tag);
    if (type == P9_VERSION) {
        p9_put32(out, 8192);
        wire_put_str(out, P9_BATCHES);
    } else {
        p9_put32(out, fid);
        put_fields(out);
    }
    end = out->pos;
    out->pos = start;
    p9_put32(out, (uint32_t)(end - start));
    out->pos = end;
}

static inline uint8_t any_type(void)
{
    return types[next_random() % sizeof(types)];
}

/* Answers in a batch are whole ones, and no error is followed by another
 * answer of its chain. Returns how many are good. */
static inline int check_batch(const uint8_t *reply, size_t len)
{
    bool failed = false;
    uint16_t last = 0;
    int good = 0;

    while (len > 0) {
        uint32_t size;
        uint16_t tag;

        assert_true(len >= P9_HEADER);
        memcpy(&size, reply, sizeof(size));
        memcpy(&tag, reply + 5, sizeof(tag));
        assert_true(size >= P9_HEADER && size <= len);
        assert_false(failed && tag == last);
        failed = reply[4] == P9_RLERROR;
        last = tag;
        good += !failed;
        reply += size;
        len -= size;
    }
    return good;
}

static void drop_fids(void)
{
    for (size_t i = 0; i < FID_BUCKETS; i++) {
        while (server.fids.buckets[i] != NULL) {
            serve_drop_fid(&server, server.fids.buckets[i]);
        }
    }
}

static int set_up(void **state)
{
    (void)state;
    if (mkdtemp(dir) == NULL) {
        return -1;
    }
    lease_init(&server.leases);
    server.root_fd = open(dir, O_PATH | O_DIRECTORY);
    server.self_fds_fd = open("/proc/self/fd", O_PATH | O_DIRECTORY);
    if (fchdir(server.self_fds_fd) < 0) {
        return -1;
    }
    return symlinkat("/etc/passwd", server.root_fd, "link");
}

static int tear_down(void **state)
{
    char command[64];

    (void)state;
    close(server.root_fd);
    close(server.self_fds_fd);
    snprintf(command, sizeof(command), "rm -r %s", dir);
    return system(command);
}

#endif

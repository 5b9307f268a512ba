/* SPDX-License-Identifier: BSD-2-Clause */
/* A conversation with one peer: see gdb_session.h. */
#include "tender/kvm/gdb_session.h"

#include <poll.h>
#include <string.h>

enum { ALONE_MS = 50 };

static bool send_answer(struct gdb_session *s)
{
    bool sent = gdb_send(&s->conn, s->out, s->out_len);

    s->out_len = 0;
    return sent;
}

/* True: it stands still, and its registers are here. */
static bool take_stop(struct gdb_session *s)
{
    if (!hold_reason(&s->why))
        return false;
    __atomic_store_n(&s->running, false, __ATOMIC_SEQ_CST);
    for (uint32_t i = 0; i < s->m->nr_vcpus; i++)
        gdb_regs_load(&s->m->vcpus[i], &s->cpus[i].regs);
    s->at = s->why.vcpu;
    return true;
}

static void wait_for_stop(struct gdb_session *s)
{
    struct pollfd p = {.fd = hold_event_fd(), .events = POLLIN};

    while (!take_stop(s))
        poll(&p, 1, -1);
}

/* One that runs alone may need what another holds, the kernel's lock for
 * instance: then the others must go on too.
 *
 * While it runs: until it stands still, or the peer is gone (false). */
static bool watch(struct gdb_session *s)
{
    struct pollfd p[2] = {{.fd = hold_event_fd(), .events = POLLIN},
                          {.fd = s->conn.fd, .events = POLLIN}};

    while (s->running) {
        int got = 0;

        p[1].revents = 0;
        if (!gdb_has_more(&s->conn) &&
            poll(p, 2, s->alone ? ALONE_MS : -1) == 0) {
            s->alone = false;
            hold_release_others();
        }
        if (take_stop(s)) {
            gdb_answer_stop(s);
            return send_answer(s);
        }
        if (gdb_has_more(&s->conn) || p[1].revents)
            got = gdb_receive(&s->conn, s->in);
        if (got == GDB_INTERRUPT)
            hold_ask();
        else if (got == GDB_CLOSED)
            return false;
    }
    return true;
}

/* One packet, while it stands still. False: the peer is gone. */
static bool converse(struct gdb_session *s)
{
    int len = gdb_receive(&s->conn, s->in);

    if (len == GDB_INTERRUPT)
        return true;
    if (len < 0)
        return false;
    gdb_handle(s, len);
    if (s->running)
        return true;
    if (!send_answer(s))
        return false;
    s->conn.no_ack |= !strcmp(s->in, "QStartNoAckMode");
    return true;
}

void gdb_converse(struct gdb_session *s, struct machine *m, int fd)
{
    bool there = true;

    s->m = m;
    s->conn = (struct gdb_conn){.fd = fd};
    memset(s->cpus, 0, sizeof(s->cpus));
    s->over = s->knows_swbreak = false;
    s->out_len = 0;
    if (!take_stop(s)) {
        if (!__atomic_load_n(&s->wait_at_start, __ATOMIC_SEQ_CST))
            hold_ask();
        wait_for_stop(s);
    }
    while (there && !s->over)
        there = s->running ? watch(s) : converse(s);
    if (s->running) {
        hold_ask();
        wait_for_stop(s);
    }
    if (!s->over)
        gdb_detach(s);
}

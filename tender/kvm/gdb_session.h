/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A conversation with gdb, for the files that gdb.c consists of: its state, and
 * what each of them does with a packet. A function that gets `text` gets the
 * packet behind its letter and gives the answer, or an error.
 */
#ifndef EINKORN_TENDER_KVM_GDB_SESSION_H
#define EINKORN_TENDER_KVM_GDB_SESSION_H

#include "tender/kvm/gdb_packet.h"
#include "tender/kvm/gdb_regs.h"
#include "tender/kvm/hold.h"
#include "tender/kvm/monitor.h"

enum { GDB_BYTES_MAX = GDB_PACKET_MAX / 2 - 64 };

struct gdb_session {
    struct machine *m;
    struct gdb_conn conn;
    struct gdb_cpu {
        struct gdb_regs regs; /* while it stands still */
        bool changed;         /* regs must go back before it goes on */
    } cpus[ABI_MAX_VCPU];
    uint32_t at; /* whose registers are meant */
    bool knows_swbreak, over;
    bool running;       /* atomic: gdb_exited() looks at it */
    bool alone;         /* one of them runs */
    bool wait_at_start; /* atomic: the kernel has not been reached */
    struct hold_why why;
    char in[GDB_PACKET_MAX + 1];
    char out[GDB_PACKET_MAX + 1];
    uint32_t out_len;
};

static inline struct gdb_cpu *gdb_cpu_of(struct gdb_session *s)
{
    return &s->cpus[s->at];
}

/* gdb_session.c: until the peer is gone; then the guest goes on alone. */
void gdb_converse(struct gdb_session *s, struct machine *m, int fd);

/* ---- gdb_command.c ------------------------------------------------------ */

/* Does what s->in asks for, a packet of len bytes, and fills s->out: what stays
 * empty says "not supported". */
void gdb_handle(struct gdb_session *s, int len);
/* Why it stands still. */
void gdb_answer_stop(struct gdb_session *s);

/* ---- gdb_text.c --------------------------------------------------------- */

/* Adds to the answer, as far as there is room. */
__attribute__((format(printf, 2, 3))) void gdb_answer(struct gdb_session *s,
                                                      const char *format, ...);
void gdb_answer_bytes(struct gdb_session *s, const uint8_t *bytes,
                      uint64_t len);
void gdb_answer_error(struct gdb_session *s);

bool gdb_starts(const char *text, const char *with);
/* A hexadecimal number and, if it is not 0, the character `then` behind it. */
bool gdb_number(const char **at, char then, uint64_t *value);
/* len bytes out of twice as many digits. */
bool gdb_unhex(const char *text, uint8_t *bytes, uint64_t len);

/* ---- gdb_threads.c ------------------------------------------------------ */

/* Thread n + 1 of a packet; 0 and -1 mean any. */
bool gdb_thread(const struct gdb_session *s, const char **at, uint32_t *index);
/* H and T, with their letter: it is meant from now on, or is it alive? Hc is
 * for `c` and `s`, to which we let all go on. */
void gdb_choose_thread(struct gdb_session *s, const char *text);
void gdb_list_threads(struct gdb_session *s);
void gdb_describe_thread(struct gdb_session *s, const char *text);

/* ---- gdb_state.c -------------------------------------------------------- */

void gdb_read_all(struct gdb_session *s);
void gdb_write_all(struct gdb_session *s, const char *text);
void gdb_read_one(struct gdb_session *s, const char *text);
void gdb_write_one(struct gdb_session *s, const char *text);
void gdb_read_memory(struct gdb_session *s, const char *text);
/* ADDR,LEN: and then the bytes, as digits or as they are. */
void gdb_write_memory(struct gdb_session *s, const char *text, int text_len,
                      bool is_binary);

/* ---- gdb_go.c ----------------------------------------------------------- */

/* `stepper` does one step (HOLD_NOBODY: nobody); only `only` goes on. */
void gdb_go(struct gdb_session *s, int stepper, int only);
/* ;ACTION[:THREAD]...: one that steps, one that alone goes on, or all. */
void gdb_go_each(struct gdb_session *s, const char *text);
/* All go on, and nothing stops them any more. */
void gdb_detach(struct gdb_session *s);
/* Z and z, with their letter. */
void gdb_breakpoint(struct gdb_session *s, const char *text);

#endif

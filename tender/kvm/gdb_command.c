/* SPDX-License-Identifier: BSD-2-Clause */
/* Which packet asks for what: see gdb_session.h. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "tender/kvm/breaks.h"
#include "tender/kvm/gdb_session.h"

enum { STATUS_KILLED = 128 + SIGKILL };

static void kill_guest(void)
{
    _exit(STATUS_KILLED);
}

void gdb_answer_stop(struct gdb_session *s)
{
    static const char *const watches[] = {[BREAK_WRITE] = "watch",
                                          [BREAK_READ] = "rwatch",
                                          [BREAK_ACCESS] = "awatch"};

    gdb_answer(s, "T%02xthread:%x;", s->why.signal, s->why.vcpu + 1);
    if (s->why.watch)
        gdb_answer(s, "%s:%llx;", watches[s->why.watch],
                   (unsigned long long)s->why.addr);
    else if (s->why.soft && s->knows_swbreak)
        gdb_answer(s, "swbreak:;");
}

/* qXfer:features:read:target.xml:OFF,LEN */
static void read_features(struct gdb_session *s, const char *text)
{
    uint32_t total;
    const char *xml = gdb_regs_xml(&total);
    uint64_t off, len;

    if (!gdb_starts(text, "target.xml:") ||
        (text += strlen("target.xml:"), 0) || !gdb_number(&text, ',', &off) ||
        !gdb_number(&text, 0, &len) || off > total) {
        gdb_answer(s, "E00");
        return;
    }
    len = len < GDB_BYTES_MAX ? len : GDB_BYTES_MAX;
    gdb_answer(s, "%c%.*s", len < total - off ? 'm' : 'l', (int)len, xml + off);
}

static void query(struct gdb_session *s, const char *text)
{
    static const char features[] = "qXfer:features:read:";

    if (gdb_starts(text, "qSupported")) {
        s->knows_swbreak = strstr(text, "swbreak+") != NULL;
        gdb_answer(
            s,
            "PacketSize=%x;qXfer:features:read+;QStartNoAckMode+;swbreak+;"
            "vContSupported+",
            GDB_PACKET_MAX);
    } else if (gdb_starts(text, features)) {
        read_features(s, text + strlen(features));
    } else if (!strcmp(text, "qC")) {
        gdb_answer(s, "QC%x", s->at + 1);
    } else if (!strcmp(text, "qfThreadInfo")) {
        gdb_list_threads(s);
    } else if (!strcmp(text, "qsThreadInfo")) {
        gdb_answer(s, "l");
    } else if (gdb_starts(text, "qThreadExtraInfo,")) {
        gdb_describe_thread(s, text + strlen("qThreadExtraInfo,"));
    } else if (gdb_starts(text, "qAttached")) {
        gdb_answer(s, "1");
    } else if (!strcmp(text, "QStartNoAckMode")) {
        gdb_answer(s, "OK");
    }
}

static void verbose(struct gdb_session *s, const char *text)
{
    if (!strcmp(text, "vCont?")) {
        gdb_answer(s, "vCont;c;C;s;S");
    } else if (gdb_starts(text, "vCont;")) {
        gdb_go_each(s, text + strlen("vCont"));
    } else if (gdb_starts(text, "vKill")) {
        kill_guest();
    }
}

void gdb_handle(struct gdb_session *s, int len)
{
    const char *text = s->in;

    switch (text[0]) {
    case '?':
        gdb_answer_stop(s);
        break;
    case 'g':
        gdb_read_all(s);
        break;
    case 'G':
        gdb_write_all(s, text + 1);
        break;
    case 'p':
        gdb_read_one(s, text + 1);
        break;
    case 'P':
        gdb_write_one(s, text + 1);
        break;
    case 'm':
        gdb_read_memory(s, text + 1);
        break;
    case 'M':
    case 'X':
        gdb_write_memory(s, text + 1, len - 1, text[0] == 'X');
        break;
    case 'Z':
    case 'z':
        gdb_breakpoint(s, text);
        break;
    case 'c':
    case 'C':
        gdb_go(s, HOLD_NOBODY, HOLD_NOBODY);
        break;
    case 's':
    case 'S':
        gdb_go(s, (int)s->at, HOLD_NOBODY);
        break;
    case 'H':
    case 'T':
        gdb_choose_thread(s, text);
        break;
    case 'D':
        gdb_answer(s, "OK");
        gdb_detach(s);
        break;
    case 'k':
        kill_guest();
        break;
    case 'q':
    case 'Q':
        query(s, text);
        break;
    case 'v':
        verbose(s, text);
        break;
    default:
        break;
    }
}

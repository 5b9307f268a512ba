/* SPDX-License-Identifier: BSD-2-Clause */
/* See gdb.h. Virtual CPU n is thread n + 1. */
#include "tender/kvm/gdb.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tender/kvm/breaks.h"
#include "tender/kvm/gdb_packet.h"
#include "tender/kvm/gdb_regs.h"
#include "tender/kvm/gva.h"
#include "tender/kvm/hold.h"

enum { BYTES_MAX = GDB_PACKET_MAX / 2 - 64, STATUS_KILLED = 128 + SIGKILL };
enum { ALONE_MS = 50 };

static struct session {
    struct machine *m;
    struct gdb_conn conn;
    struct cpu {
        struct gdb_regs regs; /* while it stands still */
        bool changed;         /* regs must go back before it goes on */
    } cpus[ABI_MAX_VCPU];
    uint32_t at; /* whose registers are meant */
    bool knows_swbreak, over;
    bool running; /* atomic: gdb_exited() looks at it */
    bool alone;   /* one of them runs */
    struct hold_why why;
    char in[GDB_PACKET_MAX + 1];
    char out[GDB_PACKET_MAX + 1];
    uint32_t out_len;
} session;

static bool wait_at_start; /* atomic: the kernel has not been reached */

/* ---- answers ------------------------------------------------------------ */

__attribute__((format(printf, 2, 3))) static void
answer(struct session *s, const char *format, ...)
{
    uint32_t room = (uint32_t)sizeof(s->out) - s->out_len;
    va_list ap;
    int n;

    va_start(ap, format);
    n = vsnprintf(s->out + s->out_len, room, format, ap);
    va_end(ap);
    s->out_len += (uint32_t)n < room ? (uint32_t)n : room - 1;
}

static void answer_bytes(struct session *s, const uint8_t *bytes, uint64_t len)
{
    for (uint64_t i = 0; i < len; i++)
        answer(s, "%02x", bytes[i]);
}

static void answer_error(struct session *s)
{
    answer(s, "E01");
}

static void answer_stop(struct session *s)
{
    static const char *const watches[] = {[BREAK_WRITE] = "watch",
                                          [BREAK_READ] = "rwatch",
                                          [BREAK_ACCESS] = "awatch"};

    answer(s, "T%02xthread:%x;", s->why.signal, s->why.vcpu + 1);
    if (s->why.watch)
        answer(s, "%s:%llx;", watches[s->why.watch],
               (unsigned long long)s->why.addr);
    else if (s->why.soft && s->knows_swbreak)
        answer(s, "swbreak:;");
}

/* ---- what the peer says ------------------------------------------------- */

static bool starts(const char *text, const char *with)
{
    return !strncmp(text, with, strlen(with));
}

/* A hexadecimal number and, if it is not 0, the character `then` behind it. */
static bool number(const char **at, char then, uint64_t *value)
{
    char *end;

    if (gdb_digit(**at) < 0)
        return false;
    *value = strtoull(*at, &end, 16);
    if (then && *end != then)
        return false;
    *at = then ? end + 1 : end;
    return true;
}

/* len bytes out of twice as many digits. */
static bool unhex(const char *text, uint8_t *bytes, uint64_t len)
{
    for (uint64_t i = 0; i < len; i++) {
        int high = gdb_digit(text[2 * i]);
        int low = high < 0 ? -1 : gdb_digit(text[2 * i + 1]);

        if (low < 0)
            return false;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* ---- virtual CPUs ------------------------------------------------------- */

static struct cpu *cpu_of(struct session *s)
{
    return &s->cpus[s->at];
}

/* One that the guest has started; the first one always stands for itself. */
static bool is_there(const struct session *s, uint64_t index)
{
    return index == 0 ||
           (index < s->m->nr_vcpus &&
            __atomic_load_n(&s->m->vcpus[index].started, __ATOMIC_SEQ_CST));
}

/* Thread n + 1 of a packet; 0 and -1 mean any. */
static bool thread(const struct session *s, const char **at, uint32_t *index)
{
    uint64_t id;

    *index = s->at;
    if (starts(*at, "-1")) {
        *at += 2;
        return true;
    }
    if (!number(at, 0, &id))
        return false;
    if (id && !is_there(s, id - 1))
        return false;
    *index = id ? (uint32_t)id - 1 : s->at;
    return true;
}

/* H and T: it is meant from now on, or is it alive? Hc is for `c` and `s`, to
 * which we let all go on. */
static void choose_thread(struct session *s, const char *text)
{
    bool sets = text[0] == 'H' && text[1] == 'g';
    uint32_t index;

    text += text[0] == 'H' && text[1] ? 2 : 1;
    if (!thread(s, &text, &index)) {
        answer_error(s);
        return;
    }
    if (sets)
        s->at = index;
    answer(s, "OK");
}

static void list_threads(struct session *s)
{
    answer(s, "m1");
    for (uint32_t i = 1; i < s->m->nr_vcpus; i++)
        if (is_there(s, i))
            answer(s, ",%x", i + 1);
}

static void describe_thread(struct session *s, const char *text)
{
    char line[16];
    uint32_t index;
    int len;

    if (!thread(s, &text, &index)) {
        answer_error(s);
        return;
    }
    len = snprintf(line, sizeof(line), "vCPU %u", index);
    answer_bytes(s, (const uint8_t *)line, (uint64_t)len);
}

/* ---- registers ---------------------------------------------------------- */

static void read_all(struct session *s)
{
    for (uint32_t n = 0; n < GDB_NR_REGS; n++) {
        uint8_t value[GDB_REG_MAX];

        gdb_reg_get(&cpu_of(s)->regs, n, value);
        answer_bytes(s, value, gdb_reg_size(n));
    }
}

static void write_all(struct session *s, const char *text)
{
    size_t left = strlen(text);

    for (uint32_t n = 0; n < GDB_NR_REGS && left; n++) {
        uint32_t size = gdb_reg_size(n);
        uint8_t value[GDB_REG_MAX];

        if (left < 2 * size || !unhex(text, value, size)) {
            answer_error(s);
            return;
        }
        gdb_reg_set(&cpu_of(s)->regs, n, value);
        text += 2 * size;
        left -= 2 * size;
    }
    cpu_of(s)->changed = true;
    answer(s, "OK");
}

static void read_one(struct session *s, const char *text)
{
    uint8_t value[GDB_REG_MAX];
    uint64_t n;

    if (!number(&text, 0, &n) || n >= GDB_NR_REGS) {
        answer_error(s);
        return;
    }
    gdb_reg_get(&cpu_of(s)->regs, (uint32_t)n, value);
    answer_bytes(s, value, gdb_reg_size((uint32_t)n));
}

static void write_one(struct session *s, const char *text)
{
    uint8_t value[GDB_REG_MAX];
    uint64_t n;

    if (!number(&text, '=', &n) || n >= GDB_NR_REGS ||
        strlen(text) != 2 * gdb_reg_size((uint32_t)n) ||
        !unhex(text, value, gdb_reg_size((uint32_t)n))) {
        answer_error(s);
        return;
    }
    gdb_reg_set(&cpu_of(s)->regs, (uint32_t)n, value);
    cpu_of(s)->changed = true;
    answer(s, "OK");
}

/* ---- memory ------------------------------------------------------------- */

static void read_memory(struct session *s, const char *text)
{
    static uint8_t bytes[BYTES_MAX];
    uint64_t addr, len;

    if (!number(&text, ',', &addr) || !number(&text, 0, &len)) {
        answer_error(s);
        return;
    }
    len = len < BYTES_MAX ? len : BYTES_MAX;
    len = gva_read(s->m, cpu_of(s)->regs.special.cr3, addr, bytes, len);
    if (!len) {
        answer_error(s);
        return;
    }
    breaks_hide(addr, bytes, len);
    answer_bytes(s, bytes, len);
}

/* ADDR,LEN: and then the bytes, as digits or as they are. `len` is that of the
 * whole text. */
static void write_memory(struct session *s, const char *text, int text_len,
                         bool is_binary)
{
    static uint8_t bytes[GDB_PACKET_MAX];
    const char *end = text + text_len;
    uint64_t addr, len;

    if (!number(&text, ',', &addr) || !number(&text, ':', &len) ||
        len * (is_binary ? 1 : 2) != (uint64_t)(end - text) ||
        len > sizeof(bytes)) {
        answer_error(s);
        return;
    }
    if (is_binary)
        memcpy(bytes, text, len);
    else if (!unhex(text, bytes, len))
        len = UINT64_MAX;
    if (len == UINT64_MAX ||
        gva_write(s->m, cpu_of(s)->regs.special.cr3, addr, bytes, len) != len)
        answer_error(s);
    else
        answer(s, "OK");
}

/* ---- going on ----------------------------------------------------------- */

static void store_registers(struct session *s)
{
    for (uint32_t i = 0; i < s->m->nr_vcpus; i++) {
        struct cpu *cpu = &s->cpus[i];

        if (cpu->changed && !gdb_regs_store(&s->m->vcpus[i], &cpu->regs))
            say("the debugger's registers: %m");
        cpu->changed = false;
    }
}

static void arm_all(struct session *s, enum break_go how)
{
    for (uint32_t i = 0; i < s->m->nr_vcpus; i++)
        breaks_arm(&s->m->vcpus[i], how);
}

/* `stepper` does one step (HOLD_NOBODY: nobody); only `only` goes on. */
static void go(struct session *s, int stepper, int only)
{
    store_registers(s);
    arm_all(s, BREAK_GO);
    if (stepper != HOLD_NOBODY)
        breaks_arm(&s->m->vcpus[stepper], BREAK_STEP);
    __atomic_store_n(&s->running, true, __ATOMIC_SEQ_CST);
    s->alone = only != HOLD_NOBODY;
    hold_release(only);
}

/* vCont;ACTION[:THREAD]...: one that steps, one that alone goes on, or all. */
static void go_each(struct session *s, const char *text)
{
    int stepper = HOLD_NOBODY, only = HOLD_NOBODY;
    bool all = false;

    while (*text == ';') {
        bool step = text[1] == 's' || text[1] == 'S';
        const char *end = strchr(text + 1, ';');
        const char *colon = strchr(text + 1, ':');
        uint32_t index = s->at;

        end = end ? end : text + strlen(text);
        if (colon && colon < end) {
            colon++;
            if (!thread(s, &colon, &index)) {
                answer_error(s);
                return;
            }
            only = (int)index;
        } else {
            all = true;
        }
        if (step)
            stepper = (int)index;
        text = end;
    }
    go(s, stepper, all ? HOLD_NOBODY : only);
}

static void detach(struct session *s)
{
    breaks_remove_all(s->m);
    store_registers(s);
    arm_all(s, BREAK_OFF);
    s->over = true;
    hold_release(HOLD_NOBODY);
}

static void kill_guest(void)
{
    _exit(STATUS_KILLED);
}

static void breakpoint(struct session *s, const char *text)
{
    bool insert = text[0] == 'Z';
    uint64_t addr, len;
    int kind = text[1] - '0', done;

    if (kind < BREAK_SOFT || kind > BREAK_ACCESS)
        return;
    text += 3;
    if (text[-1] != ',' || !number(&text, ',', &addr) ||
        !number(&text, 0, &len) || len > 64) {
        answer_error(s);
        return;
    }
    done =
        insert
            ? breaks_insert(s->m, (enum break_kind)kind, addr, (uint32_t)len)
            : breaks_remove(s->m, (enum break_kind)kind, addr, (uint32_t)len);
    if (done < 0)
        answer_error(s);
    else if (done)
        answer(s, "OK");
}

/* ---- packets ------------------------------------------------------------ */

/* qXfer:features:read:target.xml:OFF,LEN */
static void read_features(struct session *s, const char *text)
{
    uint32_t total;
    const char *xml = gdb_regs_xml(&total);
    uint64_t off, len;

    if (!starts(text, "target.xml:") || (text += strlen("target.xml:"), 0) ||
        !number(&text, ',', &off) || !number(&text, 0, &len) || off > total) {
        answer(s, "E00");
        return;
    }
    len = len < BYTES_MAX ? len : BYTES_MAX;
    answer(s, "%c%.*s", len < total - off ? 'm' : 'l', (int)len, xml + off);
}

static void query(struct session *s, const char *text)
{
    static const char features[] = "qXfer:features:read:";

    if (starts(text, "qSupported")) {
        s->knows_swbreak = strstr(text, "swbreak+") != NULL;
        answer(s,
               "PacketSize=%x;qXfer:features:read+;QStartNoAckMode+;swbreak+;"
               "vContSupported+",
               GDB_PACKET_MAX);
    } else if (starts(text, features)) {
        read_features(s, text + strlen(features));
    } else if (!strcmp(text, "qC")) {
        answer(s, "QC%x", s->at + 1);
    } else if (!strcmp(text, "qfThreadInfo")) {
        list_threads(s);
    } else if (!strcmp(text, "qsThreadInfo")) {
        answer(s, "l");
    } else if (starts(text, "qThreadExtraInfo,")) {
        describe_thread(s, text + strlen("qThreadExtraInfo,"));
    } else if (starts(text, "qAttached")) {
        answer(s, "1");
    } else if (!strcmp(text, "QStartNoAckMode")) {
        answer(s, "OK");
    }
}

static void verbose(struct session *s, const char *text)
{
    if (!strcmp(text, "vCont?")) {
        answer(s, "vCont;c;C;s;S");
    } else if (starts(text, "vCont;")) {
        go_each(s, text + strlen("vCont"));
    } else if (starts(text, "vKill")) {
        kill_guest();
    }
}

/* Answers that stay empty say: not supported. */
static void handle(struct session *s, int len)
{
    const char *text = s->in;

    switch (text[0]) {
    case '?':
        answer_stop(s);
        break;
    case 'g':
        read_all(s);
        break;
    case 'G':
        write_all(s, text + 1);
        break;
    case 'p':
        read_one(s, text + 1);
        break;
    case 'P':
        write_one(s, text + 1);
        break;
    case 'm':
        read_memory(s, text + 1);
        break;
    case 'M':
    case 'X':
        write_memory(s, text + 1, len - 1, text[0] == 'X');
        break;
    case 'Z':
    case 'z':
        breakpoint(s, text);
        break;
    case 'c':
    case 'C':
        go(s, HOLD_NOBODY, HOLD_NOBODY);
        break;
    case 's':
    case 'S':
        go(s, (int)s->at, HOLD_NOBODY);
        break;
    case 'H':
    case 'T':
        choose_thread(s, text);
        break;
    case 'D':
        answer(s, "OK");
        detach(s);
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

/* ---- a conversation ----------------------------------------------------- */

static bool send_answer(struct session *s)
{
    bool sent = gdb_send(&s->conn, s->out, s->out_len);

    s->out_len = 0;
    return sent;
}

/* True: it stands still, and its registers are here. */
static bool take_stop(struct session *s)
{
    if (!hold_reason(&s->why))
        return false;
    __atomic_store_n(&s->running, false, __ATOMIC_SEQ_CST);
    for (uint32_t i = 0; i < s->m->nr_vcpus; i++)
        gdb_regs_load(&s->m->vcpus[i], &s->cpus[i].regs);
    s->at = s->why.vcpu;
    return true;
}

static void wait_for_stop(struct session *s)
{
    struct pollfd p = {.fd = hold_event_fd(), .events = POLLIN};

    while (!take_stop(s))
        poll(&p, 1, -1);
}

/* One that runs alone may need what another holds, the kernel's lock for
 * instance: then the others must go on too.
 *
 * While it runs: until it stands still, or the peer is gone (false). */
static bool watch(struct session *s)
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
            answer_stop(s);
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
static bool converse(struct session *s)
{
    int len = gdb_receive(&s->conn, s->in);

    if (len == GDB_INTERRUPT)
        return true;
    if (len < 0)
        return false;
    handle(s, len);
    if (s->running)
        return true;
    if (!send_answer(s))
        return false;
    s->conn.no_ack |= !strcmp(s->in, "QStartNoAckMode");
    return true;
}

void gdb_session(struct machine *m, int fd)
{
    struct session *s = &session;
    bool there = true;

    s->m = m;
    s->conn = (struct gdb_conn){.fd = fd};
    memset(s->cpus, 0, sizeof(s->cpus));
    s->over = s->knows_swbreak = false;
    s->out_len = 0;
    if (!take_stop(s)) {
        if (!__atomic_load_n(&wait_at_start, __ATOMIC_SEQ_CST))
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
        detach(s);
}

/* ---- the thread --------------------------------------------------------- */

static int listen_fd = -1;

static void *serve_gdb(void *arg)
{
    for (;;) {
        int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);

        if (fd < 0)
            continue;
        gdb_session(arg, fd);
        close(fd);
    }
    return NULL;
}

/* Loopback only: who may connect may do anything with the guest. */
static int listen_on(const char *where)
{
    struct sockaddr_in addr = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    char *end;
    unsigned long port = strtoul(where, &end, 10);

    if (end == where || *end || !port || port > UINT16_MAX)
        die("gdb=%s: neither a port nor a descriptor (@N)", where);
    addr.sin_port = htons((uint16_t)port);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    /* Who comes inherits it: many small packets, each waited for. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
        listen(fd, 1) < 0)
        die("gdb=%s: listen on 127.0.0.1: %m", where);
    return fd;
}

void gdb_start(struct machine *m, const struct options *opt)
{
    pthread_t thread;

    if (!opt->gdb)
        return;
    listen_fd = opt->gdb[0] == '@' ? options_open("gdb", opt->gdb)
                                   : listen_on(opt->gdb);
    wait_at_start = opt->gdb_wait;
    hold_init();
    if (pthread_create(&thread, NULL, serve_gdb, m))
        die("start the debugger's thread: %m");
}

void gdb_up(void)
{
    if (__atomic_exchange_n(&wait_at_start, false, __ATOMIC_SEQ_CST))
        hold_ask();
}

void gdb_exited(int status)
{
    char text[16];
    uint8_t sum = 0;
    struct iovec part = {.iov_base = text};
    struct msghdr msg = {.msg_iov = &part, .msg_iovlen = 1};

    if (!__atomic_load_n(&session.running, __ATOMIC_SEQ_CST))
        return;
    snprintf(text, sizeof(text), "$W%02x", status & 0xff);
    for (const char *c = text + 1; *c; c++)
        sum = (uint8_t)(sum + (uint8_t)*c);
    part.iov_len =
        4 + (size_t)snprintf(text + 4, sizeof(text) - 4, "#%02x", sum);
    sendmsg(session.conn.fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
}

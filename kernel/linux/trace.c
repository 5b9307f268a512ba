/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The lines of a trace: calls, signals, the end. How an argument looks is
 * trace_args.c's business, which ones a call has trace_table.c's.
 */
#include "kernel/linux/trace.h"

#include <asm-generic/fcntl.h>

#include "kernel/core/config.h"
#include "kernel/core/cpu.h"
#include "kernel/linux/syscall.h"
#include "kernel/sched/observe.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/thread.h"
#include "lib/fmt.h"
#include "lib/string.h"

enum { MARK = 0x1e, MODE_MARKED = 2, ERRNO_MAX = 4095 };

static bool marked; /* lines begin with MARK, for who sorts them out */

void trace_put(struct trace_line *l, const char *fmt, ...)
{
    size_t room = sizeof(l->text) - l->len;
    va_list ap;
    int n;

    va_start(ap, fmt);
    // NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized)
    n = vsnprintf(l->text + l->len, room, fmt, ap);
    va_end(ap);
    l->len += (size_t)n < room ? (size_t)n : room - 1;
}

static void begin(struct trace_line *l)
{
    l->len = 0;
    if (marked)
        trace_put(l, "%c", MARK);
    trace_put(l, "[%d] ", current_thread()->tid);
}

static void end(struct trace_line *l)
{
    if (l->len > sizeof(l->text) - 2)
        l->len = sizeof(l->text) - 2;
    l->text[l->len++] = '\n';
    platform.ops.console_write(ABI_CONSOLE_LOG, l->text, l->len);
}

static const char *name_of(uint32_t nr)
{
    if (nr < syscall_table_len && syscall_table[nr].name)
        return syscall_table[nr].name;
    return NULL;
}

static void put_name(struct trace_line *l, uint32_t nr)
{
    if (name_of(nr))
        trace_put(l, "%s", name_of(nr));
    else
        trace_put(l, "syscall_%u", nr);
}

static void put_args(struct trace_line *l, const struct trace_call *c,
                     uint32_t nr)
{
    const char *shape = trace_shape(nr);

    if (!shape)
        shape = "x,x,x,x,x,x";
    if (*shape == '!')
        shape++;
    trace_put(l, "(");
    for (unsigned i = 0; i < 6 && *shape; i++) {
        const char *comma = strchr(shape, ',');
        size_t len = comma ? (size_t)(comma - shape) : strlen(shape);

        if (len == 5 && memcmp(shape, "cmode", 5) == 0 &&
            !(c->arg[i - 1] & (O_CREAT | __O_TMPFILE)))
            break; /* open(2) ignores it then */
        if (i)
            trace_put(l, ", ");
        trace_arg(l, c, i, shape, len);
        shape += len + (comma ? 1 : 0);
    }
    trace_put(l, ")");
}

static struct trace_call call_of(const struct abi_frame *r)
{
    return (struct trace_call){
        .arg = {r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9}};
}

static void show_unfinished(const struct abi_frame *r, uint32_t nr,
                            const char *tail)
{
    struct trace_call c = call_of(r);
    struct trace_line l;

    begin(&l);
    put_name(&l, nr);
    put_args(&l, &c, nr);
    trace_put(&l, "%s", tail);
    end(&l);
    current_thread()->unfinished = true;
}

void trace_entry(const struct abi_frame *r, uint32_t nr)
{
    const char *shape = trace_shape(nr);

    current_thread()->unfinished = false;
    current_thread()->in_call = true;
    if (shape && *shape == '!')
        show_unfinished(r, nr, " = ?");
}

static void on_sleep(void)
{
    struct thread *t = current_thread();

    if (t->in_call && !t->unfinished)
        show_unfinished(t->frame, t->syscall_nr, " <unfinished ...>");
}

static void put_result(struct trace_line *l, int64_t result)
{
    const char *text, *name;

    if (result >= 0 || result < -ERRNO_MAX) {
        trace_put(l, result > 0xffffff || result < 0 ? " = %#lx" : " = %ld",
                  result);
        return;
    }
    name = trace_errno_name((int)-result, &text);
    if (result <= -ERESTARTSYS && result >= -ERESTART_RESTARTBLOCK)
        trace_put(l, " = ? (interrupted by a signal)");
    else if (name)
        trace_put(l, " = -1 %s (%s)", name, text);
    else
        trace_put(l, " = -1 errno %ld", -result);
}

void trace_exit(const struct abi_frame *r, uint32_t nr, int64_t result)
{
    struct thread *t = current_thread();
    struct trace_call c = call_of(r);
    struct trace_line l;

    c.done = true;
    c.result = result;
    begin(&l);
    if (t->unfinished)
        trace_put(&l, "<... ");
    put_name(&l, nr);
    if (t->unfinished)
        trace_put(&l, " resumed>");
    put_args(&l, &c, nr);
    put_result(&l, result);
    end(&l);
    t->in_call = false;
}

static void on_signal(const struct siginfo_k *info, bool fatal)
{
    const char *name = trace_signal_name(info->signo);
    struct trace_line l;

    begin(&l);
    trace_put(&l, "--- ");
    if (name)
        trace_put(&l, "%s", name);
    else
        trace_put(&l, "signal %d", info->signo);
    trace_put(&l, " {si_code=%d, si_pid=%d, value or address %#lx} ---%s",
              info->code, info->pid, info->value,
              fatal ? " ends the program" : "");
    end(&l);
}

static void on_end(int status)
{
    struct trace_line l;

    begin(&l);
    if (status > 128 && trace_signal_name(status - 128))
        trace_put(&l, "+++ ended with %d (%s) +++", status,
                  trace_signal_name(status - 128));
    else
        trace_put(&l, "+++ exited with %d +++", status & 0xff);
    end(&l);
}

bool trace_init(void)
{
    uint64_t mode = config_get_u64("trace", 0);

    if (!mode)
        return false;
    marked = mode == MODE_MARKED;
    observer.sleep = on_sleep;
    observer.signal = on_signal;
    observer.end = on_end;
    return true;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Backtraces of the program. Most code keeps no frame pointers, so its stack
 * is searched for words that point behind a call; those that the chain of
 * frame pointers does not confirm have a question mark.
 */
#include "kernel/linux/crash.h"

#include <linux/mman.h>

#include "kernel/core/log.h"
#include "kernel/core/panic.h"
#include "kernel/core/uaccess.h"
#include "kernel/linux/core.h"
#include "kernel/linux/symbols.h"
#include "kernel/linux/syscall.h"
#include "kernel/mm/mm.h"
#include "kernel/sched/observe.h"
#include "kernel/sched/thread.h"

enum { LINES_MAX = 14, WORDS_MAX = 4096, NAME_SHOWN = 80, CALL_MAX = 7 };

static bool read_symbols = true;

/* `back`: 1 for a return address, which may lie behind its function. */
static void put_pc(uint64_t pc, uint64_t back, bool sure)
{
    static struct mm_info m;
    char name[NAME_SHOWN];
    const char *mark = sure ? " " : "?";
    uint64_t delta, off;

    pc = mm_canonical_pc(pc);
    if (!mm_next(pc, &m) || pc < m.start) {
        klog(LOG_ERROR, "%s at %#lx, where nothing is mapped", mark, pc);
        return;
    }
    off = pc - m.start + m.off;
    if (read_symbols && m.name[0] == '/' &&
        symbol_find(m.name, off - back, name, sizeof(name), &delta) == 0)
        klog(LOG_ERROR, "%s at %#lx %s+%#lx (%s+%#lx)", mark, pc, name,
             delta + back, m.name, off);
    else
        klog(LOG_ERROR, "%s at %#lx (%s+%#lx)", mark, pc,
             m.name[0] ? m.name : "anonymous memory", off);
}

/* Is pc in code, and right behind a call? Intel SDM vol. 2, CALL: E8 rel32,
 * or FF with /2 and an operand that makes it 2 to 7 bytes long. */
static bool is_return_address(uint64_t pc)
{
    static struct mm_info m;
    uint8_t code[CALL_MAX];

    if (pc < ABI_USER_MIN || pc >= ABI_USER_TOP || !mm_next(pc, &m) ||
        pc < m.start + CALL_MAX || !(m.prot & PROT_EXEC) ||
        copy_in(&code, pc - CALL_MAX) < 0)
        return false;
    if (code[2] == 0xe8)
        return true;
    for (int i = 0; i <= CALL_MAX - 2; i++)
        if (code[i] == 0xff && (code[i + 1] >> 3 & 7) == 2 && i != 2)
            return true;
    return false;
}

static void put_stack(const struct abi_frame *f)
{
    uint64_t fp = f->rbp, sp = f->rsp & ~UINT64_C(7), word;
    int lines = 0;

    for (int i = 0; i < WORDS_MAX && lines < LINES_MAX; i++, sp += 8) {
        bool sure = sp == fp + 8;

        if (copy_in(&word, sp) < 0)
            return;
        if (sure && copy_in(&fp, fp) < 0)
            fp = 0;
        if (!is_return_address(word))
            continue;
        put_pc(word, 1, sure);
        lines++;
    }
}

static void backtrace(const struct abi_frame *f)
{
    put_pc(f->rip, 0, true);
    put_stack(f);
}

static void on_crash(const struct abi_frame *f, const struct siginfo_k *info)
{
    backtrace(f);
    core_write(f, info);
}

/* Must not sleep: files of host directories are not asked. */
static void on_panic(void)
{
    const struct thread *t = current_thread();

    if (!t || !t->frame->rip)
        return;
    read_symbols = platform.boot->nr_chan == 0;
    klog(LOG_ERROR,
         "the program, thread %d \"%s\", last system call %u:", t->tid, t->comm,
         t->syscall_nr);
    backtrace(t->frame);
}

void crash_init(void)
{
    core_init();
    observer.crash = on_crash;
    panic_more = on_panic;
}

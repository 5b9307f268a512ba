/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Log lines and the end of an instance by our own fault.
 */
#include "kernel/core/log.h"

#include <stdbool.h>
#include <stdint.h>

#include "kernel/arch/x86_64/arch.h"
#include "kernel/core/clock.h"
#include "kernel/core/cpu.h"
#include "kernel/core/panic.h"
#include "lib/fmt.h"

enum { LINE_MAX = 512, PANIC_STATUS = 134 };

static enum log_level max_level = LOG_WARN;

void klog_set_level(enum log_level level)
{
    max_level = level;
}

static void write_line(const char *line, int len)
{
    platform.ops.console_write(ABI_CONSOLE_LOG, line, (uint64_t)len);
}

static void vlog(const char *fmt, va_list ap)
{
    char line[LINE_MAX];
    uint64_t us = clock_ready() ? clock_mono_ns() / 1000 : 0;
    int len = snprintf(line, sizeof(line), "einkorn: [%lu.%06lu] ",
                       us / 1000000, us % 1000000);

    // NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): callers start it
    len += vsnprintf(line + len, sizeof(line) - (size_t)len, fmt, ap);
    if (len > LINE_MAX - 2)
        len = LINE_MAX - 2;
    line[len++] = '\n';
    write_line(line, len);
}

void klog(enum log_level level, const char *fmt, ...)
{
    va_list ap;

    if (level > max_level)
        return;
    va_start(ap, fmt);
    vlog(fmt, ap);
    va_end(ap);
}

/* Made by tools/ksyms when the kernel is linked; ascending. */
struct ksym {
    uint32_t offset; /* from __kernel_begin */
    uint32_t name;   /* in ksym_names */
};
extern const struct ksym ksyms[] __attribute__((weak));
extern const uint32_t nr_ksyms __attribute__((weak));
extern const char ksym_names[] __attribute__((weak));
extern const char __kernel_begin[], __kernel_end[];

static void print_pc(uint64_t pc)
{
    uint64_t offset = pc - (uint64_t)__kernel_begin;
    uint32_t i = 0;

    if (!&nr_ksyms || pc < (uint64_t)__kernel_begin ||
        pc >= (uint64_t)__kernel_end || offset < ksyms[0].offset) {
        klog(LOG_ERROR, "  at %#lx", pc);
        return;
    }
    while (i + 1 < nr_ksyms && ksyms[i + 1].offset <= offset)
        i++;
    klog(LOG_ERROR, "  at %#lx %s+%#lx", pc, ksym_names + ksyms[i].name,
         offset - ksyms[i].offset);
}

void log_frame(const struct abi_frame *f)
{
    klog(LOG_ERROR, "rip %016lx rsp %016lx flags %lx vector %u error %x",
         f->rip, f->rsp, f->rflags, f->vector, f->error);
    klog(LOG_ERROR, "rax %016lx rbx %016lx rcx %016lx rdx %016lx", f->rax,
         f->rbx, f->rcx, f->rdx);
    klog(LOG_ERROR, "rsi %016lx rdi %016lx rbp %016lx addr %016lx", f->rsi,
         f->rdi, f->rbp, f->addr);
    klog(LOG_ERROR, "r8  %016lx r9  %016lx r10 %016lx r11 %016lx", f->r8, f->r9,
         f->r10, f->r11);
    klog(LOG_ERROR, "r12 %016lx r13 %016lx r14 %016lx r15 %016lx", f->r12,
         f->r13, f->r14, f->r15);
}

void (*panic_more)(void);
static bool panicking; /* trouble in a report ends it */

_Noreturn static void panic_end(void)
{
    if (panic_more)
        panic_more();
    for (;;)
        platform.ops.exit(PANIC_STATUS);
}

void panic_at(const struct abi_frame *f, const char *what)
{
    if (panicking)
        platform.ops.exit(PANIC_STATUS);
    panicking = true;
    klog(LOG_ERROR, "kernel panic: %s", what);
    log_frame(f);
    print_pc(f->rip);
    arch_backtrace(f->rbp, print_pc);
    panic_end();
}

void panic(const char *fmt, ...)
{
    char text[LINE_MAX];
    va_list ap;

    if (panicking)
        platform.ops.exit(PANIC_STATUS);
    panicking = true;
    va_start(ap, fmt);
    // NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized)
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    klog(LOG_ERROR, "kernel panic: %s", text);
    arch_backtrace((uint64_t)__builtin_frame_address(0), print_pc);
    panic_end();
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The conformance kernel: exercises every call and upcall of abi/platform.h
 * on whatever platform runs it, and prints "ok NAME" or "FAIL NAME ...". It
 * ends with status 0 if nothing failed. Its image is the section .app.
 * Configuration "test=NAME" picks one of the tests that need a partner.
 */
#ifndef EINKORN_TESTS_ABI_KERNEL_H
#define EINKORN_TESTS_ABI_KERNEL_H

#include "abi/layout.h"
#include "abi/platform.h"

#pragma GCC visibility push(hidden)

extern const struct abi_boot *boot;
extern const struct abi_ops *ops;
extern struct abi_vcpu vcpu;

/* What upcalls left behind. */
struct seen {
    uint32_t nr_events, nr_exceptions, nr_syscalls;
    uint32_t vector, error;
    uint64_t addr, rip, frame, pending;
    uint64_t end_arg; /* rdi of system call 1000 */
};
extern volatile struct seen seen;
/* Set by an event upcall once nr_events reaches stop_after. */
extern volatile uint32_t spin_stop, stop_after;

void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void check_at(int ok, const char *what, const char *file, int line);
#define CHECK(what) check_at(!!(what), #what, __FILE__, __LINE__)
/* The value behind "key=" in the configuration, or NULL. */
const char *config(const char *key);

enum {
    USER_CODE = 0x10000000,
    USER_STACK = 0x20000000,
    USER_DATA = 0x30000000
};

/* Run the application from this entry; returns what it ended with (rdi). */
uint64_t run_app(const char *entry, uint64_t arg);
uint64_t now_ns(void);

void test_memory(void);
void test_upcalls(void);
void test_events(void);
void test_random_memory(void);
void test_partner(const char *name);

/* entry.S */
void upcall_entry(void);
void app_enter(struct abi_frame *frame);
_Noreturn void app_leave(void);
int probe_read(uint64_t addr);
int probe_write(uint64_t addr);
int probe_exec(uint64_t addr);
void probe_failed(void);
uint32_t window_spin(void);
extern const char exit_begin[], exit_end[], window_begin[], window_end[];
extern const char probe_begin[], probe_end[];
extern const char app_base[], app_registers[], app_null_read[],
    app_write_text[], app_divide[], app_undefined[], app_breakpoint[],
    app_privileged[], app_int80[], app_noncanonical[], app_jump_data[],
    app_single_step[], app_spin[], app_many[];

#pragma GCC visibility pop

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls. A handler takes the program's registers (arguments in rdi,
 * rsi, rdx, r10, r8, r9), and returns what rax will hold: a result or -errno.
 * It decodes, copies in, makes one subsystem call, copies out.
 */
#ifndef EINKORN_KERNEL_LINUX_SYSCALL_H
#define EINKORN_KERNEL_LINUX_SYSCALL_H

#include <stdint.h>

#include "abi/platform.h"

struct abi_frame;
typedef int64_t syscall_fn(struct abi_frame *r);

enum syscall_level { SYS_NONE, SYS_PARTIAL, SYS_FULL };

/* One row of the compatibility document: indexed by number. */
struct syscall_entry {
    const char *name;
    syscall_fn *fn; /* NULL: -ENOSYS, logged once */
    enum syscall_level level;
    const char *note; /* what is missing, or NULL */
};
extern const struct syscall_entry syscall_table[];
extern const uint32_t syscall_table_len;

/* From the entry code; the number is in r->rax. Stores the result there. */
void syscall_dispatch(struct abi_frame *r);
/* The same, from outside the kernel lock. */
void syscall_dispatch_locked(struct abi_frame *r);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Host calls from inside the gate: always inlined, so that the `syscall`
 * instruction lies in the gate's own range. Results are Linux's: a value or
 * -errno. Which calls pass is said in tender/proc/rules.c.
 */
#ifndef EINKORN_PROC_HOSTCALL_H
#define EINKORN_PROC_HOSTCALL_H

#include <asm/errno.h>
#include <asm/unistd.h>
#include <stdint.h>

static inline __attribute__((always_inline)) int64_t
hostcall6(int64_t nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
          uint64_t e, uint64_t f)
{
    register uint64_t r10 __asm__("r10") = d;
    register uint64_t r8 __asm__("r8") = e;
    register uint64_t r9 __asm__("r9") = f;
    int64_t ret;

    __asm__ volatile("syscall"
                     : "=a"(ret)
                     : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8),
                       "r"(r9)
                     : "rcx", "r11", "memory");
    return ret;
}

#define hostcall5(nr, a, b, c, d, e) hostcall6(nr, a, b, c, d, e, 0)
#define hostcall4(nr, a, b, c, d) hostcall6(nr, a, b, c, d, 0, 0)
#define hostcall3(nr, a, b, c) hostcall6(nr, a, b, c, 0, 0, 0)
#define hostcall2(nr, a, b) hostcall6(nr, a, b, 0, 0, 0, 0)
#define hostcall1(nr, a) hostcall6(nr, a, 0, 0, 0, 0, 0)

#endif

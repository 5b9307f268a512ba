/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux system calls of a tender, before it closes its cage. Results are a
 * value or -errno.
 */
#ifndef EINKORN_TENDER_SYS_H
#define EINKORN_TENDER_SYS_H

#include <asm/errno.h>
#include <asm/unistd.h>
#include <stdint.h>

static inline int64_t sys6(int64_t nr, uint64_t a, uint64_t b, uint64_t c,
                           uint64_t d, uint64_t e, uint64_t f)
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

#define sys5(nr, a, b, c, d, e)                                                \
    sys6(nr, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), (uint64_t)(d),       \
         (uint64_t)(e), 0)
#define sys4(nr, a, b, c, d) sys5(nr, a, b, c, d, 0)
#define sys3(nr, a, b, c) sys5(nr, a, b, c, 0, 0)
#define sys2(nr, a, b) sys5(nr, a, b, 0, 0, 0)
#define sys1(nr, a) sys5(nr, a, 0, 0, 0, 0)
#define sys0(nr) sys5(nr, 0, 0, 0, 0, 0)

/* mmap(2): the address or -errno (never a valid address). */
int64_t sys_mmap(uint64_t addr, uint64_t len_bytes, int prot, int flags,
                 int32_t fd, uint64_t off);

#endif

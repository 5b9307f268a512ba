/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Upcalls of the platform: slow system calls, events, exceptions. From the
 * program an exception becomes a signal; from the kernel it is a bad program
 * pointer with a fix-up, or our bug.
 */
#include <asm-generic/siginfo.h>
#include <asm/signal.h>

#include "abi/layout.h"
#include "kernel/arch/x86_64/arch.h"
#include "kernel/core/lock.h"
#include "kernel/core/panic.h"
#include "kernel/linux/dispatch.h"
#include "kernel/linux/stats.h"
#include "kernel/mm/mm.h"
#include "kernel/sched/signal.h"

enum vector {
    VEC_DIVIDE = 0,
    VEC_DEBUG = 1,
    VEC_BREAKPOINT = 3,
    VEC_OVERFLOW = 4,
    VEC_BOUND = 5,
    VEC_OPCODE = 6,
    VEC_STACK = 12,
    VEC_PROTECTION = 13,
    VEC_PAGE = 14,
    VEC_X87 = 16,
    VEC_ALIGNMENT = 17,
    VEC_SIMD = 19,
};

static struct siginfo_k fault_info(const struct abi_frame *f)
{
    struct siginfo_k s = {.value = f->rip};

    switch (f->vector) {
    case VEC_DIVIDE:
        s.signo = SIGFPE, s.code = FPE_INTDIV;
        break;
    case VEC_X87:
    case VEC_SIMD:
        s.signo = SIGFPE, s.code = FPE_FLTINV;
        break;
    case VEC_DEBUG:
        s.signo = SIGTRAP, s.code = TRAP_TRACE;
        break;
    case VEC_BREAKPOINT:
        s.signo = SIGTRAP, s.code = SI_KERNEL, s.value = 0;
        break;
    case VEC_OPCODE:
        s.signo = SIGILL, s.code = ILL_ILLOPN;
        break;
    case VEC_STACK:
        s.signo = SIGBUS, s.code = SI_KERNEL, s.value = 0;
        break;
    case VEC_ALIGNMENT:
        s.signo = SIGBUS, s.code = BUS_ADRALN, s.value = 0;
        break;
    default:
        s.signo = SIGSEGV, s.code = SI_KERNEL, s.value = 0;
    }
    return s;
}

static void user_exception(struct abi_frame *f)
{
    struct siginfo_k info;

    if (f->vector == VEC_PAGE) {
        int code = SEGV_MAPERR, signo = mm_fault(f->addr, f->error, &code);

        if (signo == 0) {
            stats.user_faults++;
            return;
        }
        info =
            (struct siginfo_k){.signo = signo, .code = code, .value = f->addr};
    } else {
        info = fault_info(f);
    }
    signal_fault(&info);
}

void upcall_from_user(struct abi_frame *f)
{
    switch (f->kind) {
    case ABI_UPCALL_SYSCALL:
        f->rcx = f->rip;
        f->r11 = f->rflags;
        syscall_dispatch(f);
        return;
    case ABI_UPCALL_EXCEPTION:
        stats.exceptions++;
        user_exception(f);
        break;
    default:
        stats.events++;
        break; /* sched_return_to_user() looks at what is pending */
    }
    sched_return_to_user(f);
}

void upcall_from_user_locked(struct abi_frame *f)
{
    kernel_lock();
    upcall_from_user(f);
    kernel_unlock();
}

static bool user_page_came(const struct abi_frame *f)
{
    int code;

    return f->vector == VEC_PAGE && f->addr < ABI_USER_TOP &&
           mm_fault(f->addr, f->error, &code) == 0;
}

void upcall_from_kernel(struct abi_frame *f)
{
    uint64_t fixup = arch_fixup(f->rip);

    if (!fixup)
        panic_at(f, "exception in the kernel");
    if (user_page_came(f))
        stats.kernel_faults++;
    else
        f->rip = fixup;
}

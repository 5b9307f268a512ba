/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Further virtual CPUs: threads that wait, inside the cage, until the kernel
 * starts them. Each begins on its signal stack, which is free until then.
 */
#include "tender/common/say.h"
#include "tender/common/sys.h"
#include "tender/proc/launch.h"

#include <linux/sched.h>

/* The boot stack lies in the lower half, signals arrive at the top. */
enum { SIGNAL_STACK_RESERVE = 32768 };

_Noreturn void thread_main(struct gate_cpu_area *area);
int64_t thread_clone(uint64_t flags, uint64_t stack,
                     struct gate_cpu_area *area);

static uint32_t ready;

void thread_main(struct gate_cpu_area *area)
{
    signals_thread(area);
    __atomic_fetch_add(&ready, 1, __ATOMIC_SEQ_CST);
    gate_park(&area->cpu);
}

void threads_start(uint32_t nr)
{
    const uint64_t flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
                           CLONE_THREAD | CLONE_SYSVSEM;

    for (uint32_t i = 1; i < nr; i++) {
        uint64_t top = (uint64_t)&gate_area[i + 1] - SIGNAL_STACK_RESERVE;
        int64_t ret = thread_clone(flags, top, &gate_area[i]);

        if (ret < 0)
            die("start virtual CPU %u: %s", i, errno_text(ret));
    }
    while (__atomic_load_n(&ready, __ATOMIC_SEQ_CST) + 1 < nr)
        sys0(__NR_sched_yield);
}

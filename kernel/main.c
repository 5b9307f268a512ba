/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Start-up: one list of calls, then the program's first thread.
 */
#include "kernel/main.h"
#include "kernel/arch/x86_64/arch.h"
#include "kernel/core/alloc.h"
#include "kernel/core/clock.h"
#include "kernel/core/config.h"
#include "kernel/core/log.h"
#include "kernel/core/random.h"
#include "kernel/linux/dispatch.h"
#include "kernel/linux/exec.h"
#include "kernel/linux/ids.h"
#include "kernel/mm/mm.h"
#include "kernel/net/net.h"
#include "kernel/sched/run.h"
#include "kernel/vfs/vfs.h"

static void platform_init(const struct abi_boot *boot)
{
    platform.boot = boot;
    platform.ops = *boot->ops;
    if (boot->magic != ABI_MAGIC || boot->version != ABI_VERSION)
        platform.ops.exit(PLATFORM_MISMATCH);
    cpu_init(&cpus[0], boot->nr_vcpus > 1);
    if (platform.ops.vcpu_init(&cpus[0].vcpu) < 0)
        platform.ops.exit(PLATFORM_MISMATCH);
}

static void first_thread(void *arg)
{
    (void)arg;
    vfs_start(); /* makes mount points, which the user may not */
    ids_become_configured();
    exec_init_program();
}

_Noreturn void kernel_main(const struct abi_boot *boot)
{
    struct thread *init;

    platform_init(boot);
    config_init();
    alloc_init();
    random_init();
    clock_init();
    sched_init();
    syscall_init();
    process_init();
    mm_init();
    vfs_init();
    net_init();
    init = thread_create(first_thread, NULL);
    if (init)
        sched_start(init);
    panic("no memory for the first thread");
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * einkorn-proc: makes a cage of one Linux process, loads the library OS into
 * it and enters it. The list below is the life of an instance up to the
 * kernel's entry; nothing of the tender but the gate runs after that.
 */
#include "abi/layout.h"
#include "lib/string.h"
#include "tender/common/say.h"
#include "tender/common/sys.h"
#include "tender/proc/launch.h"

#include <linux/auxvec.h>

const char tender_name[] = "einkorn-proc";

_Noreturn void tender_main(uint64_t *stack);

extern char boot_stack_top[] __attribute__((visibility("hidden")));

/* argc, argv[], NULL, envp[], NULL, auxv[] (System V ABI, "Process stack"). */
static void read_stack(uint64_t *stack, struct host_info *host)
{
    uint64_t *p = stack + 1 + stack[0] + 1;

    *host =
        (struct host_info){.argv = (char **)(stack + 1), .envp = (char **)p};
    while (*p++)
        continue;
    for (; p[0] != AT_NULL; p += 2) {
        if (p[0] == AT_HWCAP)
            host->hwcap = p[1];
        else if (p[0] == AT_HWCAP2)
            host->hwcap2 = p[1];
        else if (p[0] == AT_SYSINFO_EHDR)
            host->vdso = p[1];
        else if (p[0] == AT_EXECFN)
            host->stack_end = p[1] + strlen((char *)p[1]) + 1;
    }
}

/* The host's arguments and environment are not the program's business. */
static void drop_host_stack(const uint64_t *stack, uint64_t end)
{
    uint64_t begin = (uint64_t)stack & -ABI_PAGE_SIZE;

    if (end > begin)
        sys2(__NR_munmap, begin, end - begin + ABI_PAGE_SIZE - 1);
}

void tender_main(uint64_t *stack)
{
    struct host_info host;
    struct launch launch;
    uint64_t entry;

    read_stack(stack, &host);
    if (host.argv[1] && !strcmp(host.argv[1], "--print-host-calls")) {
        rules_print();
        sys1(__NR_exit_group, 0);
    }
    gate.vdso = host.vdso;
    args_parse(&launch, host.argv);
    boot_fill(&launch, &host);
    windows_map(&launch, host.envp);
    entry = kernel_load(launch.kernel);
    devices_prepare();
    console_prepare();
    confine(&launch);
    confine_descriptors();
    signals_install();
    signals_thread(&gate_area[0]);
    threads_start(launch.vcpus);
    drop_host_stack(stack, host.stack_end);
    filter_install();
    gate_enter(entry, (uint64_t)&gate.boot, (uint64_t)boot_stack_top);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files of /proc about the machine.
 */
#include "kernel/arch/x86_64/arch.h"
#include "kernel/core/alloc.h"
#include "kernel/core/clock.h"
#include "kernel/core/cpu.h"
#include "kernel/core/random.h"
#include "kernel/fs/proc/proc.h"
#include "kernel/mm/mm.h"
#include "kernel/net/net.h"
#include "kernel/sched/thread.h"
#include "lib/string.h"

enum { KIB = 1024, USER_HZ = 100 };

void proc_meminfo(struct text *t, uint64_t arg)
{
    struct mm_usage use;
    uint64_t total = platform.boot->mem_limit_bytes, used, free;

    (void)arg;
    mm_usage(&use);
    used = use.committed_bytes + alloc_used_bytes();
    free = total > used ? total - used : 0;
    text_printf(t, "MemTotal:       %8lu kB\n", total / KIB);
    text_printf(t, "MemFree:        %8lu kB\n", free / KIB);
    text_printf(t, "MemAvailable:   %8lu kB\n", free / KIB);
    text_printf(t, "Buffers:        %8u kB\nCached:         %8u kB\n", 0, 0);
    text_printf(t, "SwapCached:     %8u kB\nActive:         %8lu kB\n", 0,
                use.committed_bytes / KIB);
    text_printf(t, "Inactive:       %8u kB\nSwapTotal:      %8u kB\n", 0, 0);
    text_printf(t, "SwapFree:       %8u kB\nDirty:          %8u kB\n", 0, 0);
    text_printf(t, "AnonPages:      %8lu kB\n", use.committed_bytes / KIB);
    text_printf(t, "Mapped:         %8lu kB\nShmem:          %8u kB\n",
                use.virtual_bytes / KIB, 0);
    text_printf(t, "Slab:           %8lu kB\n", alloc_used_bytes() / KIB);
    text_printf(t, "CommitLimit:    %8lu kB\n", total / KIB);
    text_printf(t, "Committed_AS:   %8lu kB\n", use.committed_bytes / KIB);
    text_printf(t, "HugePages_Total:   %5u\nHugePages_Free:    %5u\n", 0, 0);
    text_printf(t, "Hugepagesize:   %8u kB\n", 2048);
}

static void cpu_flags(struct text *t)
{
    static const struct {
        uint32_t leaf, reg, bit; /* reg: 0 ebx, 1 ecx, 2 edx */
        const char *name;
    } flags[] = {
        {1, 2, 0, "fpu"},      {1, 2, 4, "tsc"},       {1, 2, 8, "cx8"},
        {1, 2, 15, "cmov"},    {1, 2, 23, "mmx"},      {1, 2, 24, "fxsr"},
        {1, 2, 25, "sse"},     {1, 2, 26, "sse2"},     {1, 2, 28, "ht"},
        {1, 1, 0, "pni"},      {1, 1, 1, "pclmulqdq"}, {1, 1, 9, "ssse3"},
        {1, 1, 12, "fma"},     {1, 1, 13, "cx16"},     {1, 1, 19, "sse4_1"},
        {1, 1, 20, "sse4_2"},  {1, 1, 22, "movbe"},    {1, 1, 23, "popcnt"},
        {1, 1, 25, "aes"},     {1, 1, 26, "xsave"},    {1, 1, 28, "avx"},
        {1, 1, 29, "f16c"},    {1, 1, 30, "rdrand"},   {7, 0, 3, "bmi1"},
        {7, 0, 5, "avx2"},     {7, 0, 8, "bmi2"},      {7, 0, 9, "erms"},
        {7, 0, 16, "avx512f"}, {7, 0, 18, "rdseed"},   {7, 0, 19, "adx"},
        {7, 0, 29, "sha_ni"},  {7, 0, 30, "avx512bw"}, {7, 0, 31, "avx512vl"},
    };
    struct cpuid r = {0};
    uint32_t last = 0;

    text_printf(t, "flags\t\t:");
    for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
        if (flags[i].leaf != last) {
            last = flags[i].leaf;
            r = arch_cpuid(last, 0);
        }
        if ((flags[i].reg == 0   ? r.ebx
             : flags[i].reg == 1 ? r.ecx
                                 : r.edx) >>
                flags[i].bit &
            1)
            text_printf(t, " %s", flags[i].name);
    }
    text_printf(t, " syscall nx lm constant_tsc\n");
}

static void cpu_names(struct text *t)
{
    struct cpuid r = arch_cpuid(0, 0);
    char vendor[13] = {0}, model[49] = {0};
    uint32_t family, number;

    memcpy(vendor, &r.ebx, 4);
    memcpy(vendor + 4, &r.edx, 4);
    memcpy(vendor + 8, &r.ecx, 4);
    for (uint32_t i = 0; i < 3; i++) {
        r = arch_cpuid(0x80000002 + i, 0);
        memcpy(model + (size_t)16 * i, &r, 16);
    }
    r = arch_cpuid(1, 0);
    family = (r.eax >> 8 & 15) + (r.eax >> 20 & 255);
    number = (r.eax >> 4 & 15) | (r.eax >> 12 & 0xf0);
    text_printf(t, "vendor_id\t: %s\ncpu family\t: %u\nmodel\t\t: %u\n", vendor,
                family, number);
    text_printf(t, "model name\t: %s\nstepping\t: %u\n", model, r.eax & 15);
}

void proc_cpuinfo(struct text *t, uint64_t arg)
{
    uint64_t hz = platform.boot->tsc_hz;

    (void)arg;
    for (uint32_t i = 0; i < platform.boot->nr_vcpus; i++) {
        text_printf(t, "processor\t: %u\n", i);
        cpu_names(t);
        text_printf(t, "cpu MHz\t\t: %lu.%03lu\n", hz / 1000000,
                    hz / 1000 % 1000);
        text_printf(t,
                    "cache size\t: 1024 KB\nphysical id\t: 0\nsiblings\t: "
                    "%u\ncore id\t\t: %u\ncpu cores\t: %u\n",
                    platform.boot->nr_vcpus, i, platform.boot->nr_vcpus);
        text_printf(t, "fpu\t\t: yes\nfpu_exception\t: yes\nwp\t\t: yes\n");
        cpu_flags(t);
        text_printf(t,
                    "clflush size\t: 64\ncache_alignment\t: 64\n"
                    "address sizes\t: 48 bits physical, 48 bits virtual\n\n");
    }
}

static uint64_t busy_ticks(void)
{
    uint64_t ns = 0;

    list_for_each(node, &process.threads)
    {
        ns += container_of(node, struct thread, all)->cpu_ns;
    }
    return ns / (NSEC_PER_SEC / USER_HZ);
}

void proc_stat(struct text *t, uint64_t arg)
{
    uint64_t up = clock_mono_ns() - process.start_mono_ns;
    uint64_t all = up / (NSEC_PER_SEC / USER_HZ) * platform.boot->nr_vcpus;
    uint64_t busy = busy_ticks(), idle = all > busy ? all - busy : 0;
    uint64_t n = platform.boot->nr_vcpus;

    (void)arg;
    text_printf(t, "cpu  %lu 0 0 %lu 0 0 0 0 0 0\n", busy, idle);
    for (uint64_t i = 0; i < n; i++)
        text_printf(t, "cpu%lu %lu 0 0 %lu 0 0 0 0 0 0\n", i, busy / n,
                    idle / n);
    text_printf(t, "intr 0\nctxt 0\nbtime %ld\nprocesses 1\n",
                (clock_real_ns() - (int64_t)up) / (int64_t)NSEC_PER_SEC);
    text_printf(t, "procs_running 1\nprocs_blocked 0\n");
}

void proc_loadavg(struct text *t, uint64_t arg)
{
    (void)arg;
    text_printf(t, "0.00 0.00 0.00 1/%u 1\n", process.nr_threads);
}

void proc_uptime(struct text *t, uint64_t arg)
{
    uint64_t cs = (clock_mono_ns() - process.start_mono_ns) / 10000000;
    uint64_t busy = busy_ticks(), idle = cs > busy ? cs - busy : 0;

    (void)arg;
    text_printf(t, "%lu.%02lu %lu.%02lu\n", cs / 100, cs % 100, idle / 100,
                idle % 100);
}

void proc_hostname(struct text *t, uint64_t arg)
{
    (void)arg;
    text_printf(t, "%s\n", process.hostname);
}

static void put_uuid(struct text *t, const uint64_t id[2])
{
    text_printf(t, "%08lx-%04lx-4%03lx-%04lx-%012lx\n", id[0] >> 32,
                id[0] >> 16 & 0xffff, id[0] & 0xfff,
                (id[1] >> 48 & 0x3fff) | 0x8000, id[1] & 0xffffffffffff);
}

void proc_uuid(struct text *t, uint64_t arg)
{
    uint64_t id[2] = {random_u64(), random_u64()};

    (void)arg;
    put_uuid(t, id);
}

void proc_boot_id(struct text *t, uint64_t arg)
{
    static uint64_t id[2];

    (void)arg;
    if (!id[0]) {
        id[0] = random_u64();
        id[1] = random_u64();
    }
    put_uuid(t, id);
}

void proc_net(struct text *t, uint64_t arg)
{
    size_t len;
    char *body = net_proc_text((const char *)(uintptr_t)arg, &len);

    if (body)
        text_append(t, body, len);
    kfree(body);
}

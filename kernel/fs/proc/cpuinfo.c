/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /proc/cpuinfo, from CPUID (made once: it is slow under some hypervisors).
 */
#include "kernel/arch/x86_64/arch.h"
#include "kernel/core/cpu.h"
#include "kernel/fs/proc/tables.h"
#include "kernel/sched/thread.h"
#include "lib/string.h"

/* Names of Linux for the bits of a register, lowest first; "" is no flag. */
struct names {
    uint32_t leaf;
    uint8_t reg; /* 0 eax, 1 ebx, 2 ecx, 3 edx */
    const char *text;
};

static const struct names flags[] = {
    {1, 3,
     "fpu vme de pse tsc msr pae mce cx8 apic - sep mtrr pge mca cmov pat "
     "pse36 pn clflush - dts acpi mmx fxsr sse sse2 ss ht tm ia64 pbe"},
    {0x80000001, 3,
     "- - - - - - - - - - - syscall - - - - - - - mp nx - mmxext - - "
     "fxsr_opt pdpe1gb rdtscp - lm 3dnowext 3dnow"},
    {1, 2,
     "pni pclmulqdq dtes64 monitor ds_cpl vmx smx est tm2 ssse3 cid sdbg fma "
     "cx16 xtpr pdcm - pcid dca sse4_1 sse4_2 x2apic movbe popcnt "
     "tsc_deadline_timer aes xsave - avx f16c rdrand hypervisor"},
    {0x80000001, 2,
     "lahf_lm cmp_legacy svm extapic cr8_legacy abm sse4a misalignsse "
     "3dnowprefetch osvw ibs xop skinit wdt - lwp fma4 tce - nodeid_msr - tbm "
     "topoext perfctr_core perfctr_nb - bpext ptsc perfctr_llc mwaitx - -"},
    {7, 1,
     "fsgsbase tsc_adjust sgx bmi1 hle avx2 - smep bmi2 erms invpcid rtm cqm "
     "- mpx rdt_a avx512f avx512dq rdseed adx smap avx512ifma - clflushopt "
     "clwb intel_pt avx512pf avx512er avx512cd sha_ni avx512bw avx512vl"},
    {7, 2,
     "- avx512vbmi umip pku ospke waitpkg avx512_vbmi2 - gfni vaes "
     "vpclmulqdq avx512_vnni avx512_bitalg tme avx512_vpopcntdq - la57 - - - "
     "- - rdpid - bus_lock_detect cldemote - movdiri movdir64b enqcmd - -"},
    {7, 3,
     "- - avx512_4vnniw avx512_4fmaps fsrm - - - avx512_vp2intersect - "
     "md_clear - - - serialize hybrid_cpu tsxldtrk - pconfig arch_lbr - ibt "
     "amx_bf16 avx512_fp16 amx_tile amx_int8 - - flush_l1d arch_capabilities "
     "- -"},
};

static uint32_t reg_of(const struct names *n)
{
    struct cpuid c = arch_cpuid_known(n->leaf, 0);
    uint32_t regs[] = {c.eax, c.ebx, c.ecx, c.edx};

    return regs[n->reg];
}

static void put_flags(struct seq *s)
{
    for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
        uint32_t bits = reg_of(&flags[i]);
        const char *p = flags[i].text;

        for (; *p; bits >>= 1) {
            const char *end = strchr(p, ' ');
            size_t len = end ? (size_t)(end - p) : strlen(p);

            if ((bits & 1) && *p != '-') {
                seq_puts(s, " ");
                seq_write(s, p, len);
            }
            p += end ? len + 1 : len;
        }
    }
}

static void vendor(char out[13])
{
    struct cpuid c = arch_cpuid_known(0, 0);

    memcpy(out, &c.ebx, 4);
    memcpy(out + 4, &c.edx, 4);
    memcpy(out + 8, &c.ecx, 4);
    out[12] = '\0';
}

static void brand(char out[49])
{
    for (uint32_t i = 0; i < 3; i++) {
        struct cpuid c = arch_cpuid_known(0x80000002 + i, 0);

        memcpy(out + i * 16, &c, 16);
    }
    out[48] = '\0';
}

/* Everything that is the same for each processor. */
static void put_common(struct seq *s)
{
    struct cpuid c = arch_cpuid_known(1, 0);
    uint32_t family = c.eax >> 8 & 15, model = c.eax >> 4 & 15;
    uint64_t khz = platform.boot->tsc_hz / 1000;
    char name[49], maker[13];

    if (family == 6 || family == 15)
        model |= c.eax >> 12 & 0xf0;
    if (family == 15)
        family += c.eax >> 20 & 0xff;
    vendor(maker);
    brand(name);
    seq_printf(s, "vendor_id\t: %s\ncpu family\t: %u\nmodel\t\t: %u\n", maker,
               family, model);
    seq_printf(s, "model name\t: %s\nstepping\t: %u\n", name, c.eax & 15);
    seq_printf(s, "cpu MHz\t\t: %lu.%03lu\n", khz / 1000, khz % 1000);
    seq_printf(s,
               "fpu\t\t: yes\nfpu_exception\t: yes\ncpuid level\t: %u\n"
               "wp\t\t: yes\nflags\t\t:",
               arch_cpuid_known(0, 0).eax);
    put_flags(s);
    seq_printf(s, "\nbogomips\t: %lu.%02lu\nclflush size\t: %u\n", khz / 500,
               khz / 5 % 100, (c.ebx >> 8 & 0xff) * 8);
    seq_puts(s, "address sizes\t: 46 bits physical, 48 bits virtual\n\n");
}

void proc_cpuinfo(struct seq *s, uint64_t arg)
{
    static struct seq common;
    uint32_t nr = sched_nr_cpus();

    (void)arg;
    if (!common.buf)
        put_common(&common);
    for (uint32_t i = 0; i < nr; i++) {
        seq_printf(s, "processor\t: %u\nphysical id\t: 0\nsiblings\t: %u\n", i,
                   nr);
        seq_printf(s, "core id\t\t: %u\ncpu cores\t: %u\napicid\t\t: %u\n", i,
                   nr, i);
        seq_write(s, common.buf, common.len_bytes);
    }
}

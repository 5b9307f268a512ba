/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host's clocks: its vDSO's clock_gettime, which the gate keeps calling,
 * and the frequency of the time stamp counter where the host itself trusts it.
 */
#include "abi/layout.h"
#include "lib/elf.h"
#include "lib/string.h"
#include "tender/common/sys.h"
#include "tender/proc/launch.h"

#include <linux/fcntl.h>

#define CLOCKSOURCE                                                            \
    "/sys/devices/system/clocksource/clocksource0/current_clocksource"
#define NS_PER_S UINT64_C(1000000000)
#define MEASURE_NS UINT64_C(1000000)

static uint64_t end_of_image(const struct elf64_ehdr *eh)
{
    const struct elf64_phdr *ph =
        (const struct elf64_phdr *)((const uint8_t *)eh + eh->e_phoff);
    uint64_t end = 0;

    for (int i = 0; i < eh->e_phnum; i++)
        if (ph[i].p_type == ELF_PT_LOAD)
            end = (uint64_t)eh + ph[i].p_offset + ph[i].p_memsz;
    return end;
}

static const struct elf64_dyn *dynamic_of(const struct elf64_ehdr *eh)
{
    const struct elf64_phdr *ph =
        (const struct elf64_phdr *)((const uint8_t *)eh + eh->e_phoff);

    for (int i = 0; i < eh->e_phnum; i++)
        if (ph[i].p_type == ELF_PT_DYNAMIC)
            return (const void *)((const uint8_t *)eh + ph[i].p_offset);
    return NULL;
}

/* The host kernel made this image: it is believed. Symbols end where the
 * string table begins, as in every vDSO so far. */
void clock_find(uint64_t vdso)
{
    const struct elf64_ehdr *eh = (const struct elf64_ehdr *)vdso;
    const struct elf64_sym *sym = NULL;
    const struct elf64_dyn *d;
    const char *str = NULL;

    if (vdso < ABI_PLATFORM_BASE) /* none, or in the program's way */
        return;
    for (d = dynamic_of(eh); d && d->d_tag != ELF_DT_NULL; d++) {
        if (d->d_tag == ELF_DT_SYMTAB)
            sym = (const void *)(vdso + d->d_val);
        if (d->d_tag == ELF_DT_STRTAB)
            str = (const void *)(vdso + d->d_val);
    }
    for (; sym && (const char *)(sym + 1) <= str; sym++) {
        if (strcmp(str + sym->st_name, "__vdso_clock_gettime") != 0)
            continue;
        gate.vdso_clock_gettime =
            (int64_t(*)(int, void *))(vdso + sym->st_value);
        gate.vdso_begin = vdso;
        gate.vdso_end = end_of_image(eh);
    }
}

static int host_trusts_tsc(void)
{
    char name[8] = "";
    int64_t fd = sys4(__NR_openat, AT_FDCWD, CLOCKSOURCE, O_RDONLY, 0);

    if (fd < 0)
        return 0;
    sys3(__NR_read, fd, name, sizeof(name) - 1);
    sys1(__NR_close, fd);
    return !strcmp(name, "tsc\n");
}

static void sample(struct abi_clock_sample *s)
{
    gate.boot.flags |= ABI_BOOT_TSC; /* to try more than once */
    gate_ops.clock_sample(s);
    gate.boot.flags &= ~(uint64_t)ABI_BOOT_TSC;
}

/* Callers that start often pass tsc_hz=; this takes a millisecond, and the
 * kernel refines it as time goes by. */
uint64_t clock_tsc_hz(void)
{
    struct abi_clock_sample first, last;
    uint64_t ns;

    if (!host_trusts_tsc())
        return 0;
    sample(&first);
    do {
        sample(&last);
        ns = last.mono_ns - first.mono_ns;
    } while (ns < MEASURE_NS);
    return (last.tsc - first.tsc) * NS_PER_S / ns;
}

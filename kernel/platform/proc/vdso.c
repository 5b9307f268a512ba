/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finds the host's fast clock, clock_gettime in its vDSO. Nothing outside the
 * gate is called: signals tell the gate from the program by its address.
 */
#include "kernel/platform/proc/gate.h"
#include "lib/elf.h"

static const char wanted[] = "__vdso_clock_gettime";

static int is_wanted(const char *name)
{
    const char *w = wanted;

    while (*w && *w == *name) {
        w++;
        name++;
    }
    return *w == *name;
}

static const struct elf64_phdr *headers(const struct elf64_ehdr *eh)
{
    return (const void *)((const uint8_t *)eh + eh->e_phoff);
}

static uint64_t end_of_image(const struct elf64_ehdr *eh)
{
    const struct elf64_phdr *ph = headers(eh);
    uint64_t end = 0;

    for (int i = 0; i < eh->e_phnum; i++)
        if (ph[i].p_type == ELF_PT_LOAD)
            end = (uint64_t)eh + ph[i].p_offset + ph[i].p_memsz;
    return end;
}

static const struct elf64_dyn *dynamic_of(const struct elf64_ehdr *eh)
{
    const struct elf64_phdr *ph = headers(eh);

    for (int i = 0; i < eh->e_phnum; i++)
        if (ph[i].p_type == ELF_PT_DYNAMIC)
            return (const void *)((const uint8_t *)eh + ph[i].p_offset);
    return NULL;
}

/* The host kernel made this image: it is believed. Symbols end where the
 * string table begins, as in every vDSO so far. */
void gate_vdso_find(void)
{
    uint64_t vdso = gate.vdso;
    const struct elf64_ehdr *eh = (const struct elf64_ehdr *)vdso;
    const struct elf64_sym *sym = NULL;
    const struct elf64_dyn *d;
    const char *str = NULL;

    gate.vdso = 0;
    if (vdso < ABI_PLATFORM_BASE) /* none, or in the program's way */
        return;
    for (d = dynamic_of(eh); d && d->d_tag != ELF_DT_NULL; d++) {
        if (d->d_tag == ELF_DT_SYMTAB)
            sym = (const void *)(vdso + d->d_val);
        if (d->d_tag == ELF_DT_STRTAB)
            str = (const void *)(vdso + d->d_val);
    }
    for (; sym && (const char *)(sym + 1) <= str; sym++) {
        if (!is_wanted(str + sym->st_name))
            continue;
        gate.vdso_begin = vdso;
        gate.vdso_end = end_of_image(eh);
        gate.vdso_clock_gettime =
            (int64_t(*)(int, void *))(vdso + sym->st_value);
        return;
    }
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Validation of ELF64 files: the one place that decides whether a file's own
 * tables may be believed. Files are untrusted; nothing here reads beyond the
 * length given.
 */
#include "lib/elf.h"

#include <stdbool.h>
#include <stdint.h>

enum { CLASS64 = 2, DATA_LSB = 1, PAGE = 4096 };

/* Addresses above this would wrap or reach the kernel's half. */
#define VADDR_LIMIT (UINT64_C(1) << 47)

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static uint64_t get64(const uint8_t *p)
{
    uint64_t v = 0;

    for (int i = 7; i >= 0; i--)
        v = v << 8 | p[i];
    return v;
}

static enum elf_reason check_ident(const uint8_t *p, uint64_t len)
{
    if (len >= 2 && p[0] == '#' && p[1] == '!')
        return ELF_SCRIPT;
    if (len < 4 || p[0] != 0x7f || p[1] != 'E' || p[2] != 'L' || p[3] != 'F')
        return ELF_NOT_ELF;
    if (len < 20)
        return ELF_TRUNCATED;
    if (p[5] != DATA_LSB)
        return ELF_BIG_ENDIAN;
    if (get16(p + 18) != ELF_EM_X86_64 && get16(p + 18) != ELF_EM_386)
        return ELF_FOREIGN;
    if (p[4] != CLASS64)
        return ELF_32_BIT;
    if (get16(p + 18) != ELF_EM_X86_64)
        return ELF_FOREIGN;
    return ELF_OK;
}

enum elf_reason elf_check_header(const void *buf, uint64_t len_bytes)
{
    const uint8_t *p = buf;
    enum elf_reason reason = check_ident(p, len_bytes);
    uint64_t phoff, phsize;

    if (reason)
        return reason;
    if (len_bytes < sizeof(struct elf64_ehdr))
        return ELF_TRUNCATED;
    if (get16(p + 16) != ELF_ET_EXEC && get16(p + 16) != ELF_ET_DYN)
        return ELF_NOT_PROGRAM;
    if (get16(p + 54) != sizeof(struct elf64_phdr) || get16(p + 56) == 0)
        return ELF_BAD_PHDRS;
    phoff = get64(p + 32);
    phsize = get16(p + 56) * sizeof(struct elf64_phdr);
    if (phoff > len_bytes || phsize > len_bytes - phoff)
        return ELF_TRUNCATED;
    return ELF_OK;
}

static enum elf_reason check_load(const struct elf64_phdr *ph,
                                  uint64_t file_len, uint64_t floor)
{
    bool has_content = ph->p_filesz > 0;

    if (has_content &&
        (ph->p_offset > file_len || ph->p_filesz > file_len - ph->p_offset))
        return ELF_TRUNCATED;
    if (ph->p_filesz > ph->p_memsz || ph->p_memsz > VADDR_LIMIT ||
        ph->p_vaddr > VADDR_LIMIT - ph->p_memsz || ph->p_vaddr < floor)
        return ELF_BAD_LOAD;
    if (has_content && ((ph->p_vaddr ^ ph->p_offset) & (PAGE - 1)))
        return ELF_BAD_LOAD;
    return ELF_OK;
}

enum elf_reason elf_check_loads(const struct elf64_phdr *phdrs, uint32_t nr,
                                uint64_t file_len_bytes, struct elf_span *span)
{
    uint64_t floor = 0;
    int found = 0;

    for (uint32_t i = 0; i < nr; i++) {
        const struct elf64_phdr *ph = &phdrs[i];
        enum elf_reason reason;

        if (ph->p_type != ELF_PT_LOAD || ph->p_memsz == 0)
            continue;
        reason = check_load(ph, file_len_bytes, floor);
        if (reason)
            return reason;
        floor = ph->p_vaddr + ph->p_memsz;
        if (!found++)
            span->lo = ph->p_vaddr & ~(uint64_t)(PAGE - 1);
        span->hi = (floor + PAGE - 1) & ~(uint64_t)(PAGE - 1);
    }
    return found ? ELF_OK : ELF_NO_LOAD;
}

const char *elf_reason_text(enum elf_reason reason)
{
    switch (reason) {
    case ELF_OK:
        return "is a valid program";
    case ELF_NOT_ELF:
        return "is not an ELF program";
    case ELF_SCRIPT:
        return "is a script, not an ELF program";
    case ELF_TRUNCATED:
        return "is cut short";
    case ELF_32_BIT:
        return "is a 32-bit program";
    case ELF_BIG_ENDIAN:
    case ELF_FOREIGN:
        return "is for another processor than x86-64";
    case ELF_NOT_PROGRAM:
        return "is an object or core file, not a program";
    case ELF_BAD_PHDRS:
        return "has no usable program headers";
    case ELF_BAD_LOAD:
        return "has segments that cannot be loaded";
    case ELF_NO_LOAD:
        return "has nothing to load";
    }
    return "is damaged";
}

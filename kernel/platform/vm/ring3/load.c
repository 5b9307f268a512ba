/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loads kernel.elf where it was linked (System V ABI, x86-64 supplement): its
 * segments are mapped out of the bundle, nothing is copied.
 */
#include "kernel/platform/vm/ring3/ring3.h"
#include "lib/elf.h"
#include "lib/string.h"

static uint32_t segment_prot(const struct elf64_phdr *ph)
{
    return (ph->p_flags & ELF_PF_R ? ABI_PROT_READ : 0) |
           (ph->p_flags & ELF_PF_W ? ABI_PROT_WRITE : 0) |
           (ph->p_flags & ELF_PF_X ? ABI_PROT_EXEC : 0);
}

static void map(uint64_t addr, uint64_t len_bytes, uint64_t origin)
{
    if (len_bytes && vm_call(VM_MEM_SET, addr, len_bytes, origin, 0))
        die("no memory to map kernel.elf");
}

/* The file's own pages, those that are written copied then; zeroes behind. */
static void map_segment(const struct elf64_phdr *ph, uint64_t file_off)
{
    uint64_t base = ph->p_vaddr & -PAGE_SIZE;
    uint64_t file_end = ph->p_vaddr + ph->p_filesz;
    uint64_t mapped = (file_end + PAGE_SIZE - 1) & -PAGE_SIZE;
    uint64_t end = (ph->p_vaddr + ph->p_memsz + PAGE_SIZE - 1) & -PAGE_SIZE;
    uint32_t prot = segment_prot(ph);

    map(base, mapped - base,
        VM_ORIGIN(VM_FILE, prot, file_off + (ph->p_offset & -PAGE_SIZE)));
    map(mapped, end - mapped, VM_ORIGIN(VM_ANON, prot, 0));
    if (ph->p_memsz == ph->p_filesz)
        return;
    if (!(prot & ABI_PROT_WRITE))
        die("kernel.elf wants zeroes that nobody can write");
    memset((void *)file_end, 0, mapped - file_end);
}

uint64_t load_kernel(const struct bundle_part *part, struct abi_range *where)
{
    const void *file = (const void *)(VM_BUNDLE + part->off);
    const struct elf64_ehdr *eh = file;
    const struct elf64_phdr *phs;
    struct elf_span span;

    if (elf_check_header(file, part->len_bytes))
        die("the bundle's kernel is not an ELF program");
    phs = (const void *)((const char *)file + eh->e_phoff);
    if (elf_check_loads(phs, eh->e_phnum, part->len_bytes, &span) ||
        span.lo < ABI_KERNEL_BASE || span.hi > ABI_HEAP_BASE)
        die("kernel.elf cannot be loaded at its address");
    where->base = span.lo;
    where->len_bytes = span.hi - span.lo;
    for (uint32_t i = 0; i < eh->e_phnum; i++)
        if (phs[i].p_type == ELF_PT_LOAD)
            map_segment(&phs[i], part->off);
    return eh->e_entry;
}

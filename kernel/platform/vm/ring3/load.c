/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loads kernel.elf where it was linked: private pages, filled, relocated,
 * then protected segment by segment (System V ABI, x86-64 supplement).
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

static void relocate(const struct elf64_dyn *dyn, const struct abi_range *where)
{
    const struct elf64_rela *rela = NULL;
    uint64_t len = 0;

    for (; dyn->d_tag != ELF_DT_NULL; dyn++) {
        if (dyn->d_tag == ELF_DT_RELA)
            rela = (const struct elf64_rela *)dyn->d_val;
        if (dyn->d_tag == ELF_DT_RELASZ)
            len = dyn->d_val;
    }
    if (!rela)
        return;
    /* Linked for where it lies: the addend is the address. */
    for (; len >= sizeof(*rela); len -= sizeof(*rela), rela++) {
        if (elf_r_type(rela->r_info) != ELF_R_RELATIVE ||
            rela->r_offset - where->base > where->len_bytes - 8)
            die("kernel.elf has a relocation that is not supported");
        *(uint64_t *)rela->r_offset = (uint64_t)rela->r_addend;
    }
}

static void protect(const struct elf64_phdr *ph)
{
    uint64_t base = ph->p_vaddr & -PAGE_SIZE;
    uint64_t end = (ph->p_vaddr + ph->p_memsz + PAGE_SIZE - 1) & -PAGE_SIZE;

    if (vm_call(VM_MEM_PROTECT, base, end - base, segment_prot(ph), 0))
        die("cannot protect kernel.elf");
}

uint64_t load_kernel(const void *file, uint64_t len_bytes,
                     struct abi_range *where)
{
    const struct elf64_ehdr *eh = file;
    const struct elf64_phdr *phs;
    struct elf_span span;
    uint64_t rw = ABI_PROT_READ | ABI_PROT_WRITE;

    if (elf_check_header(file, len_bytes))
        die("the bundle's kernel is not an ELF program");
    phs = (const void *)((const char *)file + eh->e_phoff);
    if (elf_check_loads(phs, eh->e_phnum, len_bytes, &span) ||
        span.lo < ABI_KERNEL_BASE || span.hi > ABI_HEAP_BASE)
        die("kernel.elf cannot be loaded at its address");
    where->base = span.lo;
    where->len_bytes = span.hi - span.lo;
    if (vm_call(VM_MEM_SET, span.lo, where->len_bytes,
                VM_ORIGIN(VM_ANON, rw, 0), 0))
        die("no memory for kernel.elf");
    for (uint32_t i = 0; i < eh->e_phnum; i++)
        if (phs[i].p_type == ELF_PT_LOAD)
            memcpy((void *)phs[i].p_vaddr, (const char *)file + phs[i].p_offset,
                   phs[i].p_filesz);
    for (uint32_t i = 0; i < eh->e_phnum; i++)
        if (phs[i].p_type == ELF_PT_DYNAMIC)
            relocate((const void *)phs[i].p_vaddr, where);
    for (uint32_t i = 0; i < eh->e_phnum; i++)
        if (phs[i].p_type == ELF_PT_LOAD)
            protect(&phs[i]);
    return eh->e_entry;
}

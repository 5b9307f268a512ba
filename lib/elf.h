/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ELF64 for x86-64: the structures and numbers that loaders, the image
 * builder and the patcher need, and the checks that make a file safe to read.
 * Follows the System V ABI, "Object files" and "Program loading", and the
 * x86-64 supplement. Freestanding; no function here touches anything but the
 * bytes it is given.
 */
#ifndef EINKORN_LIB_ELF_H
#define EINKORN_LIB_ELF_H

#include <stdint.h>

struct elf64_ehdr {
    uint8_t e_ident[16];
    uint16_t e_type;
    uint16_t e_machine;
    uint32_t e_version;
    uint64_t e_entry;
    uint64_t e_phoff;
    uint64_t e_shoff;
    uint32_t e_flags;
    uint16_t e_ehsize;
    uint16_t e_phentsize;
    uint16_t e_phnum;
    uint16_t e_shentsize;
    uint16_t e_shnum;
    uint16_t e_shstrndx;
};

struct elf64_phdr {
    uint32_t p_type;
    uint32_t p_flags;
    uint64_t p_offset;
    uint64_t p_vaddr;
    uint64_t p_paddr;
    uint64_t p_filesz;
    uint64_t p_memsz;
    uint64_t p_align;
};

struct elf64_shdr {
    uint32_t sh_name;
    uint32_t sh_type;
    uint64_t sh_flags;
    uint64_t sh_addr;
    uint64_t sh_offset;
    uint64_t sh_size;
    uint32_t sh_link;
    uint32_t sh_info;
    uint64_t sh_addralign;
    uint64_t sh_entsize;
};

struct elf64_dyn {
    int64_t d_tag;
    uint64_t d_val;
};

struct elf64_sym {
    uint32_t st_name;
    uint8_t st_info;
    uint8_t st_other;
    uint16_t st_shndx;
    uint64_t st_value;
    uint64_t st_size;
};

struct elf64_rela {
    uint64_t r_offset;
    uint64_t r_info;
    int64_t r_addend;
};

enum { ELF_ET_EXEC = 2, ELF_ET_DYN = 3, ELF_EM_386 = 3, ELF_EM_X86_64 = 62 };

enum elf_pt {
    ELF_PT_NULL = 0,
    ELF_PT_LOAD = 1,
    ELF_PT_DYNAMIC = 2,
    ELF_PT_INTERP = 3,
    ELF_PT_NOTE = 4,
    ELF_PT_PHDR = 6,
    ELF_PT_TLS = 7,
    ELF_PT_GNU_EH_FRAME = 0x6474e550,
    ELF_PT_GNU_STACK = 0x6474e551,
    ELF_PT_GNU_RELRO = 0x6474e552,
};

enum elf_pf { ELF_PF_X = 1, ELF_PF_W = 2, ELF_PF_R = 4 };

enum elf_sht {
    ELF_SHT_PROGBITS = 1,
    ELF_SHT_SYMTAB = 2,
    ELF_SHT_STRTAB = 3,
    ELF_SHT_RELA = 4,
    ELF_SHT_NOBITS = 8,
    ELF_SHT_DYNSYM = 11,
};

enum elf_dt {
    ELF_DT_NULL = 0,
    ELF_DT_NEEDED = 1,
    ELF_DT_STRTAB = 5,
    ELF_DT_SYMTAB = 6,
    ELF_DT_RELA = 7,
    ELF_DT_RELASZ = 8,
    ELF_DT_RELAENT = 9,
    ELF_DT_STRSZ = 10,
    ELF_DT_SONAME = 14,
    ELF_DT_RPATH = 15,
    ELF_DT_RUNPATH = 29,
    ELF_DT_RELRSZ = 35,
    ELF_DT_RELR = 36,
    ELF_DT_FLAGS_1 = 0x6ffffffb,
};

enum { ELF_DF_1_NODEFLIB = 0x800 };

enum { ELF_STT_FUNC = 2, ELF_STT_GNU_IFUNC = 10, ELF_SHN_UNDEF = 0 };

enum elf_r {
    ELF_R_64 = 1,
    ELF_R_GLOB_DAT = 6,
    ELF_R_JUMP_SLOT = 7,
    ELF_R_RELATIVE = 8,
    ELF_R_IRELATIVE = 37,
};

static inline uint32_t elf_r_type(uint64_t info)
{
    return (uint32_t)info;
}

static inline uint32_t elf_r_sym(uint64_t info)
{
    return (uint32_t)(info >> 32);
}

static inline uint8_t elf_st_type(uint8_t info)
{
    return info & 0xf;
}

/* Why a file cannot be run; ELF_OK is 0. */
enum elf_reason {
    ELF_OK = 0,
    ELF_NOT_ELF,     /* no ELF magic */
    ELF_SCRIPT,      /* begins with "#!" */
    ELF_TRUNCATED,   /* shorter than its own tables say */
    ELF_32_BIT,      /* class is not ELFCLASS64 */
    ELF_BIG_ENDIAN,  /* data is not little-endian */
    ELF_FOREIGN,     /* another machine than x86-64 */
    ELF_NOT_PROGRAM, /* neither ET_EXEC nor ET_DYN: object or core file */
    ELF_BAD_PHDRS,   /* program headers missing, or of a wrong size */
    ELF_BAD_LOAD,    /* a PT_LOAD that no loader can honour */
    ELF_NO_LOAD,     /* nothing to load */
};

/* The program's addresses, relative to its load base: whole pages. */
struct elf_span {
    uint64_t lo;
    uint64_t hi;
};

/* May the file whose bytes are buf[0 .. len_bytes) be loaded? Checks the ELF
 * header and that the program header table lies inside. Needs no alignment. */
enum elf_reason elf_check_header(const void *buf, uint64_t len_bytes);

/* After elf_check_header: every PT_LOAD lies inside the file (file_len_bytes),
 * is congruent modulo the page size, does not wrap and they ascend without
 * overlap. Gives the span of them all in *span. The caller's phdrs must be a
 * private copy if somebody else can write the file. */
enum elf_reason elf_check_loads(const struct elf64_phdr *phdrs, uint32_t nr,
                                uint64_t file_len_bytes, struct elf_span *span);

/* "is for another processor than x86-64" and so on, for messages. */
const char *elf_reason_text(enum elf_reason reason);

_Static_assert(sizeof(struct elf64_ehdr) == 64, "elf");
_Static_assert(sizeof(struct elf64_phdr) == 56, "elf");
_Static_assert(sizeof(struct elf64_shdr) == 64, "elf");
_Static_assert(sizeof(struct elf64_dyn) == 16, "elf");
_Static_assert(sizeof(struct elf64_sym) == 24, "elf");
_Static_assert(sizeof(struct elf64_rela) == 24, "elf");

#endif

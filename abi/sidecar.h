/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sidecar of an image: executable pages of its ELF files with `syscall`
 * sites replaced by jumps, and the trampolines that they jump to. Made once
 * by the host when the image's cache is made, mapped shared by all instances.
 *
 * File: header, tables (each at a byte offset from the start of the file,
 * 8-byte aligned), then page-aligned patched text and trampolines. All
 * little-endian. The kernel believes nothing in it that it did not check.
 *
 * A trampoline mimics `syscall`: it performs the displaced instructions that
 * stood before, loads rcx with the address to come back to, jumps through
 * %gs:ABI_VCPU_SYSCALL_ENTRY, performs displaced instructions that stood
 * behind and jumps back. It never touches the stack (red zone).
 *
 * `cpuid` traps to the hypervisor on many hosts, and start-up code is full of
 * it. It may become a jump to a trampoline that looks the answer up in the
 * table at %gs:ABI_VCPU_CPUID and executes the instruction only if the table
 * does not have it. The sidecar brings the answers of the processor that it
 * was made on; whoever uses them checks that this is the same one.
 */
#ifndef EINKORN_ABI_SIDECAR_H
#define EINKORN_ABI_SIDECAR_H

#include <stdint.h>

#define SIDECAR_MAGIC UINT64_C(0x3145444953454b45) /* "EKESIDE1" */
#define SIDECAR_VERSION 2u

struct sidecar_header {
    uint64_t magic;
    uint32_t version;
    uint32_t nr_files;
    uint64_t len_bytes; /* of the whole sidecar */
    uint64_t files_off; /* struct sidecar_file[], ascending image_off */
    uint64_t segs_off;  /* struct sidecar_seg[] */
    uint64_t sites_off; /* struct sidecar_site[] */
    uint64_t maps_off;  /* struct sidecar_map[] */
    uint64_t cpuid_off; /* struct sidecar_cpuid[] */
    uint32_t nr_segs, nr_sites, nr_maps, nr_cpuid;
    uint8_t image_sha256[32]; /* of the image that this belongs to */
};

/* One patched ELF file. Files lie contiguous in the image. */
struct sidecar_file {
    uint64_t image_off; /* where the file's data starts in the image */
    uint64_t len_bytes; /* of the file */
    /* From the page of the lowest PT_LOAD to the end of the trampolines: who
     * maps the whole file for loading should keep this much address space. */
    uint64_t span_bytes;
    uint32_t first_seg, nr_segs;
};

/* One executable PT_LOAD, in whole pages. */
struct sidecar_seg {
    uint64_t file_off;  /* page-aligned offset in the ELF file */
    uint64_t len_bytes; /* whole pages */
    uint64_t text_off;  /* patched copy, offset in the sidecar */
    uint64_t tramp_off; /* trampolines, offset in the sidecar */
    uint64_t tramp_len_bytes;
    /* Address of the trampolines minus address of the segment's first page:
     * patched text works only with its trampolines mapped there. */
    int64_t tramp_delta;
    uint32_t first_site, nr_sites;
    uint32_t first_map, nr_maps;
};

/* One patched `syscall`; offsets from the segment's first page. */
struct sidecar_site {
    uint32_t syscall_off; /* the instruction in the original text */
    uint32_t return_off;  /* in the trampolines: what rcx holds if not the
                             original return address, else UINT32_MAX */
};

/* An answer of CPUID: for this leaf in eax, and this subleaf in those bits of
 * ecx that are in the mask (all or none). The last of a table has more = 0. */
struct sidecar_cpuid {
    uint32_t leaf, subleaf, subleaf_mask;
    uint32_t eax, ebx, ecx, edx;
    uint32_t more;
};

/* From trampoline to canonical address, for signal frames and unwinders: the
 * last entry with tramp_off <= offset gives the original text offset. */
struct sidecar_map {
    uint32_t tramp_off;
    uint32_t text_off;
};

_Static_assert(sizeof(struct sidecar_header) == 112, "abi");
_Static_assert(sizeof(struct sidecar_file) == 32, "abi");
_Static_assert(sizeof(struct sidecar_seg) == 64, "abi");
_Static_assert(sizeof(struct sidecar_site) == 8, "abi");
_Static_assert(sizeof(struct sidecar_cpuid) == 32, "abi");
_Static_assert(sizeof(struct sidecar_map) == 8, "abi");

#endif

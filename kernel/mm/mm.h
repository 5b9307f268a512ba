/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The program's address space: a tree of mappings over the platform's memory
 * calls, which do demand-zero and copy-on-write. Semantics of mmap(2),
 * munmap(2), mprotect(2), mremap(2), madvise(2), brk(2). One instance, one
 * address space. Ranges lie in [ABI_USER_MIN, ABI_USER_TOP).
 */
#ifndef EINKORN_KERNEL_MM_MM_H
#define EINKORN_KERNEL_MM_MM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a file-like mapping shows. File systems embed it in their objects; a
 * mapping holds a reference.
 */
struct backing {
    const struct backing_ops *ops;
    uint32_t refs;
    uint32_t nr_vmas; /* mm's: mappings that show it */
    /* The bytes come from the sealed image (now): its mappings may become
     * executable without ABI_BOOT_JIT as long as they were never writable. */
    bool sealed;
};

/* The part of one of its mappings that the platform shows. */
struct backing_view {
    uint64_t off, addr; /* where it begins: in the object, in memory */
    size_t len_bytes;
    int prot;
    bool shared;
};

struct backing_ops {
    /* No operation but prepare and sync may block. mm calls map for the pages
     * within size() only
     * (rounded up to a page); the rest is mapped on a fault once the object
     * has grown. A sealed object's mapping that becomes executable is mapped
     * anew, so that map can choose patched text (sidecar_map_exec). */

    /* Have [off, off+len) of the object ready to be mapped; called by mmap and
     * mremap before anything changes. NULL: always ready. 0 or -errno. */
    int (*prepare)(struct backing *b, uint64_t off, size_t len_bytes);
    /* Make [off, off+len) of the object appear at addr with prot, through
     * platform.ops (mem_map, shm_map ...). off, len page-aligned; may reach
     * beyond the object's end by less than a page. 0 or -errno. */
    int (*map)(struct backing *b, uint64_t off, uint64_t addr, size_t len_bytes,
               int prot, bool shared);
    /* For objects whose map() keeps pages from the program, or from writing,
     * until they are touched; NULL: it shows all with prot. fault: the page at
     * addr in the view is touched now: makes it accessible, to write if
     * `write`; -errno is a SIGBUS. protect: gives all pages in the view what
     * they may have by its prot and what the object knows of them. */
    int (*fault)(struct backing *b, const struct backing_view *v, uint64_t addr,
                 bool write);
    int (*protect)(struct backing *b, const struct backing_view *v);
    /* Address space that a loader's first mapping should keep behind it for
     * trampolines (bytes beyond len), or NULL for none. */
    size_t (*tail)(struct backing *b, uint64_t off, size_t len_bytes);
    /* Last reference dropped. */
    void (*release)(struct backing *b);
    /* Size in bytes now: touching pages wholly beyond is SIGBUS. */
    uint64_t (*size)(struct backing *b);
    /* Text for /proc/self/maps ("/usr/lib/..."), inode number. */
    int (*describe)(struct backing *b, char *buf, size_t size_bytes,
                    uint64_t *ino);
    /* Shared writable mappings: written back here by msync/munmap when the
     * object's own pages are not what is mapped; NULL otherwise. lasting: to
     * where a crash does not reach it, as fsync(2) does (MS_SYNC). */
    int (*sync)(struct backing *b, uint64_t off, uint64_t addr,
                size_t len_bytes, bool lasting);
    /* Pages of the object become zero and their memory is given back
     * (madvise(2), MADV_REMOVE). NULL: -EOPNOTSUPP. */
    int (*punch)(struct backing *b, uint64_t off, size_t len_bytes);
};

void backing_get(struct backing *b);
void backing_put(struct backing *b);

/* protect() anew for what shared mappings, that may be written to, show of
 * [off, off+len). 0 or the first -errno. */
int mm_protect_backing(struct backing *b, uint64_t off, size_t len_bytes);

/* The object became shorter: pages wholly beyond size() fault from now on. */
void mm_truncated(struct backing *b);

void mm_init(void);
/* Forget everything below ABI_USER_TOP (exec). */
void mm_reset(void);

/* As mmap(2): prot PROT_*, flags MAP_* (MAP_DENYWRITE: part of a program or
 * library that is to be relocated); backing NULL for anonymous (its
 * reference is taken by mm on success). Address or -errno. */
int64_t mm_map(uint64_t addr, size_t len_bytes, int prot, int flags,
               struct backing *b, uint64_t off);
enum {
    /* Beside MAP_* in flags: mprotect(PROT_WRITE) will be refused (a shared
     * mapping of a file opened for reading). */
    MM_DENY_WRITE = 1 << 30,
};
/* Where a mapping of that length would go, at or near hint; or -ENOMEM. */
int64_t mm_find(uint64_t hint, size_t len_bytes);
int64_t mm_unmap(uint64_t addr, size_t len_bytes);
int64_t mm_protect(uint64_t addr, size_t len_bytes, int prot);
int64_t mm_remap(uint64_t old_addr, size_t old_len, size_t new_len, int flags,
                 uint64_t new_addr);
int64_t mm_advise(uint64_t addr, size_t len_bytes, int advice);
int64_t mm_sync(uint64_t addr, size_t len_bytes, int flags);
/* Is all of the range mapped, accessible or not? */
bool mm_mapped(uint64_t addr, size_t len_bytes);
int64_t mm_mincore(uint64_t addr, size_t len_bytes, uint64_t vec_uptr);
int64_t mm_brk(uint64_t addr);
void mm_set_brk(uint64_t start);
/* Where mm_map looks for room, downwards (exec: below the stack). */
void mm_set_map_top(uint64_t top);

/* An exception hit program memory. 0: retry the instruction; otherwise the
 * signal to raise (SIGSEGV, SIGBUS) with its si_code in *code. */
int mm_fault(uint64_t addr, uint32_t error, int *code);

/* Canonical address of a program counter that may stand in a trampoline. */
uint64_t mm_canonical_pc(uint64_t pc);
/* Hidden mapping for the trampolines of a sidecar segment, which belong to
 * text at `anchor`; -EBUSY if the program has something there. */
int mm_map_trampolines(uint64_t addr, size_t len_bytes, uint64_t sidecar_off,
                       uint64_t anchor, uint32_t seg);

/* Walk in address order for /proc/self/maps: the first mapping that ends
 * above addr; false at the end. */
struct mm_info {
    uint64_t start, end, off, ino;
    int prot, flags; /* MAP_SHARED, MAP_GROWSDOWN ... */
    uint64_t filled; /* from here to the end it was never accessible */
    bool touched;    /* was writable since it was mapped */
    bool no_dump;    /* not in core files */
    char name[256];  /* path, "[heap]", "[stack]", "[vdso]" or empty */
};
bool mm_next(uint64_t addr, struct mm_info *out);
/* The vDSO lies in the kernel's text, not among the mappings; programs look
 * for it in /proc/self/maps all the same. False: there is none. */
void mm_set_vdso(uint64_t start, size_t len_bytes);
bool mm_vdso(struct mm_info *out);
/* What is mapped at addr, and which byte of it; NULL: nothing or anonymous.
 * No reference is taken. */
struct backing *mm_backing_at(uint64_t addr, uint64_t *off);
/* The same, of what is mapped shared only. */
const struct backing *mm_shared_at(uint64_t addr, uint64_t *off);
/* Name for an anonymous mapping ("[stack]"); a constant string. */
void mm_name(uint64_t addr, const char *name);

/* RLIMIT_AS, RLIMIT_DATA, RLIMIT_STACK in bytes (UINT64_MAX: none). */
void mm_set_limits(uint64_t as_bytes, uint64_t data_bytes,
                   uint64_t stack_bytes);

/* Bytes mapped and committed, for /proc and limits. */
struct mm_usage {
    uint64_t virtual_bytes, committed_bytes, data_bytes, stack_bytes;
};
void mm_usage(struct mm_usage *out);

#endif

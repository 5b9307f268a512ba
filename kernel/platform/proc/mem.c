/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Address-space calls: each is one host mapping call on a range of the
 * program's part of the address space. Everything that the filter would end
 * the instance for is refused here first, with an error.
 */
#include "kernel/platform/proc/gate.h"

#include <linux/falloc.h>
#include <linux/mman.h>

enum {
    MAP_OURS = MAP_FIXED | MAP_NORESERVE,
    MAP_ANON_OURS = MAP_OURS | MAP_PRIVATE | MAP_ANONYMOUS,
};

static int range_ok(uint64_t addr, uint64_t len_bytes)
{
    uint64_t end;

    return len_bytes && !((addr | len_bytes) & (ABI_PAGE_SIZE - 1)) &&
           addr >= ABI_USER_MIN &&
           !__builtin_add_overflow(addr, len_bytes, &end) &&
           end <= ABI_USER_TOP;
}

static int inside(uint64_t off, uint64_t len_bytes, uint64_t total_bytes)
{
    uint64_t end;

    return !(off & (ABI_PAGE_SIZE - 1)) &&
           !__builtin_add_overflow(off, len_bytes, &end) && end <= total_bytes;
}

static int jit(void)
{
    return (gate.boot.flags & ABI_BOOT_JIT) != 0;
}

/* May memory that anyone can have written have this protection? */
static int64_t check_prot(uint32_t prot)
{
    if (prot > 7)
        return -EINVAL;
    return (prot & ABI_PROT_EXEC) && !jit() ? -EACCES : 0;
}

static int64_t map(uint64_t addr, uint64_t len_bytes, uint32_t prot,
                   uint64_t flags, int32_t fd, uint64_t offset)
{
    int64_t ret = hostcall6(__NR_mmap, addr, len_bytes, prot, flags,
                            (uint64_t)(int64_t)fd, offset);

    return ret < 0 && ret >= -4095 ? ret : 0;
}

int64_t gate_mem_reserve(uint64_t addr, uint64_t len_bytes)
{
    if (!range_ok(addr, len_bytes))
        return -EINVAL;
    return map(addr, len_bytes, 0, MAP_ANON_OURS, -1, 0);
}

int64_t gate_mem_commit(uint64_t addr, uint64_t len_bytes, uint32_t prot)
{
    int64_t ret = check_prot(prot);

    if (ret || !range_ok(addr, len_bytes))
        return ret ? ret : -EINVAL;
    return map(addr, len_bytes, prot, MAP_ANON_OURS, -1, 0);
}

int64_t gate_mem_map(uint64_t addr, uint64_t len_bytes, uint32_t prot,
                     uint32_t source, uint64_t offset)
{
    int is_image = source == ABI_SOURCE_IMAGE;
    const struct abi_range *file =
        is_image ? &gate.boot.image : &gate.boot.sidecar;
    uint32_t wx = ABI_PROT_WRITE | ABI_PROT_EXEC;
    uint64_t flags = MAP_OURS | MAP_PRIVATE;

    if (prot & ABI_MAP_SOON)
        flags |= MAP_POPULATE;
    prot &= ~(uint32_t)ABI_MAP_SOON;
    if (!range_ok(addr, len_bytes) || prot > 7 || source > ABI_SOURCE_SIDECAR)
        return -EINVAL;
    if (!inside(offset, len_bytes,
                (file->len_bytes + ABI_PAGE_SIZE - 1) & -ABI_PAGE_SIZE))
        return -EINVAL;
    if ((prot & wx) == wx && !jit())
        return -EACCES;
    return map(addr, len_bytes, prot, flags,
               is_image ? gate.image_fd : gate.sidecar_fd, offset);
}

int64_t gate_mem_protect(uint64_t addr, uint64_t len_bytes, uint32_t prot)
{
    int64_t ret = check_prot(prot);

    if (ret || !range_ok(addr, len_bytes))
        return ret ? ret : -EINVAL;
    return hostcall3(__NR_mprotect, addr, len_bytes, prot);
}

int64_t gate_mem_release(uint64_t addr, uint64_t len_bytes)
{
    if (!range_ok(addr, len_bytes))
        return -EINVAL;
    return hostcall2(__NR_munmap, addr, len_bytes);
}

int64_t gate_mem_discard(uint64_t addr, uint64_t len_bytes)
{
    const struct abi_range *heap = &gate.boot.heap;
    int ours = addr >= heap->base && len_bytes &&
               !(len_bytes & (ABI_PAGE_SIZE - 1)) &&
               inside(addr - heap->base, len_bytes, heap->len_bytes);

    if (!ours && !range_ok(addr, len_bytes))
        return -EINVAL;
    return hostcall3(__NR_madvise, addr, len_bytes, MADV_DONTNEED);
}

static int64_t move(uint64_t from, uint64_t from_len, uint64_t to,
                    uint64_t to_len)
{
    int64_t ret = hostcall5(__NR_mremap, from, from_len, to_len,
                            MREMAP_MAYMOVE | MREMAP_FIXED, to);

    return ret < 0 && ret >= -4095 ? ret : 0;
}

/* The host moves one mapping at a time and calls a range of several a fault:
 * halve it until each part is one. A page that is none is a hole there too. */
static int64_t move_parts(uint64_t from, uint64_t len_bytes, uint64_t to)
{
    uint64_t half = (len_bytes / 2) & -ABI_PAGE_SIZE;
    int64_t ret = move(from, len_bytes, to, len_bytes);

    if (ret != -EFAULT)
        return ret;
    if (!half)
        return hostcall2(__NR_munmap, to, len_bytes);
    ret = move_parts(from, half, to);
    return ret ? ret : move_parts(from + half, len_bytes - half, to + half);
}

int64_t gate_mem_move(uint64_t old_addr, uint64_t old_len_bytes,
                      uint64_t new_addr, uint64_t new_len_bytes)
{
    uint64_t last = old_len_bytes - ABI_PAGE_SIZE;
    int64_t ret;

    if (!range_ok(old_addr, old_len_bytes) ||
        !range_ok(new_addr, new_len_bytes) || new_len_bytes < old_len_bytes)
        return -EINVAL;
    if (new_addr < old_addr + old_len_bytes &&
        old_addr < new_addr + new_len_bytes)
        return -EINVAL;
    ret = move(old_addr, old_len_bytes, new_addr, new_len_bytes);
    if (ret != -EFAULT)
        return ret;
    ret = last ? move_parts(old_addr, last, new_addr) : 0;
    return ret ? ret
               : move(old_addr + last, ABI_PAGE_SIZE, new_addr + last,
                      new_len_bytes - last);
}

int64_t gate_shm_map(uint64_t addr, uint64_t len_bytes, uint32_t prot,
                     uint64_t offset, uint32_t is_private)
{
    int64_t ret = check_prot(prot);

    if (ret)
        return ret;
    if (!range_ok(addr, len_bytes) ||
        !inside(offset, len_bytes, gate.boot.shm.len_bytes))
        return -EINVAL;
    return map(addr, len_bytes, prot,
               MAP_OURS | (is_private ? MAP_PRIVATE : MAP_SHARED), gate.shm_fd,
               offset);
}

int64_t gate_shm_punch(uint64_t offset, uint64_t len_bytes)
{
    if (!len_bytes || (len_bytes & (ABI_PAGE_SIZE - 1)) ||
        !inside(offset, len_bytes, gate.boot.shm.len_bytes))
        return -EINVAL;
    return hostcall4(__NR_fallocate, (uint64_t)gate.shm_fd,
                     FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset,
                     len_bytes);
}

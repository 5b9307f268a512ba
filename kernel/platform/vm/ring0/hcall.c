/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls from the ring-3 part: checks of ranges, then one call of another file.
 * Until it seals the machine, the ring-3 part may also load the kernel and map
 * devices; afterwards only the program's half of the address space changes.
 */
#include "kernel/platform/vm/hcall.h"
#include "kernel/platform/vm/ring0/percpu.h"
#include "kernel/platform/vm/ring0/shim.h"

static bool sealed;
static bool jit;

bool sealed_exec(void)
{
    return sealed && !jit;
}

static bool range_ok(uint64_t addr, uint64_t len_bytes, uint64_t top)
{
    return !((addr | len_bytes) & (PAGE_SIZE - 1)) && len_bytes &&
           addr <= top && len_bytes <= top - addr;
}

static uint64_t range_top(void)
{
    return sealed ? ABI_USER_TOP : ABI_PLATFORM_END;
}

static bool in_heap(uint64_t addr, uint64_t len_bytes)
{
    return addr >= ABI_HEAP_BASE &&
           range_ok(addr, len_bytes, ABI_HEAP_BASE + ABI_HEAP_MAX);
}

static int64_t mem_set(uint64_t addr, uint64_t len_bytes, uint64_t origin)
{
    uint64_t kind = origin >> VM_KIND_SHIFT & 0xff;

    if (!range_ok(addr, len_bytes, range_top()) || origin & 8 ||
        kind > VM_PRIVATE || origin >> 52)
        return -EINVAL;
    if (sealed_exec() && origin & ABI_PROT_EXEC &&
        (kind != VM_FILE || origin & ABI_PROT_WRITE))
        return -EACCES;
    return space_set(addr, len_bytes, origin);
}

static int64_t mem_protect(uint64_t addr, uint64_t len_bytes, uint64_t prot)
{
    if (!range_ok(addr, len_bytes, range_top()) || prot & ~VM_PROT_MASK)
        return -EINVAL;
    if (sealed_exec() && prot & ABI_PROT_EXEC && prot & ABI_PROT_WRITE)
        return -EACCES;
    return space_protect(addr, len_bytes, (uint32_t)prot);
}

static int64_t mem_discard(uint64_t addr, uint64_t len_bytes)
{
    if (!range_ok(addr, len_bytes, ABI_USER_TOP) && !in_heap(addr, len_bytes))
        return -EINVAL;
    space_discard(addr, len_bytes);
    return 0;
}

static int64_t mem_move(uint64_t old, uint64_t old_len, uint64_t new_addr,
                        uint64_t new_len)
{
    if (!range_ok(old, old_len, ABI_USER_TOP) || new_len < old_len ||
        !range_ok(new_addr, new_len, ABI_USER_TOP))
        return -EINVAL;
    if (old != new_addr && old < new_addr + new_len && new_addr < old + old_len)
        return -EINVAL;
    return space_move(old, old_len, new_addr, new_len);
}

static int64_t shm_punch(uint64_t offset, uint64_t len_bytes)
{
    if (!range_ok(offset, len_bytes, ABI_SHM_MAX))
        return -EINVAL;
    space_punch(offset, len_bytes);
    return 0;
}

/* ---- until sealed ----------------------------------------------------- */

static int64_t map_mmio(uint64_t addr, uint64_t phys)
{
    if (addr < VM_MMIO || addr >= VM_DMA || (addr | phys) % PAGE_SIZE)
        return -EINVAL;
    return space_map_device(addr, phys);
}

static int64_t dma_alloc(uint64_t addr, uint64_t len_bytes)
{
    phys_t base;
    int64_t ret;

    if (addr < VM_DMA || !range_ok(addr, len_bytes, VM_BUNDLE))
        return -EINVAL;
    base = page_alloc_contiguous(len_bytes / PAGE_SIZE);
    if (!base)
        return -ENOMEM;
    ret =
        space_map_fixed(addr, base, len_bytes, ABI_PROT_READ | ABI_PROT_WRITE);
    return ret ? ret : (int64_t)base;
}

static int64_t route(uint64_t line, uint64_t ack, uint64_t value)
{
    if (line >= NR_LINES || ack % 4 || ack > UINT32_MAX)
        return -EINVAL;
    irq_route((uint32_t)line, ack, (uint32_t)value);
    return 0;
}

static int64_t seal(uint64_t base, uint64_t len_bytes, uint64_t flags,
                    uint64_t tsc_hz)
{
    if (!range_ok(base, len_bytes, ABI_HEAP_BASE) || base < ABI_KERNEL_BASE)
        return -EINVAL;
    vcpu_set_kernel(base, len_bytes);
    timer_calibrate(tsc_hz);
    jit = flags & ABI_BOOT_JIT;
    sealed = true;
    control_say_up();
    return 0;
}

static int64_t boot_call(uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                         uint64_t nr)
{
    if (sealed)
        return -ENOSYS;
    switch ((enum vm_hcall)nr) {
    case VM_MAP_MMIO:
        return map_mmio(a, b);
    case VM_DMA_ALLOC:
        return dma_alloc(a, b);
    case VM_IRQ:
        return route(a, b, c);
    case VM_PCI_READ:
        return pci_read((uint32_t)a);
    case VM_PCI_WRITE:
        pci_write((uint32_t)a, (uint32_t)b);
        return 0;
    case VM_KVM_CLOCK:
        return kvmclock_start();
    case VM_SEAL:
        return seal(a, b, c, d);
    default:
        return -ENOSYS;
    }
}

static int64_t mem_call(uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                        uint64_t nr)
{
    switch ((enum vm_hcall)nr) {
    case VM_MEM_SET:
        return mem_set(a, b, c);
    case VM_MEM_PROTECT:
        return mem_protect(a, b, c);
    case VM_MEM_DISCARD:
        return mem_discard(a, b);
    case VM_MEM_MOVE:
        return mem_move(a, b, c, d);
    case VM_SHM_PUNCH:
        return shm_punch(a, b);
    default:
        return boot_call(a, b, c, d, nr);
    }
}

static int64_t mem_call_locked(uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                               uint64_t nr)
{
    int64_t ret;

    smp_lock();
    ret = mem_call(a, b, c, d, nr);
    smp_unlock();
    return ret;
}

int64_t hcall(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t nr)
{
    if (nr == VM_MEM_SET && !smp_several) /* the most frequent one */
        return mem_set(a, b, c);
    switch ((enum vm_hcall)nr) {
    case VM_VCPU_INIT:
        return vcpu_set(a);
    case VM_WAIT:
        return vcpu_wait(a);
    case VM_TICK:
        return vcpu_tick(a);
    case VM_EXIT:
        machine_exit((uint32_t)a);
    case VM_VCPU_START:
        return smp_start(a, b);
    case VM_VCPU_KICK:
        return smp_kick(a);
    default:
        return smp_several ? mem_call_locked(a, b, c, d, nr)
                           : mem_call(a, b, c, d, nr);
    }
}

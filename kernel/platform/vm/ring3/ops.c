/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of calls that the kernel gets. Memory calls become one origin for
 * a range (hcall.h); devices are other files'.
 */
#include "kernel/platform/vm/ring3/ring3.h"

static struct bundle_part parts[2]; /* by enum abi_source, whole pages */

void ops_init(const struct bundle_header *bundle)
{
    parts[ABI_SOURCE_IMAGE] = bundle->image;
    parts[ABI_SOURCE_SIDECAR] = bundle->sidecar;
    for (int i = 0; i < 2; i++)
        parts[i].len_bytes = (parts[i].len_bytes + PAGE_SIZE - 1) & -PAGE_SIZE;
}

/* ---- processors, time, events ------------------------------------------ */

/* The first is told of requests to stop. */
static struct abi_vcpu *vcpus[ABI_MAX_VCPU];

bool vcpu_stop_wanted(void)
{
    return vcpus[0] && __atomic_load_n(&vcpus[0]->pending, __ATOMIC_SEQ_CST) &
                           ABI_PENDING_STOP;
}

static int64_t vcpu_init(struct abi_vcpu *vcpu)
{
    int64_t ret = vm_call(VM_VCPU_INIT, (uint64_t)vcpu, 0, 0, 0);

    if (!ret && !vcpus[0])
        vcpus[0] = vcpu;
    if (!ret)
        __asm__ volatile("wrgsbase %0" ::"r"(vcpu) : "memory");
    return ret;
}

/* In vcpu->platform, for gate.S. */
enum { OWN_ENTRY = 0, OWN_ARG = 1, OWN_STACK = 2 };
_Static_assert(offsetof(struct abi_vcpu, platform) == 88, "gate.S");

static int64_t vcpu_start(uint32_t index, struct abi_vcpu *vcpu, uint64_t entry,
                          uint64_t arg, uint64_t stack_top)
{
    int64_t ret;

    if (!index || index >= ABI_MAX_VCPU || vcpus[index])
        return -EINVAL;
    vcpu->self = (uint64_t)vcpu;
    vcpu->index = index;
    vcpu->platform[OWN_ENTRY] = entry;
    vcpu->platform[OWN_ARG] = arg;
    vcpu->platform[OWN_STACK] = stack_top;
    vcpus[index] = vcpu;
    ret = vm_call(VM_VCPU_START, index, (uint64_t)vcpu, 0, 0);
    if (ret)
        vcpus[index] = NULL;
    return ret;
}

static int64_t vcpu_kick(uint32_t index)
{
    uint64_t self;

    if (index >= ABI_MAX_VCPU || !vcpus[index])
        return -EINVAL;
    __atomic_fetch_or(&vcpus[index]->pending, ABI_PENDING_KICK,
                      __ATOMIC_SEQ_CST);
    __asm__("mov %%gs:8, %0" : "=r"(self)); /* ABI_VCPU_SELF */
    if (self == (uint64_t)vcpus[index])
        return 0;
    return vm_call(VM_VCPU_KICK, index, 0, 0, 0);
}

static int64_t wait(uint64_t deadline_mono_ns, uint32_t flags)
{
    (void)flags; /* devices interrupt */
    return vm_call(VM_WAIT, clock_wait_ns(deadline_mono_ns), 0, 0, 0);
}

static int64_t tick(uint64_t period_ns)
{
    return vm_call(VM_TICK, period_ns, 0, 0, 0);
}

static void exit(uint32_t status)
{
    vcon_drain();
    net_drain();
    for (;;)
        vm_call(VM_EXIT, status, 0, 0, 0);
}

/* ---- address space ------------------------------------------------------ */

static int64_t mem_set(uint64_t addr, uint64_t len_bytes, uint64_t kind,
                       uint32_t prot, uint64_t offset)
{
    if (prot & ~(uint32_t)VM_PROT_MASK || offset & ~VM_OFF_MASK)
        return -EINVAL;
    return vm_call(VM_MEM_SET, addr, len_bytes, VM_ORIGIN(kind, prot, offset),
                   0);
}

static int64_t mem_release(uint64_t addr, uint64_t len_bytes)
{
    return mem_set(addr, len_bytes, VM_NONE, 0, 0);
}

static int64_t mem_commit(uint64_t addr, uint64_t len_bytes, uint32_t prot)
{
    return mem_set(addr, len_bytes, VM_ANON, prot, 0);
}

static int64_t mem_map(uint64_t addr, uint64_t len_bytes, uint32_t prot,
                       uint32_t source, uint64_t offset)
{
    if (source > ABI_SOURCE_SIDECAR || offset > parts[source].len_bytes ||
        len_bytes > parts[source].len_bytes - offset)
        return -EINVAL;
    return mem_set(addr, len_bytes, VM_FILE, prot & ~(uint32_t)ABI_MAP_SOON,
                   parts[source].off + offset);
}

static int64_t mem_protect(uint64_t addr, uint64_t len_bytes, uint32_t prot)
{
    return vm_call(VM_MEM_PROTECT, addr, len_bytes, prot, 0);
}

static int64_t mem_discard(uint64_t addr, uint64_t len_bytes)
{
    return vm_call(VM_MEM_DISCARD, addr, len_bytes, 0, 0);
}

static int64_t mem_move(uint64_t old_addr, uint64_t old_len_bytes,
                        uint64_t new_addr, uint64_t new_len_bytes)
{
    return vm_call(VM_MEM_MOVE, old_addr, old_len_bytes, new_addr,
                   new_len_bytes);
}

static int64_t shm_map(uint64_t addr, uint64_t len_bytes, uint32_t prot,
                       uint64_t offset, uint32_t is_private)
{
    if (offset > ABI_SHM_MAX || len_bytes > ABI_SHM_MAX - offset)
        return -EINVAL;
    return mem_set(addr, len_bytes, is_private ? VM_PRIVATE : VM_SHARED, prot,
                   offset);
}

static int64_t shm_punch(uint64_t offset, uint64_t len_bytes)
{
    return vm_call(VM_SHM_PUNCH, offset, len_bytes, 0, 0);
}

const struct abi_ops vm_ops = {
    .vcpu_init = vcpu_init,
    .vcpu_start = vcpu_start,
    .vcpu_kick = vcpu_kick,
    .wait = wait,
    .tick = tick,
    .clock_sample = clock_sample,
    .random = random_bytes,
    .exit = exit,
    .mem_reserve = mem_release,
    .mem_commit = mem_commit,
    .mem_map = mem_map,
    .mem_protect = mem_protect,
    .mem_release = mem_release,
    .mem_discard = mem_discard,
    .mem_move = mem_move,
    .shm_map = shm_map,
    .shm_punch = shm_punch,
    .console_write = console_write,
    .console_read = console_read,
    .console_ctl = console_ctl,
    .net_send = net_send,
    .net_recv = net_recv,
    .blk_read = blk_read,
    .blk_write = blk_write,
    .chan_send = chan_send,
    .chan_recv = chan_recv,
};

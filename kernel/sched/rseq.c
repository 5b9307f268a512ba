/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Restartable sequences: see rseq.h.
 */
#include "kernel/sched/rseq.h"

#include <asm-generic/siginfo.h>
#include <asm/errno.h>
#include <asm/signal.h>
#include <linux/rseq.h>
#include <stddef.h>

#include "abi/layout.h"
#include "kernel/sched/signal.h"

_Static_assert(offsetof(struct rseq, cpu_id_start) == 0, "rseq");
_Static_assert(offsetof(struct rseq, cpu_id) == 4, "rseq");

int rseq_register(uptr_t area, uint32_t len_bytes, uint32_t signature)
{
    struct thread *t = current_thread();
    const uint32_t cpu = this_cpu()->vcpu.index;
    const struct rseq fresh = {.cpu_id_start = cpu, .cpu_id = cpu};

    if (t->rseq_area) {
        if (t->rseq_area != area || len_bytes != sizeof(fresh))
            return -EINVAL;
        return t->rseq_signature == signature ? -EBUSY : -EPERM;
    }
    if (area % sizeof(fresh) || len_bytes != sizeof(fresh))
        return -EINVAL;
    if (copy_out(area, &fresh) < 0)
        return -EFAULT;
    t->rseq_area = area;
    t->rseq_signature = signature;
    t->rseq_cpu = cpu;
    return 0;
}

int rseq_unregister(uptr_t area, uint32_t len_bytes, uint32_t signature)
{
    struct thread *t = current_thread();
    const struct rseq gone = {.cpu_id = (uint32_t)RSEQ_CPU_ID_UNINITIALIZED};

    if (!t->rseq_area || t->rseq_area != area || len_bytes != sizeof(gone))
        return -EINVAL;
    if (t->rseq_signature != signature)
        return -EPERM;
    if (copy_out(area, &gone) < 0)
        return -EFAULT;
    t->rseq_area = 0;
    return 0;
}

/* Where to go on instead of rip, 0: no sequence was interrupted, or -errno. */
static int64_t abort_address(const struct thread *t, uint64_t rip)
{
    uptr_t field = t->rseq_area + offsetof(struct rseq, rseq_cs);
    const uint64_t none = 0;
    struct rseq_cs cs;
    uptr_t at;
    uint32_t signature;

    if (copy_in(&at, field) < 0)
        return -EFAULT;
    if (!at)
        return 0;
    if (copy_in(&cs, at) < 0)
        return -EFAULT;
    if (cs.version || cs.start_ip >= ABI_USER_TOP ||
        cs.abort_ip >= ABI_USER_TOP ||
        cs.abort_ip - cs.start_ip < cs.post_commit_offset)
        return -EINVAL;
    if (copy_out(field, &none) < 0)
        return -EFAULT;
    if (rip - cs.start_ip >= cs.post_commit_offset)
        return 0;
    if (copy_in(&signature, cs.abort_ip - sizeof(signature)) < 0)
        return -EFAULT;
    return signature == t->rseq_signature ? (int64_t)cs.abort_ip : -EINVAL;
}

/* cpu_id_start and cpu_id, which are the first two. */
static int show_cpu(struct thread *t)
{
    uint32_t cpu = this_cpu()->vcpu.index;
    const uint32_t ids[2] = {cpu, cpu};

    if (t->rseq_cpu == cpu)
        return 0;
    t->rseq_cpu = cpu;
    return copy_out(t->rseq_area, &ids);
}

void rseq_interrupted(struct abi_frame *f)
{
    struct thread *t = current_thread();
    int64_t to = show_cpu(t);

    if (!to)
        to = abort_address(t, f->rip);

    if (to < 0)
        signal_fault(&(struct siginfo_k){.signo = SIGSEGV, .code = SI_KERNEL});
    else if (to)
        f->rip = (uint64_t)to;
}

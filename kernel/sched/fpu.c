/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Vector registers belong to cpu->fpu_owner until another thread is about to
 * return to the program; only then are they loaded. With one CPU they are
 * saved then too; with several, when their thread stops running, since it may
 * go on elsewhere.
 */
#include "kernel/arch/x86_64/fpu.h"

#include <asm/errno.h>

#include "kernel/core/alloc.h"
#include "kernel/core/log.h"
#include "kernel/sched/run.h"
#include "kernel/sched/smp.h"
#include "lib/string.h"

uint32_t fpu_size_bytes(void)
{
    return arch_fpu_size();
}

int fpu_ensure_area(struct thread *t)
{
    if (!t->fpu)
        t->fpu = kzalloc(fpu_size_bytes());
    return t->fpu ? 0 : -ENOMEM;
}

int thread_save_fpu(struct thread *t)
{
    int err = fpu_ensure_area(t);

    if (!err && this_cpu()->fpu_owner == t)
        arch_fpu_save(t->fpu);
    return err;
}

int thread_fpu_image(struct thread *t, void *area)
{
    struct cpu *cpu = this_cpu();
    int err = cpu->fpu_owner ? thread_save_fpu(cpu->fpu_owner) : 0;

    if (err)
        return err;
    cpu->fpu_owner = NULL;
    if (!t->fpu)
        return -ENODATA;
    arch_fpu_restore(t->fpu);
    arch_fpu_save_standard(area);
    return 0;
}

static void save(struct thread *t)
{
    if (thread_save_fpu(t) < 0)
        panic("no memory for vector registers");
}

static void load(struct thread *t)
{
    if (t->fpu)
        arch_fpu_restore(t->fpu);
    else if (fpu_ensure_area(t) == 0)
        arch_fpu_reset(t->fpu);
}

void fpu_make_live(void)
{
    struct cpu *cpu = this_cpu();
    struct thread *t = cpu->current, *owner = cpu->fpu_owner;

    if (owner == t)
        return;
    if (owner && !smp_several())
        save(owner);
    cpu->fpu_owner = t;
    load(t);
}

void fpu_leave(struct thread *t)
{
    if (this_cpu()->fpu_owner == t)
        save(t);
}

int thread_inherit(struct thread *child)
{
    struct thread *parent = current_thread();

    memcpy(child->comm, parent->comm, sizeof(child->comm));
    child->blocked = parent->blocked;
    child->nice = parent->nice;
    child->policy = parent->policy;
    child->rt_priority = parent->rt_priority;
    child->affinity = parent->affinity;
    if (fpu_ensure_area(child) < 0)
        return -ENOMEM;
    if (this_cpu()->fpu_owner == parent)
        arch_fpu_save(child->fpu);
    else if (parent->fpu)
        memcpy(child->fpu, parent->fpu, fpu_size_bytes());
    return 0;
}

void thread_reset_fpu(void)
{
    static bool used;
    struct cpu *cpu = this_cpu();

    cpu->fpu_owner = cpu->current;
    if (!used)
        arch_fpu_begin(); /* no CPUID on the way to the first program */
    else if (fpu_ensure_area(cpu->current) == 0)
        arch_fpu_reset(cpu->current->fpu);
    used = true;
}

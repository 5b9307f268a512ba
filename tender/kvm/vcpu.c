/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtual CPUs' loop: why one stopped, and what to do about it. Each has a
 * thread; the further ones wait in it until the guest starts them.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "abi/handover.h"
#include "tender/kvm/breaks.h"
#include "tender/kvm/gdb.h"
#include "tender/kvm/hold.h"
#include "tender/kvm/monitor.h"
#include "tender/kvm/virtio.h"

static int complain(const struct vcpu *v, const char *what)
{
    struct kvm_regs regs = {0};

    ioctl(v->fd, KVM_GET_REGS, &regs);
    say("%s (exit %u, rip 0x%llx): the instance ends", what,
        v->run->exit_reason, (unsigned long long)regs.rip);
    return HANDOVER_EXIT_FAILED;
}

static int port_access(struct vcpu *v)
{
    struct kvm_run *run = v->run;
    uint8_t *data = (uint8_t *)run + run->io.data_offset;
    int status = -1;

    if (run->io.direction == KVM_EXIT_IO_OUT)
        ports_out(v->m, run->io.port, data, run->io.size, run->io.count,
                  &status);
    else
        ports_in(v->m, run->io.port, data, run->io.size, run->io.count);
    return status;
}

static void memory_access(struct vcpu *v)
{
    struct kvm_run *run = v->run;

    if (!run->mmio.is_write)
        memset(run->mmio.data, 0xff, sizeof(run->mmio.data));
    virtio_access(v->m, run->mmio.phys_addr, run->mmio.data, run->mmio.len,
                  run->mmio.is_write);
}

/* -1: go on. */
static int handle_exit(struct vcpu *v)
{
    switch (v->run->exit_reason) {
    case KVM_EXIT_IO:
        return port_access(v);
    case KVM_EXIT_MMIO:
        memory_access(v);
        return -1;
    case KVM_EXIT_INTR:
        return -1;
    case KVM_EXIT_DEBUG:
        breaks_exit(v);
        return -1;
    case KVM_EXIT_SHUTDOWN:
        return complain(v, "the virtual CPU shut down (triple fault)");
    case KVM_EXIT_SYSTEM_EVENT:
        return complain(v, "the guest asked for a reset");
    case KVM_EXIT_FAIL_ENTRY:
        return complain(v, "the virtual CPU's state is invalid");
    case KVM_EXIT_INTERNAL_ERROR:
        return complain(v, "KVM cannot go on with the guest");
    default:
        return complain(v, "the virtual CPU stopped for an unknown reason");
    }
}

static int run_failed(struct vcpu *v)
{
    if (errno == EINTR || errno == EAGAIN) {
        hold_if_asked(v);
        return -1;
    }
    if (errno == EFAULT)
        return complain(v, "memory of the guest cannot be had (image cut "
                           "short?)");
    return complain(v, "KVM_RUN failed");
}

/* Who comes first ends it for all; the others wait here for that. */
_Noreturn static void end(int status)
{
    static pthread_mutex_t once = PTHREAD_MUTEX_INITIALIZER;

    pthread_mutex_lock(&once);
    gdb_exited(status);
    stats_print();
    _exit(status);
}

_Noreturn static void run(struct vcpu *v)
{
    int status = -1;

    hold_begin(v);
    while (status < 0) {
        hold_before_run(v);
        if (ioctl(v->fd, KVM_RUN, 0) == 0)
            status = handle_exit(v);
        else
            status = run_failed(v);
    }
    end(status);
}

/* ---- further ones ------------------------------------------------------- */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool wanted[ABI_MAX_VCPU];
} starts = {.lock = PTHREAD_MUTEX_INITIALIZER,
            .changed = PTHREAD_COND_INITIALIZER};

/* KVM itself would let it wait for INIT and SIPI. */
static void *await_start(void *arg)
{
    struct kvm_mp_state runnable = {.mp_state = KVM_MP_STATE_RUNNABLE};
    struct vcpu *v = arg;

    pthread_mutex_lock(&starts.lock);
    while (!starts.wanted[v->index])
        pthread_cond_wait(&starts.changed, &starts.lock);
    pthread_mutex_unlock(&starts.lock);
    if (ioctl(v->fd, KVM_SET_MP_STATE, &runnable) < 0)
        end(complain(v, "a virtual CPU does not start"));
    run(v);
}

void vcpu_start(struct machine *m, uint32_t index)
{
    if (!index || index >= m->nr_vcpus)
        return;
    pthread_mutex_lock(&starts.lock);
    starts.wanted[index] = true;
    pthread_cond_broadcast(&starts.changed);
    pthread_mutex_unlock(&starts.lock);
}

void vcpus_prepare(struct machine *m)
{
    pthread_t thread;

    for (uint32_t i = 1; i < m->nr_vcpus; i++)
        if (pthread_create(&thread, NULL, await_start, &m->vcpus[i]))
            die("start virtual CPU %u's thread: %m", i);
}

_Noreturn void vcpus_run(struct machine *m)
{
    run(&m->vcpus[0]);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual CPU's loop: why it stopped, and what to do about it. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "abi/handover.h"
#include "tender/kvm/breaks.h"
#include "tender/kvm/hold.h"
#include "tender/kvm/monitor.h"
#include "tender/kvm/virtio.h"

static int complain(const struct machine *m, const char *what)
{
    struct kvm_regs regs = {0};

    ioctl(m->vcpu_fd, KVM_GET_REGS, &regs);
    say("%s (exit %u, rip 0x%llx): the instance ends", what,
        m->run->exit_reason, (unsigned long long)regs.rip);
    return HANDOVER_EXIT_FAILED;
}

static int port_access(struct machine *m)
{
    struct kvm_run *run = m->run;
    uint8_t *data = (uint8_t *)run + run->io.data_offset;
    int status = -1;

    if (run->io.direction == KVM_EXIT_IO_OUT)
        ports_out(m, run->io.port, data, run->io.size, run->io.count, &status);
    else
        ports_in(m, run->io.port, data, run->io.size, run->io.count);
    return status;
}

static void memory_access(struct machine *m)
{
    struct kvm_run *run = m->run;

    if (!run->mmio.is_write)
        memset(run->mmio.data, 0xff, sizeof(run->mmio.data));
    virtio_access(m, run->mmio.phys_addr, run->mmio.data, run->mmio.len,
                  run->mmio.is_write);
}

/* -1: go on. */
static int handle_exit(struct machine *m)
{
    switch (m->run->exit_reason) {
    case KVM_EXIT_IO:
        return port_access(m);
    case KVM_EXIT_MMIO:
        memory_access(m);
        return -1;
    case KVM_EXIT_INTR:
        return -1;
    case KVM_EXIT_DEBUG:
        breaks_exit(m);
        return -1;
    case KVM_EXIT_SHUTDOWN:
        return complain(m, "the virtual CPU shut down (triple fault)");
    case KVM_EXIT_SYSTEM_EVENT:
        return complain(m, "the guest asked for a reset");
    case KVM_EXIT_FAIL_ENTRY:
        return complain(m, "the virtual CPU's state is invalid");
    case KVM_EXIT_INTERNAL_ERROR:
        return complain(m, "KVM cannot go on with the guest");
    default:
        return complain(m, "the virtual CPU stopped for an unknown reason");
    }
}

static int run_failed(struct machine *m)
{
    if (errno == EINTR || errno == EAGAIN) {
        hold_if_asked();
        return -1;
    }
    if (errno == EFAULT)
        return complain(m, "memory of the guest cannot be had (image cut "
                           "short?)");
    return complain(m, "KVM_RUN failed");
}

int vcpu_run(struct machine *m)
{
    int status = -1;

    while (status < 0) {
        hold_before_run(m);
        if (ioctl(m->vcpu_fd, KVM_RUN, 0) == 0)
            status = handle_exit(m);
        else
            status = run_failed(m);
    }
    return status;
}

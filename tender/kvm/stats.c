/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What KVM counted of the virtual CPU (Linux, Documentation/virt/kvm/api.rst,
 * KVM_GET_STATS_FD), in one line at the end. Where ring 0 is emulated,
 * `insn_emulation` is the number of instructions that ran there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tender/kvm/monitor.h"

static const char *const wanted[] = {
    "insn_emulation", "exits",    "io_exits", "mmio_exits",     "halt_exits",
    "irq_exits",      "pf_taken", "pf_guest", "irq_injections", "signal_exits"};

enum { NR_WANTED = sizeof(wanted) / sizeof(wanted[0]) };

static int fd = -1;
static off_t places[NR_WANTED]; /* 0: this KVM does not count it */

static void note(const struct kvm_stats_header *head,
                 const struct kvm_stats_desc *desc)
{
    for (int i = 0; i < NR_WANTED; i++)
        if (!strcmp(desc->name, wanted[i]))
            places[i] = head->data_offset + desc->offset;
}

void stats_open(const struct machine *m)
{
    struct kvm_stats_header head;
    struct kvm_stats_desc *desc;
    size_t len;

    fd = ioctl(m->vcpu_fd, KVM_GET_STATS_FD, 0);
    if (fd < 0 || pread(fd, &head, sizeof(head), 0) != (ssize_t)sizeof(head)) {
        say("no statistics of the virtual CPU: %m (Linux 5.14 has them)");
        return;
    }
    len = sizeof(*desc) + head.name_size;
    desc = calloc(1, len + 1);
    for (uint32_t i = 0; desc && i < head.num_desc; i++)
        if (pread(fd, desc, len, head.desc_offset + (off_t)(i * len)) ==
            (ssize_t)len)
            note(&head, desc);
    free(desc);
}

void stats_print(void)
{
    char line[400] = "kvm:";
    size_t len = strlen(line);

    for (int i = 0; i < NR_WANTED && fd >= 0; i++) {
        uint64_t value;

        if (places[i] && pread(fd, &value, sizeof(value), places[i]) ==
                             (ssize_t)sizeof(value))
            len += (size_t)snprintf(line + len, sizeof(line) - len, " %s=%llu",
                                    wanted[i], (unsigned long long)value);
    }
    if (fd >= 0)
        say("%s", line);
}

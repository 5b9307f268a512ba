/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What KVM counted of the virtual CPUs (Linux, Documentation/virt/kvm/api.rst,
 * KVM_GET_STATS_FD), summed up, in one line at the end. Where ring 0 is
 * emulated, `insn_emulation` is the number of instructions that ran there.
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

static int fds[ABI_MAX_VCPU];
static uint32_t nr_fds;
static off_t places[NR_WANTED]; /* 0: this KVM does not count it */

static void note(const struct kvm_stats_header *head,
                 const struct kvm_stats_desc *desc)
{
    for (int i = 0; i < NR_WANTED; i++)
        if (!strcmp(desc->name, wanted[i]))
            places[i] = head->data_offset + desc->offset;
}

static void find_places(int fd, const struct kvm_stats_header *head)
{
    size_t len = sizeof(struct kvm_stats_desc) + head->name_size;
    struct kvm_stats_desc *desc = calloc(1, len + 1);

    for (uint32_t i = 0; desc && i < head->num_desc; i++)
        if (pread(fd, desc, len, head->desc_offset + (off_t)(i * len)) ==
            (ssize_t)len)
            note(head, desc);
    free(desc);
}

/* They are alike, so one tells where each finds what. */
void stats_open(const struct machine *m)
{
    struct kvm_stats_header head;

    for (uint32_t i = 0; i < m->nr_vcpus; i++) {
        int fd = ioctl(m->vcpus[i].fd, KVM_GET_STATS_FD, 0);

        if (fd < 0 ||
            pread(fd, &head, sizeof(head), 0) != (ssize_t)sizeof(head)) {
            say("no statistics of the virtual CPU: %m (Linux 5.14 has them)");
            return;
        }
        if (!i)
            find_places(fd, &head);
        fds[nr_fds++] = fd;
    }
}

static uint64_t sum(off_t place)
{
    uint64_t total = 0, value;

    for (uint32_t i = 0; i < nr_fds; i++)
        if (pread(fds[i], &value, sizeof(value), place) ==
            (ssize_t)sizeof(value))
            total += value;
    return total;
}

void stats_print(void)
{
    char line[400] = "kvm:";
    size_t len = strlen(line);

    if (!nr_fds)
        return;
    for (int i = 0; i < NR_WANTED; i++)
        if (places[i])
            len +=
                (size_t)snprintf(line + len, sizeof(line) - len, " %s=%llu",
                                 wanted[i], (unsigned long long)sum(places[i]));
    say("%s", line);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * einkorn-kvm: one virtual machine for one instance, no firmware, no PCI, no
 * ACPI. The list below is its life; docs/kvm.md explains it.
 */
#include <signal.h>

#include "tender/kvm/gdb.h"
#include "tender/kvm/monitor.h"
#include "tender/kvm/virtio.h"

static struct machine machine = {.lock = PTHREAD_MUTEX_INITIALIZER};
static struct options options;

static void cut_short(int signal)
{
    (void)signal;
    die("a file of the image is shorter than it was: the instance ends");
}

/* A file that was cut is touched; nobody reads our output any more. */
static void take_signals(void)
{
    struct sigaction short_file = {.sa_handler = cut_short};

    sigaction(SIGBUS, &short_file, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static void add_devices(struct machine *m, const struct options *opt)
{
    for (int i = 0; i < opt->nr_nets; i++)
        net_add(m, &opt->nets[i]);
    for (int i = 0; i < opt->nr_disks; i++)
        blk_add(m, &opt->disks[i]);
    for (int i = 0; i < opt->nr_chans; i++)
        chan_add(m, opt->chan_fds[i]);
    if (opt->virtio_console)
        con_add(m, opt->flags & ABI_BOOT_STDIN ? 0 : -1, 1);
    if (opt->rng)
        rng_add(m);
}

int main(int argc, char **argv)
{
    struct machine *m = &machine;

    (void)argc;
    options_parse(&options, argv);
    if (options.probe)
        return probe_report();
    take_signals();
    m->no_eventfd = options.no_eventfd;
    machine_create(m);
    machine_add_ram(m, options.mem_bytes);
    bundle_map(m, &options);
    machine_create_vcpus(m, options.nr_vcpus);
    probe_run(m);
    serve_init();
    console_init(m, &options);
    add_devices(m, &options);
    boot_load_shim(m, options.shim);
    m->kvm_clock = options.kvm_clock;
    boot_prepare(m, options.mem_bytes);
    clock_init(m, options.tsc_hz);
    boot_set_registers(m);
    if (options.flags & ABI_BOOT_STATS)
        stats_open(m);
    confine(&options);
    serve_start(m);
    vcpus_prepare(m);
    gdb_start(m, &options);
    confine_filter();
    vcpus_run(m);
}

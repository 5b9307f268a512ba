/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ring-3 part's start: reads the bundle, maps its parts where the layout
 * says, finds devices, loads the kernel, seals the machine and jumps.
 */
#include "kernel/platform/vm/ring3/ring3.h"
#include "kernel/platform/vm/ring3/virtio.h"
#include "lib/fmt.h"
#include "lib/string.h"

enum { MAX_VIRTIO = 32, STATUS_FAILED = 125, HWCAP2_FSGSBASE = 2 };

void ring3_main(const struct vm_handover *handover);

static struct abi_boot boot;
const volatile struct monitor_page *monitor;

_Noreturn void die(const char *what)
{
    char line[160];
    int len = snprintf(line, sizeof(line), "einkorn-vm: %s\n", what);

    console_write(ABI_CONSOLE_ERR, line, (uint64_t)len);
    for (;;)
        vm_call(VM_EXIT, STATUS_FAILED, 0, 0, 0);
}

static void check_part(const struct bundle_part *part, uint64_t bundle_bytes)
{
    if (part->off % PAGE_SIZE || part->off > bundle_bytes ||
        part->len_bytes > bundle_bytes - part->off)
        die("the bundle's table is damaged");
}

static struct bundle_header read_header(const struct vm_handover *handover)
{
    const void *at = (const void *)(monitor ? MONITOR_HEADER_AT : VM_BUNDLE);
    struct bundle_header header;

    if (handover->bundle_bytes < PAGE_SIZE)
        die("the boot module is empty");
    memcpy(&header, at, sizeof(header));
    if (header.magic != BUNDLE_MAGIC || header.version != BUNDLE_VERSION ||
        header.header_bytes != sizeof(header))
        die("the boot module is not a bundle of this version");
    check_part(&header.kernel, handover->bundle_bytes);
    check_part(&header.config, handover->bundle_bytes);
    check_part(&header.image, handover->bundle_bytes);
    check_part(&header.sidecar, handover->bundle_bytes);
    return header;
}

/* The kernel's own read-only view of a part, unless the monitor made it. */
static struct abi_range map_part(const struct bundle_part *part, uint64_t addr)
{
    uint64_t len = (part->len_bytes + PAGE_SIZE - 1) & -PAGE_SIZE;

    if (!monitor && len &&
        vm_call(VM_MEM_SET, addr, len,
                VM_ORIGIN(VM_FILE, ABI_PROT_READ, part->off), 0))
        die("no memory to map the bundle");
    return (struct abi_range){len ? addr : 0, part->len_bytes};
}

/* What the shim knows, else what QEMU says. */
static uint32_t count_cpus(const struct vm_handover *handover)
{
    uint32_t nr = handover->nr_cpus ? handover->nr_cpus : fwcfg_nr_cpus();

    return nr < 1 ? 1 : nr > ABI_MAX_VCPU ? ABI_MAX_VCPU : nr;
}

static void init_memory(const struct bundle_header *header,
                        const struct vm_handover *handover)
{
    uint64_t rw = ABI_PROT_READ | ABI_PROT_WRITE;

    boot.image = map_part(&header->image, ABI_IMAGE_BASE);
    boot.sidecar =
        map_part(&header->sidecar, ABI_SIDECAR_AT(header->sidecar.len_bytes));
    if (monitor) /* which has neither words nor items of its own */
        boot.config = map_part(&header->config, ABI_CONFIG_BASE);
    else
        boot.config = config_make(handover->cmdline,
                                  (const char *)VM_BUNDLE + header->config.off,
                                  header->config.len_bytes);
    boot.heap = (struct abi_range){ABI_HEAP_BASE, ABI_HEAP_MAX};
    boot.shm = (struct abi_range){ABI_SHM_BASE, ABI_SHM_MAX};
    boot.mem_limit_bytes = handover->ram_bytes;
    boot.nr_vcpus = count_cpus(handover);
    if (!monitor && vm_call(VM_MEM_SET, ABI_HEAP_BASE, ABI_HEAP_MAX,
                            VM_ORIGIN(VM_ANON, rw, 0), 0))
        die("no memory for the heap's tables");
}

static void init_boot(const struct bundle_header *header)
{
    uint32_t leaf[4];

    boot.magic = ABI_MAGIC;
    boot.version = ABI_VERSION;
    boot.size_bytes = sizeof(boot);
    boot.ops = &vm_ops;
    strlcpy(boot.platform, "vm", sizeof(boot.platform));
    boot.flags = (header->flags & (ABI_BOOT_JIT | ABI_BOOT_STDIN |
                                   ABI_BOOT_STATS | ABI_BOOT_MEM)) |
                 ABI_BOOT_TSC | (clock_is_rough() ? ABI_BOOT_TSC_ROUGH : 0);
    boot.user_cs = VM_CS;
    boot.user_ss = VM_SS;
    cpuid(1, 0, leaf);
    boot.hwcap = leaf[3];
    boot.hwcap2 = HWCAP2_FSGSBASE;
}

static void init_devices(const char *cmdline)
{
    struct virtio_dev devs[MAX_VIRTIO];
    uint32_t nr = virtio_mmio_find(cmdline, devs, MAX_VIRTIO);

    if (!monitor) /* which has no PCI */
        nr += virtio_pci_find(devs + nr, MAX_VIRTIO - nr);
    for (uint32_t i = 0; i < nr; i++) {
        if (devs[i].id == VIRTIO_NET)
            net_attach(&devs[i], &boot);
        else if (devs[i].id == VIRTIO_BLK)
            blk_attach(&devs[i], &boot);
        else if (devs[i].id == VIRTIO_9P)
            chan_attach(&devs[i], &boot);
        else if (devs[i].id == VIRTIO_CONSOLE)
            vcon_attach(&devs[i]);
        else if (devs[i].id == VIRTIO_RNG)
            rng_attach(&devs[i]);
    }
}

static void find_monitor(const struct vm_handover *handover)
{
    if (!handover->monitor_page)
        return;
    monitor = (const void *)MONITOR_PAGE_AT;
    if (monitor->magic != MONITOR_MAGIC)
        die("the monitor is not of this version");
}

static abi_kernel_entry find_kernel(const struct bundle_header *header)
{
    if (!monitor)
        return (abi_kernel_entry)load_kernel(&header->kernel, &boot.kernel);
    boot.kernel =
        (struct abi_range){monitor->kernel_base, monitor->kernel_bytes};
    return (abi_kernel_entry)monitor->kernel_entry;
}

void ring3_main(const struct vm_handover *handover)
{
    struct bundle_header header;
    abi_kernel_entry entry;

    find_monitor(handover);
    if (!monitor)
        console_early();
    header = read_header(handover);
    console_init(header.flags);
    random_init(header.entropy);
    boot.tsc_hz = clock_init(header.real_ns);
    init_boot(&header);
    init_memory(&header, handover);
    ops_init(&header);
    init_devices(handover->cmdline);
    random_bytes(boot.entropy, sizeof(boot.entropy));
    entry = find_kernel(&header);
    if (vm_call(VM_SEAL, boot.kernel.base, boot.kernel.len_bytes, boot.flags,
                boot.tsc_hz))
        die("the shim refused the kernel");
    entry(&boot);
    die("the kernel returned");
}

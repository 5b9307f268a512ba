/* SPDX-License-Identifier: BSD-2-Clause */
/* KVM's objects: machine, memory slots, virtual CPU, event descriptors.
 * Follows Linux's Documentation/virt/kvm/api.rst. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tender/kvm/monitor.h"

#define GPA_TSS                                                                \
    UINT64_C(0xfffbd000) /* three pages for old Intel processors               \
                          */

enum { NR_CPUID = 256 };

void machine_create(struct machine *m)
{
    m->kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (m->kvm_fd < 0)
        die("open /dev/kvm: %m (load kvm_amd or kvm_intel; be in group kvm)");
    if (ioctl(m->kvm_fd, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
        die("/dev/kvm: not version %d of its interface", KVM_API_VERSION);
    m->vm_fd = ioctl(m->kvm_fd, KVM_CREATE_VM, 0);
    if (m->vm_fd < 0)
        die("KVM_CREATE_VM: %m");
}

static void add_slot(struct machine *m, uint64_t gpa, void *host,
                     uint64_t len_bytes, uint32_t flags)
{
    struct kvm_userspace_memory_region region = {
        .slot = m->nr_slots++,
        .flags = flags,
        .guest_phys_addr = gpa,
        .memory_size = len_bytes,
        .userspace_addr = (uint64_t)host,
    };

    if (ioctl(m->vm_fd, KVM_SET_USER_MEMORY_REGION, &region) < 0)
        die("guest memory at 0x%llx, 0x%llx bytes: %m", (unsigned long long)gpa,
            (unsigned long long)len_bytes);
}

static void add_ram(struct machine *m, uint64_t gpa, uint8_t *host,
                    uint64_t len_bytes)
{
    m->gmem.regions[m->gmem.nr_regions++] =
        (struct gmem_region){gpa, len_bytes, host};
    add_slot(m, gpa, host, len_bytes, 0);
}

void machine_add_ram(struct machine *m, uint64_t bytes)
{
    uint64_t low = bytes < GPA_RAM_HOLE ? bytes : GPA_RAM_HOLE;

    m->low = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (m->low == MAP_FAILED)
        die("%llu bytes of guest memory: %m", (unsigned long long)bytes);
    madvise(m->low, bytes, MADV_DONTDUMP);
    add_ram(m, 0, m->low, low);
    if (bytes > low)
        add_ram(m, GPA_HIGH, m->low + low, bytes - low);
    m->page = (void *)(m->low + GPA_MONITOR);
}

void machine_add_rom(struct machine *m, uint64_t gpa, void *host,
                     uint64_t len_bytes)
{
    if (m->rom.nr_regions == GMEM_MAX_REGIONS)
        die("more than %d read-only pieces of memory", GMEM_MAX_REGIONS);
    m->rom.regions[m->rom.nr_regions++] =
        (struct gmem_region){gpa, len_bytes, host};
    add_slot(m, gpa, host, len_bytes, KVM_MEM_READONLY);
}

/* Where a processor says which one it is (AMD64 manual, volume 3, appendix E):
 * as our host's where KVM does not care, so made right here. */
static void set_number(struct kvm_cpuid2 *cpuid, uint32_t index)
{
    enum { FEATURES = 1, TOPOLOGY = 0xb, TOPOLOGY_2 = 0x1f };

    for (uint32_t i = 0; i < cpuid->nent; i++) {
        struct kvm_cpuid_entry2 *e = &cpuid->entries[i];

        if (e->function == FEATURES)
            e->ebx = (e->ebx & 0x00ffffff) | index << 24;
        else if (e->function == TOPOLOGY || e->function == TOPOLOGY_2)
            e->edx = index;
    }
}

/* What the shim turns on (kernel/platform/vm/ring0/cpu.c): all of the vectors,
 * AVX-512 whole or not at all. */
static uint64_t vector_state(const struct kvm_cpuid2 *cpuid)
{
    enum { XSAVE = 0xd, BASE = 7, AVX512 = 0xe0 };

    for (uint32_t i = 0; i < cpuid->nent; i++) {
        const struct kvm_cpuid_entry2 *e = &cpuid->entries[i];

        if (e->function == XSAVE && e->index == 0)
            return e->eax &
                   (BASE | ((e->eax & AVX512) == AVX512 ? AVX512 : 0u));
    }
    return 0;
}

static void set_cpuid(struct vcpu *v)
{
    size_t bytes =
        sizeof(struct kvm_cpuid2) + NR_CPUID * sizeof(struct kvm_cpuid_entry2);
    struct kvm_cpuid2 *cpuid = calloc(1, bytes);

    if (!cpuid)
        die("out of memory");
    cpuid->nent = NR_CPUID;
    if (ioctl(v->m->kvm_fd, KVM_GET_SUPPORTED_CPUID, cpuid) < 0)
        die("CPUID of the host: %m");
    set_number(cpuid, v->index);
    v->vector_state = vector_state(cpuid);
    if (ioctl(v->fd, KVM_SET_CPUID2, cpuid) < 0)
        die("CPUID of virtual CPU %u: %m", v->index);
    free(cpuid);
}

/* The guest's counter is the host's: its offset is zero. */
static void set_tsc(const struct vcpu *v)
{
    uint64_t offset = 0;
    struct kvm_device_attr attr = {
        .group = KVM_VCPU_TSC_CTRL,
        .attr = KVM_VCPU_TSC_OFFSET,
        .addr = (uint64_t)&offset,
    };

    if (ioctl(v->fd, KVM_SET_DEVICE_ATTR, &attr) < 0)
        die("time-stamp counter of the virtual CPU: %m (Linux 5.16 or later "
            "is needed)");
}

static void create_vcpu(struct vcpu *v)
{
    int bytes = ioctl(v->m->kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);

    v->fd = ioctl(v->m->vm_fd, KVM_CREATE_VCPU, v->index);
    if (v->fd < 0 || bytes < (int)sizeof(*v->run))
        die("KVM_CREATE_VCPU %u: %m", v->index);
    v->run =
        mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_SHARED, v->fd, 0);
    if (v->run == MAP_FAILED)
        die("map virtual CPU %u: %m", v->index);
    set_cpuid(v);
    set_tsc(v);
}

/* Lines are messages (abi/monitor.h), so KVM keeps local APICs only: what a
 * whole PC has leaves something behind that whoever adds memory, or ends, waits
 * 10 ms for. */
static void create_irqchip(const struct machine *m)
{
    struct kvm_enable_cap split = {.cap = KVM_CAP_SPLIT_IRQCHIP};
    uint64_t identity = GPA_TSS - 4096;
    union {
        struct kvm_irq_routing head;
        uint8_t room[sizeof(struct kvm_irq_routing) +
                     NR_LINES * sizeof(struct kvm_irq_routing_entry)];
    } lines = {.head = {.nr = NR_LINES}};

    for (uint32_t i = 0; i < NR_LINES; i++) {
        struct kvm_irq_routing_entry *e = &lines.head.entries[i];

        e->gsi = i;
        e->type = KVM_IRQ_ROUTING_MSI;
        e->u.msi.address_lo = 0xfee00000;
        e->u.msi.data = MONITOR_LINE0_VECTOR + i;
    }
    ioctl(m->vm_fd, KVM_SET_IDENTITY_MAP_ADDR, &identity);
    ioctl(m->vm_fd, KVM_SET_TSS_ADDR, GPA_TSS);
    if (ioctl(m->vm_fd, KVM_ENABLE_CAP, &split) < 0 ||
        ioctl(m->vm_fd, KVM_SET_GSI_ROUTING, &lines) < 0)
        die("interrupt controllers: %m (KVM_CAP_SPLIT_IRQCHIP)");
}

void machine_create_vcpus(struct machine *m, uint32_t nr)
{
    create_irqchip(m);
    m->nr_vcpus = nr;
    for (uint32_t i = 0; i < nr; i++) {
        m->vcpus[i].m = m;
        m->vcpus[i].index = i;
        create_vcpu(&m->vcpus[i]);
    }
}

/* ---- event descriptors ----------------------------------------------------
 */

/* KVM has this, and the command line does not say to do without. */
static bool has_events(struct machine *m, int capability)
{
    if (!m->no_eventfd && ioctl(m->kvm_fd, KVM_CHECK_EXTENSION, capability) > 0)
        return true;
    if (!m->said_no_eventfd)
        say("KVM without ioeventfd or irqfd: queues and interrupts cost more");
    m->said_no_eventfd = true;
    return false;
}

/* Where KVM does not listen to the descriptor, the devices' thread does. */
static void pulse(struct machine *m, void *arg, uint32_t events)
{
    const struct line *line = arg;
    struct kvm_irq_level up = {.irq = line->number, .level = 1};
    struct kvm_irq_level down = {.irq = line->number};
    uint64_t count;

    (void)events;
    if (read(line->fd, &count, sizeof(count)) != (ssize_t)sizeof(count))
        return;
    ioctl(m->vm_fd, KVM_IRQ_LINE, &up);
    ioctl(m->vm_fd, KVM_IRQ_LINE, &down);
}

/* Who shares a line shares its descriptor: two would raise it at the same
 * time, and KVM would take that for one edge. */
int machine_irqfd(struct machine *m, uint32_t number)
{
    struct line *line = &m->lines[number];
    struct kvm_irqfd irq = {.gsi = number};

    if (line->fd)
        return line->fd;
    line->number = number;
    line->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    irq.fd = (uint32_t)line->fd;
    if (line->fd < 0)
        die("interrupt line %u: %m", number);
    if (!has_events(m, KVM_CAP_IRQFD))
        serve_add(line->fd, EPOLLIN, pulse, line);
    else if (ioctl(m->vm_fd, KVM_IRQFD, &irq) < 0)
        die("interrupt line %u: %m", number);
    return line->fd;
}

int machine_ioeventfd(struct machine *m, uint64_t gpa, uint32_t value)
{
    struct kvm_ioeventfd io = {
        .datamatch = value,
        .addr = gpa,
        .len = 4,
        .flags = KVM_IOEVENTFD_FLAG_DATAMATCH,
    };

    if (!has_events(m, KVM_CAP_IOEVENTFD))
        return -1;
    io.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (io.fd < 0 || ioctl(m->vm_fd, KVM_IOEVENTFD, &io) < 0)
        die("notification of a queue: %m");
    return io.fd;
}

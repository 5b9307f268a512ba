/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a loader and the shim's first instructions would do, done from outside:
 * the boot file's segments, its page tables, PVH start information, registers
 * in long mode. Trusts the boot file: it is ours.
 */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/origin.h"
#include "lib/elf.h"
#include "tender/kvm/monitor.h"
#include "tender/kvm/virtio.h"

#define SHIM_OFFSET UINT64_C(0xffffffff80000000)
#define GIB (UINT64_C(1) << 30)
#define MIB2 (UINT64_C(2) << 20)

/* PVH (Xen, public/arch-x86/hvm/start_info.h), version 1. */
struct start_info {
    uint32_t magic, version, flags, nr_modules;
    uint64_t modlist_paddr, cmdline_paddr, rsdp_paddr, memmap_paddr;
    uint32_t memmap_entries, reserved;
    struct {
        uint64_t paddr, size, cmdline_paddr, reserved;
    } module;
    struct {
        uint64_t addr, size;
        uint32_t type, reserved;
    } memmap[3];
};

/* ---- the boot file ----------------------------------------------------- */

static void read_note(struct machine *m, const uint8_t *note, uint64_t len)
{
    while (len >= 12) {
        const uint32_t *head = (const void *)note;
        uint64_t name = (head[0] + 3u) & ~3u, desc = (head[1] + 3u) & ~3u;

        if (name > len - 12 || desc > len - 12 - name)
            return;
        if (head[2] == MONITOR_NOTE_TYPE && head[0] == 8 &&
            head[1] == sizeof(m->note) && !memcmp(note + 12, "Einkorn", 8))
            memcpy(&m->note, note + 12 + name, sizeof(m->note));
        note += 12 + name + desc;
        len -= 12 + name + desc;
    }
}

void boot_load_shim(struct machine *m, const char *file)
{
    int fd = options_open("boot file", file);
    const struct elf64_ehdr *eh;
    const struct elf64_phdr *ph;
    const uint8_t *elf;
    struct stat st;

    if (fstat(fd, &st) < 0 || st.st_size < (off_t)sizeof(*eh))
        die("boot file %s: too short", file);
    elf = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (elf == MAP_FAILED)
        die("map boot file %s: %m", file);
    close(fd);
    eh = (const void *)elf;
    if (elf_check_header(elf, (uint64_t)st.st_size))
        die("boot file %s: not an ELF program for x86-64", file);
    ph = (const void *)(elf + eh->e_phoff);
    for (uint32_t i = 0; i < eh->e_phnum; i++) {
        uint8_t *to = gmem_ptr(&m->gmem, ph[i].p_paddr, ph[i].p_memsz);

        if (ph[i].p_offset > (uint64_t)st.st_size ||
            ph[i].p_filesz > (uint64_t)st.st_size - ph[i].p_offset ||
            ph[i].p_filesz > ph[i].p_memsz)
            die("boot file %s: cut short", file);
        if (ph[i].p_type == ELF_PT_NOTE)
            read_note(m, elf + ph[i].p_offset, ph[i].p_filesz);
        if (ph[i].p_type != ELF_PT_LOAD)
            continue;
        if (!to)
            die("%llu bytes of memory: too little for the boot file",
                (unsigned long long)m->gmem.regions[0].len_bytes);
        memcpy(to, elf + ph[i].p_offset, ph[i].p_filesz);
        if (ph[i].p_paddr + ph[i].p_memsz > m->ram_taken)
            m->ram_taken = ph[i].p_paddr + ph[i].p_memsz;
    }
    m->ram_taken = (m->ram_taken + 4095) & -UINT64_C(4096);
    munmap((void *)(uintptr_t)elf, (size_t)st.st_size);
    if (!m->note.entry)
        die("boot file %s: has no entry for this monitor", file);
}

/* ---- page tables ------------------------------------------------------- */

static uint64_t *table(const struct machine *m, uint64_t gpa)
{
    uint64_t *t = gmem_ptr(&m->gmem, gpa, 4096);

    if (!t || gpa % 4096)
        die("the boot file's note names a wild table");
    return t;
}

static void fill_large(uint64_t *pd, uint64_t gpa)
{
    for (uint32_t i = 0; i < 512; i++)
        pd[i] = (gpa + i * MIB2) | PTE_P | PTE_W | PTE_LARGE;
}

/* The direct map: 4 GiB, then only what holds something. */
static void map_direct(const struct machine *m, uint64_t gpa, uint64_t len)
{
    static uint64_t next = GPA_TABLES;
    uint64_t *pdpt = table(m, m->note.pdpt);

    for (uint64_t gib = gpa & -GIB; gib < gpa + len; gib += GIB) {
        uint64_t *entry = &pdpt[gib / GIB];

        if (*entry)
            continue;
        if (next >= GPA_IO || gib / GIB >= 512)
            die("memory and image together are too large");
        fill_large(table(m, next), gib);
        *entry = next | PTE_P | PTE_W;
        next += 4096;
    }
}

/* The shim's sections, each with its rights. */
static void map_shim(const struct machine *m)
{
    const struct monitor_note *n = &m->note;
    uint64_t *pt = table(m, n->shim_pt);

    for (uint64_t va = n->text; va < n->end; va += 4096)
        pt[va >> 12 & 511] = (va - SHIM_OFFSET) | PTE_P |
                             (va >= n->rodata ? PTE_NX : 0) |
                             (va >= n->data ? PTE_W : 0);
    table(m, n->shim_pd)[n->text >> 21 & 511] = n->shim_pt | PTE_P | PTE_W;
    table(m, n->shim_pdpt)[n->text >> 30 & 511] = n->shim_pd | PTE_P | PTE_W;
}

static void make_tables(const struct machine *m, uint64_t mem_bytes)
{
    const struct monitor_note *n = &m->note;
    uint64_t *pdpt = table(m, n->pdpt), *pml4 = table(m, n->pml4);

    for (uint32_t i = 0; i < 4; i++) {
        fill_large(table(m, n->pd + i * 4096), i * GIB);
        pdpt[i] = (n->pd + i * 4096) | PTE_P | PTE_W;
    }
    table(m, n->pd + 3 * 4096)[0xfee00000 >> 21 & 511] |= PTE_PCD;
    if (mem_bytes > GPA_RAM_HOLE)
        map_direct(m, GPA_HIGH, mem_bytes - GPA_RAM_HOLE);
    map_direct(m, GPA_BUNDLE, m->bundle_bytes);
    map_shim(m);
    pml4[256] = n->pdpt | PTE_P | PTE_W | PTE_NX;
    pml4[511] = n->shim_pdpt | PTE_P | PTE_W;
}

/* ---- start information ------------------------------------------------- */

static void write_cmdline(const struct machine *m)
{
    char *text = (char *)m->low + GPA_CMDLINE;
    size_t room = 2048;

    for (uint32_t i = 0; i < m->nr_devs; i++) {
        int n = snprintf(text, room, "virtio_mmio.device=4K@0x%llx:%u ",
                         (unsigned long long)(GPA_VIRTIO + i * 4096),
                         machine_line_of(i));

        text += n;
        room -= (size_t)n;
    }
}

static void add_ram(struct start_info *info, uint64_t addr, uint64_t end)
{
    uint32_t i = info->memmap_entries++;

    info->memmap[i].addr = addr;
    info->memmap[i].size = end - addr;
    info->memmap[i].type = 1;
}

/* All but what the boot file and what is prepared for it have taken. */
static void write_memory_map(const struct machine *m, struct start_info *info,
                             uint64_t mem_bytes)
{
    uint64_t low = mem_bytes < GPA_RAM_HOLE ? mem_bytes : GPA_RAM_HOLE;

    add_ram(info, m->ram_taken, low);
    add_ram(info, 0, GPA_BOOT_FILE);
    if (mem_bytes > low)
        add_ram(info, GPA_HIGH, GPA_HIGH + mem_bytes - low);
    info->memmap_paddr = GPA_START_INFO + offsetof(struct start_info, memmap);
}

void boot_prepare(struct machine *m, uint64_t mem_bytes)
{
    struct start_info *info = (void *)(m->low + GPA_START_INFO);

    make_tables(m, mem_bytes);
    prepare(m, mem_bytes);
    write_cmdline(m);
    info->magic = 0x336ec578;
    info->version = 1;
    info->nr_modules = 1;
    info->modlist_paddr = GPA_START_INFO + offsetof(struct start_info, module);
    info->cmdline_paddr = GPA_CMDLINE;
    info->module.paddr = GPA_BUNDLE;
    info->module.size = m->bundle_bytes;
    write_memory_map(m, info, mem_bytes);
    m->page->magic = MONITOR_MAGIC;
    m->page->io_gpa = GPA_IO;
    m->page->nr_vcpus = m->nr_vcpus;
    m->page->flags = (m->native_ring3 ? MONITOR_NATIVE_RING3 : 0u) |
                     (m->kvm_clock ? MONITOR_KVM_CLOCK : 0u);
}

/* ---- registers --------------------------------------------------------- */

static struct kvm_segment segment(uint16_t selector, uint8_t type)
{
    return (struct kvm_segment){
        .limit = 0xffffffff,
        .selector = selector,
        .type = type,
        .present = 1,
        .s = 1,
        .g = 1,
        .l = type == 0xb,
        .db = type != 0xb,
    };
}

/* Before the guest asks: its XSETBV is an exit, and QEMU 7.2, when it emulates
 * a processor with virtualisation, leaves that out, so that KVM would go on
 * with the old value. */
static void set_xcr0(const struct vcpu *v)
{
    struct kvm_xcrs xcrs = {.nr_xcrs = 1,
                            .xcrs = {{.xcr = 0, .value = v->vector_state}}};

    if (v->vector_state && ioctl(v->fd, KVM_SET_XCRS, &xcrs) < 0)
        die("KVM_SET_XCRS: %m");
}

static void set_registers(const struct machine *m, const struct vcpu *v)
{
    struct kvm_regs regs = {
        .rip = v->index ? m->note.cpu_entry : m->note.entry,
        .rdi = GPA_START_INFO,
        .rsi = GPA_MONITOR,
        .rflags = 2,
    };
    struct kvm_sregs sregs;

    if (ioctl(v->fd, KVM_GET_SREGS, &sregs) < 0)
        die("KVM_GET_SREGS: %m");
    sregs.cr0 = 0x80010033; /* PG, WP, NE, ET, MP, PE */
    sregs.cr3 = m->note.pml4;
    sregs.cr4 = 0x20;   /* PAE */
    sregs.efer = 0xd01; /* NXE, LMA, LME, SCE */
    sregs.cs = segment(0x10, 0xb);
    sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = segment(0x18, 3);
    if (ioctl(v->fd, KVM_SET_SREGS, &sregs) < 0 ||
        ioctl(v->fd, KVM_SET_REGS, &regs) < 0)
        die("set the virtual CPU's registers: %m");
    if (!m->native_ring3)
        set_xcr0(v);
}

void boot_set_registers(const struct machine *m)
{
    for (uint32_t i = 0; i < m->nr_vcpus; i++)
        set_registers(m, &m->vcpus[i]);
}

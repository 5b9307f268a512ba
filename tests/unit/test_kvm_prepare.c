/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: tender/kvm/prepare.c tender/kvm/gva.c lib/elf.c */
/* What einkorn-kvm prepares for its guest, read back through the tables as a
 * debugger does: content, rights, what is left for the first touch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/bundle.h"
#include "abi/origin.h"
#include "lib/elf.h"
#include "tender/kvm/gva.h"
#include "tender/kvm/monitor.h"

enum { PAGE = 4096, MIB = 1 << 20 };
enum { PML4 = 0x200000, TOP_SHADOW = 0x201000, PLACES = 0x202000 };
enum { RING3 = 0x203000, FIRST_FREE = 0x205000 };
/* The bundle: header, configuration, kernel of three segments, image. */
enum { CONFIG = PAGE, KERNEL = 2 * PAGE, KERNEL_BYTES = 4 * PAGE + 100 };
enum { IMAGE = 7 * PAGE, IMAGE_PAGES = 300, NR_PAGES = 7 + IMAGE_PAGES };
/* Its data: some bytes in the file, then zeroes, to far behind. */
enum { DATA_BYTES = PAGE + 50, DATA_MEM = 20 * PAGE };

#define TEXT_AT ABI_KERNEL_BASE
#define DATA_AT (ABI_KERNEL_BASE + 2 * PAGE)
#define RING3_AT ABI_PLATFORM_BASE
#define STACK_AT (ABI_PLATFORM_BASE + 0x120000)

static struct machine m;
static uint8_t bundle[NR_PAGES * PAGE] __attribute__((aligned(PAGE)));
static jmp_buf died;
static bool may_die;

void die(const char *fmt, ...)
{
    if (may_die)
        longjmp(died, 1);
    fprintf(stderr, "die: %s\n", fmt);
    abort();
}

static struct elf64_phdr load(uint32_t flags, uint64_t off, uint64_t addr,
                              uint64_t bytes, uint64_t mem)
{
    return (struct elf64_phdr){.p_type = ELF_PT_LOAD,
                               .p_flags = flags,
                               .p_offset = off,
                               .p_vaddr = addr,
                               .p_filesz = bytes,
                               .p_memsz = mem,
                               .p_align = PAGE};
}

static void make_kernel(uint8_t *file)
{
    struct elf64_phdr phs[] = {
        load(ELF_PF_R | ELF_PF_X, 0, TEXT_AT, PAGE, PAGE),
        load(ELF_PF_R, PAGE, TEXT_AT + PAGE, 100, 100),
        load(ELF_PF_R | ELF_PF_W, 2 * PAGE, DATA_AT, DATA_BYTES, DATA_MEM),
    };
    struct elf64_ehdr eh = {.e_ident = {0x7f, 'E', 'L', 'F', 2, 1, 1},
                            .e_type = ELF_ET_EXEC,
                            .e_machine = ELF_EM_X86_64,
                            .e_version = 1,
                            .e_entry = TEXT_AT + 0x200,
                            .e_phoff = sizeof(eh),
                            .e_ehsize = sizeof(eh),
                            .e_phentsize = sizeof(phs[0]),
                            .e_phnum = 3};

    memcpy(file, &eh, sizeof(eh));
    memcpy(file + sizeof(eh), phs, sizeof(phs));
}

static void make_bundle(void)
{
    struct bundle_header h = {.magic = BUNDLE_MAGIC,
                              .config = {CONFIG, 20},
                              .kernel = {KERNEL, KERNEL_BYTES},
                              .image = {IMAGE, IMAGE_PAGES * PAGE}};

    for (size_t i = 0; i < sizeof(bundle); i++)
        bundle[i] = (uint8_t)(i / PAGE * 7 + i % 251 + 1);
    memcpy(bundle, &h, sizeof(h));
    make_kernel(bundle + KERNEL);
}

static void make_machine(uint64_t mem_bytes)
{
    static const struct monitor_map maps[] = {
        {RING3_AT, RING3, PAGE, ABI_PROT_READ | ABI_PROT_EXEC},
        {STACK_AT, 0, 16 * PAGE, ABI_PROT_READ | ABI_PROT_WRITE},
        {0, 0, 0, 0},
    };

    free(m.low);
    memset(&m, 0, sizeof(m));
    m.low = calloc(1, mem_bytes);
    m.page = (void *)(m.low + GPA_MONITOR);
    m.gmem.regions[m.gmem.nr_regions++] =
        (struct gmem_region){0, mem_bytes, m.low};
    m.rom.regions[m.rom.nr_regions++] =
        (struct gmem_region){GPA_BUNDLE, sizeof(bundle), bundle};
    m.note.pml4 = PML4;
    m.note.top_shadow = TOP_SHADOW;
    m.note.shadows = PLACES;
    m.note.maps = PLACES + 64;
    m.ram_taken = FIRST_FREE;
    memcpy(m.low + m.note.maps, maps, sizeof(maps));
    memset(m.low + RING3, 0x5a, PAGE);
    make_bundle();
}

static void prepare_all(uint64_t mem_bytes)
{
    make_machine(mem_bytes);
    prepare(&m, mem_bytes);
}

static uint64_t entry(uint64_t addr)
{
    uint64_t table = PML4;

    for (int level = TOP_LEVEL;; level--) {
        uint64_t e;

        memcpy(&e, m.low + table + 8 * table_index(addr, level), sizeof(e));
        if (!(e & PTE_P) || !level)
            return e;
        table = e & PTE_ADDR;
    }
}

static void assert_bytes(uint64_t addr, const void *want, uint64_t len)
{
    uint8_t *got = malloc(len);

    assert_int_equal(gva_read(&m, PML4, addr, got, len), len);
    assert_memory_equal(got, want, len);
    free(got);
}

static void assert_rights(uint64_t addr, uint64_t want)
{
    const uint64_t mask = PTE_P | PTE_W | PTE_U | PTE_NX;

    assert_int_equal(entry(addr) & mask, want | PTE_P | PTE_U);
}

static void test_prepare_kernel(void **state)
{
    static const uint8_t zeroes[DATA_MEM];

    (void)state;
    prepare_all(64 * MIB);
    assert_bytes(TEXT_AT, bundle + KERNEL, PAGE + 100);
    assert_bytes(DATA_AT, bundle + KERNEL + 2 * PAGE, DATA_BYTES);
    assert_bytes(DATA_AT + DATA_BYTES, zeroes, DATA_MEM - DATA_BYTES);
    assert_rights(TEXT_AT, 0);
    assert_rights(TEXT_AT + PAGE, PTE_NX);
    assert_rights(DATA_AT, PTE_W | PTE_NX);
    assert_rights(DATA_AT + DATA_MEM - 1, PTE_W | PTE_NX);
    assert_int_equal(m.page->kernel_entry, TEXT_AT + 0x200);
    assert_int_equal(m.page->kernel_base, TEXT_AT);
    assert_int_equal(m.page->kernel_bytes, 2 * PAGE + DATA_MEM);
}

/* The file is never written: its writable pages are copies. */
static void test_prepare_data_is_own(void **state)
{
    uint8_t before = bundle[KERNEL + 2 * PAGE];

    (void)state;
    prepare_all(64 * MIB);
    assert_int_equal(gva_write(&m, PML4, DATA_AT, "\0", 1), 1);
    assert_int_equal(bundle[KERNEL + 2 * PAGE], before);
    assert_true(entry(DATA_AT) & PTE_OWNED);
    assert_false(entry(TEXT_AT) & PTE_OWNED);
}

static void test_prepare_windows(void **state)
{
    (void)state;
    prepare_all(64 * MIB);
    assert_bytes(ABI_CONFIG_BASE, bundle + CONFIG, 20);
    assert_bytes(ABI_IMAGE_BASE, bundle + IMAGE, IMAGE_PAGES * PAGE);
    assert_rights(ABI_IMAGE_BASE, PTE_NX);
    assert_rights(ABI_HEAP_BASE, PTE_W | PTE_NX);
    assert_bytes(MONITOR_HEADER_AT, bundle, sizeof(struct bundle_header));
    assert_bytes(MONITOR_PAGE_AT, m.page, sizeof(*m.page));
    assert_rights(MONITOR_PAGE_AT, PTE_NX);
    assert_rights(MONITOR_IO_AT + MONITOR_IO_BYTES - 1, PTE_W | PTE_NX);
}

static void test_prepare_wishes(void **state)
{
    uint8_t code[PAGE], byte;

    (void)state;
    prepare_all(64 * MIB);
    memset(code, 0x5a, sizeof(code));
    assert_bytes(RING3_AT, code, sizeof(code));
    assert_rights(RING3_AT, 0);
    assert_rights(STACK_AT + 16 * PAGE - 1, PTE_W | PTE_NX);
    assert_int_equal(gva_read(&m, PML4, STACK_AT - 1, &byte, 1), 0);
    assert_int_equal(gva_read(&m, PML4, STACK_AT + 16 * PAGE, &byte, 1), 0);
}

/* What is not there yet is known: the book says what a touch brings. */
static void test_prepare_leaves_the_rest(void **state)
{
    uint64_t behind = ABI_IMAGE_BASE + (IMAGE_PAGES - 1) * UINT64_C(4096);
    uint8_t byte = 1;

    (void)state;
    prepare_all(4 * MIB);
    assert_int_equal(entry(behind), 0);
    assert_bytes(behind, bundle + IMAGE + (IMAGE_PAGES - 1) * PAGE, PAGE);
    assert_int_equal(entry(DATA_AT + DATA_MEM - 1), 0);
    assert_bytes(ABI_HEAP_BASE + ABI_HEAP_MAX - 1, "\0", 1);
    assert_int_equal(gva_read(&m, PML4, behind + PAGE, &byte, 1), 0);
    assert_int_equal(gva_read(&m, PML4, 0x400000, &byte, 1), 0);
}

/* Marks a table and what hangs below it: fails on what was given twice. */
static void mark(uint8_t *seen, uint64_t gpa, int level)
{
    for (uint32_t i = 0; i < NR_ENTRIES; i++) {
        uint64_t e;

        memcpy(&e, m.low + gpa + 8 * i, sizeof(e));
        if (!(e & PTE_P) || (!level && !(e & PTE_OWNED)))
            continue;
        e &= PTE_ADDR;
        assert_in_range(e, FIRST_FREE, m.ram_taken - PAGE);
        assert_int_equal(seen[e / PAGE]++, 0);
        if (level)
            mark(seen, e, level - 1);
    }
}

static void test_prepare_gives_each_page_once(void **state)
{
    static uint8_t seen[64 * MIB / PAGE];

    (void)state;
    prepare_all(64 * MIB);
    mark(seen, PML4, TOP_LEVEL);
}

static void assert_refused(uint64_t mem_bytes)
{
    may_die = true;
    if (!setjmp(died)) {
        prepare(&m, mem_bytes);
        may_die = false;
        fail_msg("not refused");
    }
    may_die = false;
}

static void test_prepare_refuses(void **state)
{
    struct bundle_header *h = (void *)bundle;

    (void)state;
    make_machine(64 * MIB);
    h->kernel.len_bytes = PAGE; /* cut short */
    assert_refused(64 * MIB);
    make_machine(64 * MIB);
    bundle[KERNEL] = 0;
    assert_refused(64 * MIB);
    make_machine(64 * MIB);
    h->config.len_bytes = 2 * MIB;
    assert_refused(64 * MIB);
    make_machine(FIRST_FREE + 8 * PAGE);
    assert_refused(FIRST_FREE + 8 * PAGE);
}

static void test_prepare_only_if_asked(void **state)
{
    (void)state;
    make_machine(4 * MIB);
    m.note.maps = 0;
    prepare(&m, 4 * MIB);
    assert_int_equal(m.ram_taken, FIRST_FREE);
    assert_int_equal(entry(TEXT_AT), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prepare_kernel),
        cmocka_unit_test(test_prepare_data_is_own),
        cmocka_unit_test(test_prepare_windows),
        cmocka_unit_test(test_prepare_wishes),
        cmocka_unit_test(test_prepare_leaves_the_rest),
        cmocka_unit_test(test_prepare_gives_each_page_once),
        cmocka_unit_test(test_prepare_refuses),
        cmocka_unit_test(test_prepare_only_if_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

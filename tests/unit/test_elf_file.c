/* SPDX-License-Identifier: BSD-2-Clause */
/* Library names of ELF files whose tables contradict each other. */
/* sources: host/image/elf_file.c lib/elf.c host/common/xalloc.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <unistd.h>

#include "host/image/elf_file.h"
#include "lib/elf.h"

enum { NR_NEEDED = 24, VADDR = 0x400000 };

struct image {
    struct elf64_ehdr eh;
    struct elf64_phdr ph[3];
    struct elf64_dyn dyn[NR_NEEDED + 1];
    char strings[16];
};

static struct image with_two_dynamics(void)
{
    struct image im = {
        .eh = {.e_ident = {0x7f, 'E', 'L', 'F', 2, 1, 1},
               .e_type = ELF_ET_DYN,
               .e_machine = ELF_EM_X86_64,
               .e_phoff = sizeof(struct elf64_ehdr),
               .e_phentsize = sizeof(struct elf64_phdr),
               .e_phnum = 3},
        .ph = {{.p_type = ELF_PT_LOAD,
                .p_vaddr = VADDR,
                .p_filesz = sizeof(im),
                .p_memsz = sizeof(im)}},
        .strings = "\0lib.so.1",
    };

    for (int i = 0; i < NR_NEEDED; i++)
        im.dyn[i] = (struct elf64_dyn){ELF_DT_NEEDED, 1};
    im.dyn[NR_NEEDED] = (struct elf64_dyn){
        ELF_DT_STRTAB, VADDR + offsetof(struct image, strings)};
    im.ph[1] = im.ph[2] =
        (struct elf64_phdr){.p_type = ELF_PT_DYNAMIC,
                            .p_offset = offsetof(struct image, dyn),
                            .p_filesz = sizeof(im.dyn)};
    return im;
}

static void test_elf_file_takes_all_dynamic_segments(void **state)
{
    struct image im = with_two_dynamics();
    char path[] = "/tmp/elf.XXXXXX";
    int fd = mkstemp(path), reason;
    struct elf_file f;

    (void)state;
    assert_int_equal(write(fd, &im, sizeof(im)), sizeof(im));
    close(fd);
    assert_true(elf_file_open(&f, path, &reason));
    assert_int_equal(f.nr_needed, 2 * NR_NEEDED);
    for (size_t i = 0; i < f.nr_needed; i++)
        assert_string_equal(f.needed[i], "lib.so.1");
    elf_file_close(&f);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_elf_file_takes_all_dynamic_segments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

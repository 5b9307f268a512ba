/* SPDX-License-Identifier: BSD-2-Clause */
/* A patched program really runs: a static busybox with its patched text and
 * trampolines in place is started on Linux itself. Where the library OS would
 * stand, an entry of a few lines makes the real system call. */
/* sources: host/patch/patch.c host/patch/code.c host/patch/decode.c */
/* sources: host/patch/starts.c host/patch/fdes.c host/patch/pointers.c */
/* sources: host/patch/survey.c host/patch/site.c host/patch/cpuid.c */
/* sources: host/patch/go.c host/patch/tramp.c host/patch/insn.c */
/* sources: host/patch/elf_view.c host/common/xalloc.c lib/elf.c */
/* libs: -lZydis */
#include <asm/prctl.h>
#include <elf.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "abi/platform.h"
#include "host/patch/cpuid.h"
#include "host/patch/patch.h"
#include "lib/elf.h"

#define PAGE_DOWN(v) ((v) & ~UINT64_C(4095))

static const char program[] = "/bin/busybox";

/* What GS points at. Return addresses are stacked, for a signal handler may
 * make calls while one is under way. */
struct cpu {
    uint64_t unused[2];
    uint64_t entry; /* ABI_VCPU_SYSCALL_ENTRY */
    uint64_t unused2;
    uint64_t *top; /* %gs:32 */
    uint64_t back[10];
    const struct sidecar_cpuid *cpuid; /* ABI_VCPU_CPUID */
    uint64_t more_back[500];
};

_Static_assert(offsetof(struct cpu, cpuid) == ABI_VCPU_CPUID, "abi");

/* Return address in rcx; only rcx and r11 may change, as on Linux. */
__asm__(".globl test_entry\n"
        "test_entry:\n"
        "    mov %gs:32, %r11\n"
        "    mov %rcx, (%r11)\n"
        "    lea 8(%r11), %r11\n"
        "    mov %r11, %gs:32\n"
        "    syscall\n"
        "    mov %gs:32, %r11\n"
        "    lea -8(%r11), %r11\n"
        "    mov %r11, %gs:32\n"
        "    jmp *(%r11)\n");
extern const char test_entry[];

static const uint8_t *read_program(size_t *len)
{
    int fd = open(program, O_RDONLY);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return NULL;
    *len = (size_t)st.st_size;
    return mmap(NULL, *len, PROT_READ, MAP_PRIVATE, fd, 0);
}

static void put_bytes(uint64_t at, const uint8_t *bytes, size_t len, int prot)
{
    uint64_t start = PAGE_DOWN(at), end = PAGE_DOWN(at + len + 4095);

    mmap((void *)start, end - start, PROT_READ | PROT_WRITE,
         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    memcpy((void *)at, bytes, len);
    mprotect((void *)start, end - start, prot);
}

/* Load at `bias`; the program's break begins behind, wherever that is. */
static void load(const uint8_t *file, const struct patched_elf *elf,
                 uint64_t bias)
{
    const Elf64_Ehdr *eh = (const void *)file;
    const Elf64_Phdr *ph = (const void *)(file + eh->e_phoff);

    for (int i = 0; i < eh->e_phnum; i++) {
        uint64_t at = bias + ph[i].p_vaddr;
        uint64_t end = PAGE_DOWN(at + ph[i].p_memsz + 4095);

        if (ph[i].p_type != PT_LOAD)
            continue;
        mmap((void *)PAGE_DOWN(at), end - PAGE_DOWN(at), PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        memcpy((void *)at, file + ph[i].p_offset, ph[i].p_filesz);
        for (uint32_t k = 0; k < elf->nr_segs; k++) {
            const struct patched_seg *seg = &elf->segs[k];

            if (PAGE_DOWN(ph[i].p_offset) != seg->abi.file_off)
                continue;
            put_bytes(PAGE_DOWN(at), seg->text, seg->abi.len_bytes,
                      PROT_READ | PROT_EXEC);
            put_bytes(PAGE_DOWN(at) + (uint64_t)seg->abi.tramp_delta,
                      seg->tramp, seg->abi.tramp_len_bytes,
                      PROT_READ | PROT_EXEC);
        }
    }
}

static void push(uint64_t **sp, uint64_t value)
{
    *(*sp)++ = value;
}

static uint64_t *make_stack(const uint8_t *file, uint64_t bias,
                            const char *script)
{
    const Elf64_Ehdr *eh = (const void *)file;
    static uint8_t random[16];
    uint64_t *stack = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint64_t *sp = stack + (1 << 16), *top = sp;
    const Elf64_Phdr *ph = (const void *)(file + eh->e_phoff);
    uint64_t phdr = bias + ph[0].p_vaddr - ph[0].p_offset + eh->e_phoff;

    for (int i = 0; i < eh->e_phnum; i++)
        if (ph[i].p_type == PT_PHDR)
            phdr = bias + ph[i].p_vaddr;
    push(&sp, 3);
    push(&sp, (uint64_t) "sh");
    push(&sp, (uint64_t) "-c");
    push(&sp, (uint64_t)script);
    push(&sp, 0);
    push(&sp, (uint64_t) "PATH=/bin:/usr/bin");
    push(&sp, 0);
    const uint64_t auxv[][2] = {
        {AT_PHDR, phdr},
        {AT_PHENT, sizeof(*ph)},
        {AT_PHNUM, eh->e_phnum},
        {AT_PAGESZ, 4096},
        {AT_ENTRY, bias + eh->e_entry},
        {AT_RANDOM, (uint64_t)random},
        {AT_SECURE, 0},
        {AT_NULL, 0},
    };
    memcpy(sp, auxv, sizeof(auxv));
    return top;
}

static void run_patched(const char *script)
{
    size_t len;
    const uint8_t *file = read_program(&len);
    const Elf64_Ehdr *eh = (const void *)file;
    struct patch_stats stats = {0};
    struct patched_elf elf;
    static struct cpu cpu;
    struct sidecar_cpuid *cpuid;
    uint64_t bias = 0, *sp;

    patch_elf(&elf, file, len, &stats);
    if (eh->e_type == ET_DYN)
        bias = (uint64_t)mmap(NULL, elf.span_bytes, PROT_NONE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    load(file, &elf, bias);
    cpu.entry = (uint64_t)test_entry;
    cpu.top = cpu.more_back;
    cpuid_collect(&cpuid);
    cpu.cpuid = cpuid;
    sp = make_stack(file, bias, script);
    syscall(SYS_arch_prctl, ARCH_SET_GS, &cpu);
    __asm__ volatile("mov %0, %%rsp\n"
                     "xor %%edx, %%edx\n"
                     "jmp *%1\n"
                     :
                     : "r"(sp), "r"(bias + eh->e_entry)
                     : "memory");
    __builtin_unreachable();
}

/* The script's output under the patched busybox. */
static size_t output_of(const char *script, char *out, size_t size)
{
    int pipefd[2], status = -1;
    size_t done = 0;
    ssize_t n;
    pid_t pid;

    assert_int_equal(pipe(pipefd), 0);
    pid = fork();
    if (pid == 0) {
        dup2(pipefd[1], 1);
        close(pipefd[0]);
        close(pipefd[1]);
        alarm(20);
        run_patched(script);
    }
    close(pipefd[1]);
    while ((n = read(pipefd[0], out + done, size - 1 - done)) > 0)
        done += (size_t)n;
    close(pipefd[0]);
    out[done] = '\0';
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
    return done;
}

static int have_static_program(void **state)
{
    char command[200];

    (void)state;
    snprintf(command, sizeof(command),
             "test -x %s && ! readelf -l %s | grep -q INTERP", program,
             program);
    if (system(command) == 0)
        return 0;
    print_message("SKIP %s is missing or not static\n", program);
    return -1;
}

static void test_patched_program_runs(void **state)
{
    char out[4096];

    (void)state;
    output_of("echo one; x=$((6 * 7)); echo $x", out, sizeof(out));
    assert_string_equal(out, "one\n42\n");
}

static void test_patched_program_forks_and_handles_signals(void **state)
{
    char out[4096];

    (void)state;
    output_of("trap 'echo caught' USR1; kill -USR1 $$; "
              "i=0; while [ $i -lt 50 ]; do echo $i; i=$((i + 1)); done | "
              "(n=0; while read x; do n=$((n + x)); done; echo $n); "
              "cd /etc; test -r passwd && pwd",
              out, sizeof(out));
    assert_string_equal(out, "caught\n1225\n/etc\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patched_program_runs),
        cmocka_unit_test(test_patched_program_forks_and_handles_signals),
    };

    if (have_static_program(NULL) < 0)
        return 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

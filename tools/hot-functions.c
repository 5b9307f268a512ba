/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hot-functions KERNEL PROGRAM [ARG...]: runs PROGRAM (a tender with its
 * arguments) one instruction at a time and prints the names of the kernel's
 * functions in the order of their first use. See tools/hot-order.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

struct function {
    uint64_t begin, end;
    const char *name;
    int seen;
};

static struct function *functions;
static size_t nr_functions;

static int by_address(const void *a, const void *b)
{
    const struct function *x = a, *y = b;

    return x->begin < y->begin ? -1 : x->begin > y->begin;
}

static void take_symbols(const char *file, const Elf64_Shdr *table,
                         const Elf64_Shdr *names)
{
    const Elf64_Sym *symbols = (const void *)(file + table->sh_offset);
    size_t nr = table->sh_size / sizeof(*symbols);

    functions = calloc(nr, sizeof(*functions));
    for (size_t i = 0; functions && i < nr; i++)
        if (ELF64_ST_TYPE(symbols[i].st_info) == STT_FUNC)
            functions[nr_functions++] = (struct function){
                .begin = symbols[i].st_value,
                .end = symbols[i].st_value + symbols[i].st_size,
                .name = file + names->sh_offset + symbols[i].st_name,
            };
    qsort(functions, nr_functions, sizeof(*functions), by_address);
}

/* The kernel is our own build: it is believed. */
static int read_kernel(const char *path)
{
    int fd = open(path, O_RDONLY);
    const Elf64_Shdr *sections;
    const Elf64_Ehdr *eh;
    const char *file;
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return -1;
    file = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (file == MAP_FAILED)
        return -1;
    eh = (const void *)file;
    sections = (const void *)(file + eh->e_shoff);
    for (int i = 0; i < eh->e_shnum; i++)
        if (sections[i].sh_type == SHT_SYMTAB)
            take_symbols(file, &sections[i], &sections[sections[i].sh_link]);
    return nr_functions ? 0 : -1;
}

static struct function *find(uint64_t address)
{
    size_t lo = 0, hi = nr_functions;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (functions[mid].end <= address)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < nr_functions && functions[lo].begin <= address ? &functions[lo]
                                                               : NULL;
}

static void note(pid_t pid)
{
    struct user_regs_struct regs;
    struct function *f;

    if (ptrace(PTRACE_GETREGS, pid, NULL, &regs) < 0)
        return;
    f = find(regs.rip);
    if (f && !f->seen) {
        f->seen = 1;
        puts(f->name);
    }
}

static int step_to_the_end(pid_t pid)
{
    int status, signal = 0;

    waitpid(pid, &status, 0);
    ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_EXITKILL);
    while (ptrace(PTRACE_SINGLESTEP, pid, NULL, signal) == 0) {
        waitpid(pid, &status, 0);
        if (!WIFSTOPPED(status))
            break;
        signal = WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status);
        note(pid);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv)
{
    pid_t pid;

    if (argc < 3 || read_kernel(argv[1]) < 0) {
        fprintf(stderr, "usage: hot-functions KERNEL PROGRAM [ARG...]\n");
        return 2;
    }
    pid = fork();
    if (pid == 0) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        dup2(2, 1);
        execv(argv[2], argv + 2);
        _exit(127);
    }
    return pid < 0 ? 1 : step_to_the_end(pid);
}

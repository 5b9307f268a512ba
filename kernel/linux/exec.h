/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Starting programs: execve(2), and the first program of the instance. Inside
 * it is: arguments (exec_args.c), what to execute (exec_load.c), ELF files
 * (elf_load.c), the initial stack (exec_stack.c), the change (exec.c).
 */
#ifndef EINKORN_KERNEL_LINUX_EXEC_H
#define EINKORN_KERNEL_LINUX_EXEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/elf.h"

struct file;

/* Body of the first thread: loads what the configuration names and enters it.
 * If that cannot be done, one line says why and the instance ends with status
 * 127 (not found) or 126 (cannot be executed). */
_Noreturn void exec_init_program(void);

/* ---- argument and environment strings --------------------------------- */

enum {
    EXEC_STRING_MAX = 131072,   /* one string, as MAX_ARG_STRLEN */
    EXEC_STRINGS_MAX = 6 << 20, /* all of them, as Linux */
    EXEC_PATH_MAX = 4096,
    EXEC_SCRIPT_LINE_MAX = 256, /* "#!" line, as BINPRM_BUF_SIZE */
};

/* All strings one after another, argv before envp, NUL after each. */
struct exec_args {
    char *buf;
    size_t len_bytes, size_bytes;
    size_t argv_bytes; /* of that: argv */
    uint32_t argc, envc;
};

/* Strings must be added in order: all of argv, then the environment. 0,
 * -E2BIG or -ENOMEM. */
int exec_args_add_arg(struct exec_args *a, const char *string);
int exec_args_add_env(struct exec_args *a, const char *string);
/* NULL-terminated arrays of the program; 0 is an empty one. Also -EFAULT. */
int exec_args_import(struct exec_args *a, uint64_t argv_uptr,
                     uint64_t envp_uptr);
/* As binfmt_script: argv[0] is replaced by interp, arg (unless NULL), path. */
int exec_args_insert_script(struct exec_args *a, const char *interp,
                            const char *arg, const char *path);
void exec_args_free(struct exec_args *a);

/* ---- ELF files -------------------------------------------------------- */

/* A checked file, not yet mapped. */
struct elf_program {
    struct file *file;
    struct elf64_ehdr ehdr;
    struct elf64_phdr *phdrs;
    struct elf_span span;
    bool exec_stack;
    char *interp; /* NULL: none */
};

/* Where it ended up. */
struct elf_mapped {
    uint64_t bias;  /* added to the file's addresses */
    uint64_t entry; /* first instruction */
    uint64_t phdr;  /* program headers in memory, 0: not mapped */
    uint64_t end;   /* behind bss and trampolines: where a heap may begin */
};

/* Reads and checks the headers; takes over the file's reference on success.
 * 0 or -errno (-ENOEXEC: *reason says what is wrong). */
int elf_program_open(struct elf_program *p, struct file *file,
                     enum elf_reason *reason);
void elf_program_close(struct elf_program *p);
/* Maps the segments; ET_DYN at or near hint (0: anywhere). 0 or -errno. */
int elf_program_map(const struct elf_program *p, uint64_t hint,
                    struct elf_mapped *out);

/* ---- initial stack ---------------------------------------------------- */

struct exec_stack {
    const struct exec_args *args;
    const char *path; /* AT_EXECFN */
    const struct elf_program *program;
    const struct elf_mapped *main;
    uint64_t top;         /* of the stack */
    uint64_t interp_bias; /* AT_BASE, 0: none */
    uint64_t vdso;        /* AT_SYSINFO_EHDR, 0: none */
};

/* Maps an empty stack and sets where mmap looks for room, so it comes before
 * all other mappings. Its end, or -errno. */
int64_t exec_stack_map(bool executable);
/* Writes strings, vectors and auxv. Stack pointer at entry, or -errno. */
int64_t exec_stack_build(const struct exec_stack *s);

/* ---- loading ---------------------------------------------------------- */

/* A program on its way in. */
struct exec {
    struct exec_args args;
    char comm[16];
    struct elf_program main, loader;
    bool has_loader;
    bool is_script;           /* path is an interpreter now */
    enum elf_reason reason;   /* of -ENOEXEC and -ELIBBAD */
    const char *missing;      /* the loader, once it was looked for */
    char path[EXEC_PATH_MAX]; /* as asked for; then of the script's interp */
};

/* An empty one, or NULL. */
struct exec *exec_new(void);

/* All that can fail while the old program is still there: opens and checks
 * e->path and what it needs. dirfd and flags as execveat(2). 0 or -errno. */
int exec_load(struct exec *e, int dirfd, uint32_t flags);
/* Replaces the program. -errno: it is gone, and the new one is not there. */
int exec_commit(const struct exec *e);
void exec_free(struct exec *e); /* NULL is fine */

#endif

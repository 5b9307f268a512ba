/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finding out what is to be executed, through "#!" scripts to the ELF file and
 * its loader. Nothing of the running program is touched.
 */
#include <asm/errno.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "kernel/core/alloc.h"
#include "kernel/linux/exec.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/inode.h"
#include "kernel/vfs/namei.h"
#include "kernel/vfs/vfs.h"
#include "lib/string.h"

enum { SCRIPT_DEPTH_MAX = 5 };

struct exec *exec_new(void)
{
    struct exec *e = kmalloc(sizeof(*e));

    if (e) {
        memset(e, 0, offsetof(struct exec, path)); /* not pages of path */
        e->path[0] = '\0';
    }
    return e;
}

void exec_free(struct exec *e)
{
    if (!e)
        return;
    elf_program_close(&e->main);
    elf_program_close(&e->loader);
    exec_args_free(&e->args);
    kfree(e);
}

/* A regular file that may be executed. */
static int open_file(int dirfd, const char *path, uint32_t open_flags,
                     uint32_t lookup_flags, struct file **out)
{
    int err =
        vfs_open(dirfd, path, O_RDONLY | open_flags, 0, lookup_flags, out);

    if (err)
        return err;
    if (!(*out)->inode || !S_ISREG((*out)->inode->mode))
        err = -EACCES;
    else
        err = inode_permission((*out)->inode, 1);
    if (err)
        file_put(*out);
    return err;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Cuts the next word, or with `all` the rest of the line without blanks at
 * its end; NULL: there is none. */
static char *cut_word(char **line, bool all)
{
    char *word = *line, *end;

    while (is_blank(*word))
        word++;
    for (end = word; *end && (all || !is_blank(*end)); end++)
        ;
    *line = *end ? end + 1 : end;
    while (end > word && is_blank(end[-1]))
        end--;
    *end = '\0';
    return *word ? word : NULL;
}

/* "#!interp [arg]": the interpreter takes the script's place. */
static int enter_script(struct exec *e, struct file *script)
{
    char line[EXEC_SCRIPT_LINE_MAX + 1] = {0}, *rest = line + 2;
    char *end, *interp, *arg;
    int64_t n = file_pread_kernel(script, line, sizeof(line) - 1, 0);
    int err;

    if (n < 0)
        return (int)n;
    end = strchr(line, '\n');
    if (!end && n == sizeof(line) - 1)
        return -ENOEXEC; /* cut short: perhaps not the whole name */
    if (end)
        *end = '\0';
    interp = cut_word(&rest, false);
    arg = cut_word(&rest, true);
    if (!interp)
        return -ENOEXEC;
    err = exec_args_insert_script(&e->args, interp, arg, e->path);
    if (!err)
        strlcpy(e->path, interp, sizeof(e->path));
    e->is_script = true;
    return err;
}

/* The ELF file behind `file`, through scripts. Consumes the reference. */
static int load_main(struct exec *e, struct file *file)
{
    for (int depth = 0; depth < SCRIPT_DEPTH_MAX; depth++) {
        int err = elf_program_open(&e->main, file, &e->reason);

        if (!err)
            return 0;
        if (e->reason == ELF_SCRIPT) {
            err = enter_script(e, file);
            file_put(file);
            if (!err)
                err = open_file(AT_FDCWD, e->path, 0, 0, &file);
        } else {
            file_put(file);
        }
        if (err)
            return err;
    }
    file_put(file);
    return -ELOOP;
}

static int load_loader(struct exec *e)
{
    struct file *file;
    int err;

    if (!e->main.interp)
        return 0;
    e->missing = e->main.interp;
    err = open_file(AT_FDCWD, e->main.interp, 0, 0, &file);
    if (err)
        return err;
    err = elf_program_open(&e->loader, file, &e->reason);
    if (err)
        file_put(file);
    e->has_loader = !err;
    return err == -ENOEXEC ? -ELIBBAD : err;
}

int exec_load(struct exec *e, int dirfd, uint32_t flags)
{
    uint32_t open_flags = flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0;
    uint32_t lookup_flags = flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0;
    const char *slash = strrchr(e->path, '/');
    struct file *file;
    int err = open_file(dirfd, e->path, open_flags, lookup_flags, &file);

    if (err)
        return err;
    strlcpy(e->comm, slash ? slash + 1 : e->path, sizeof(e->comm));
    if (!e->path[0])
        file_path(file, e->path, sizeof(e->path));
    err = load_main(e, file);
    return err ? err : load_loader(e);
}

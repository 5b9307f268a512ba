/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Argument and environment strings on their way into a new program.
 */
#include <asm/errno.h>

#include "kernel/core/alloc.h"
#include "kernel/core/uaccess.h"
#include "kernel/linux/exec.h"
#include "lib/string.h"

static int reserve(struct exec_args *a, size_t more)
{
    size_t need = a->len_bytes + more, size = a->size_bytes;
    char *buf;

    if (need > EXEC_STRINGS_MAX)
        return -E2BIG;
    if (need <= size)
        return 0;
    size = size ? size : 2048;
    while (size < need)
        size *= 2;
    buf = krealloc(a->buf, size);
    if (!buf)
        return -ENOMEM;
    a->buf = buf;
    a->size_bytes = size;
    return 0;
}

static int add(struct exec_args *a, const char *string)
{
    size_t len = strlen(string) + 1;
    int err = reserve(a, len);

    if (err)
        return err;
    memcpy(a->buf + a->len_bytes, string, len);
    a->len_bytes += len;
    return 0;
}

int exec_args_add_arg(struct exec_args *a, const char *string)
{
    int err = add(a, string);

    if (err)
        return err;
    a->argv_bytes = a->len_bytes;
    a->argc++;
    return 0;
}

int exec_args_add_env(struct exec_args *a, const char *string)
{
    int err = add(a, string);

    a->envc += !err;
    return err;
}

/* One string of the program, straight into the block. Most are short: room is
 * made in steps. */
static int import_string(struct exec_args *a, uint64_t uptr)
{
    int64_t len = -ENAMETOOLONG;

    for (size_t room = 256; len == -ENAMETOOLONG; room *= 8) {
        int err = reserve(a, room);

        if (err)
            return err;
        len = strncpy_from_user(a->buf + a->len_bytes, uptr, room);
        if (room >= EXEC_STRING_MAX && len == -ENAMETOOLONG)
            return -E2BIG;
    }
    if (len < 0)
        return (int)len;
    a->len_bytes += (size_t)len + 1;
    return 0;
}

static int import_array(struct exec_args *a, uint64_t array, uint32_t *nr)
{
    uint64_t uptr;

    for (; array; array += sizeof(uptr)) {
        int err = copy_in(&uptr, array);

        if (!err && !uptr)
            break;
        if (!err)
            err = import_string(a, uptr);
        if (err)
            return err;
        ++*nr;
    }
    return 0;
}

int exec_args_import(struct exec_args *a, uint64_t argv_uptr,
                     uint64_t envp_uptr)
{
    int err = import_array(a, argv_uptr, &a->argc);

    a->argv_bytes = a->len_bytes;
    if (!err && a->argc == 0)
        err = exec_args_add_arg(a, ""); /* as Linux since 5.18 */
    return err ? err : import_array(a, envp_uptr, &a->envc);
}

int exec_args_insert_script(struct exec_args *a, const char *interp,
                            const char *arg, const char *path)
{
    size_t skip = a->argc ? strlen(a->buf) + 1 : 0;
    size_t rest = a->len_bytes - skip;
    struct exec_args n = {0};
    int err = exec_args_add_arg(&n, interp);

    if (!err && arg)
        err = exec_args_add_arg(&n, arg);
    if (!err)
        err = exec_args_add_arg(&n, path);
    if (!err)
        err = reserve(&n, rest);
    if (err) {
        exec_args_free(&n);
        return err;
    }
    memcpy(n.buf + n.len_bytes, a->buf + skip, rest);
    n.len_bytes += rest;
    n.argv_bytes += a->argv_bytes - skip;
    n.argc += a->argc - (a->argc > 0);
    n.envc = a->envc;
    exec_args_free(a);
    *a = n;
    return 0;
}

void exec_args_free(struct exec_args *a)
{
    kfree(a->buf);
    *a = (struct exec_args){0};
}

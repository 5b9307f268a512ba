/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first program of the instance, from its configuration.
 */
#include <asm/errno.h>
#include <linux/fcntl.h>
#include <linux/mman.h>

#include "abi/layout.h"
#include "kernel/core/alloc.h"
#include "kernel/core/config.h"
#include "kernel/core/log.h"
#include "kernel/linux/exec.h"
#include "kernel/mm/mm.h"
#include "kernel/sched/thread.h"
#include "lib/fmt.h"
#include "lib/string.h"

enum { STATUS_NOT_FOUND = 127, STATUS_NOT_EXEC = 126 };

static int add_configured(struct exec_args *a)
{
    const char *s;
    int err = 0;

    for (unsigned i = 0; !err && (s = config_get("arg", i)); i++)
        err = exec_args_add_arg(a, s);
    if (!err && a->argc == 0)
        err = exec_args_add_arg(a, config_get("exe", 0));
    for (unsigned i = 0; !err && (s = config_get("env", i)); i++)
        err = exec_args_add_env(a, s);
    return err;
}

static const char *configured_path(void)
{
    const char *s, *path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:"
                           "/sbin:/bin";

    for (unsigned i = 0; (s = config_get("env", i)); i++)
        if (strncmp(s, "PATH=", 5) == 0)
            path = s + 5;
    return path;
}

/* A name without slash is looked for in PATH, as execvp(3) does. */
static int load_by_name(struct exec *e, const char *name)
{
    const char *dir = configured_path(), *end;
    int err = -ENOENT;

    if (strchr(name, '/')) {
        strlcpy(e->path, name, sizeof(e->path));
        return exec_load(e, AT_FDCWD, 0);
    }
    for (; err == -ENOENT || err == -ENOTDIR; dir = end + 1) {
        end = strchr(dir, ':');
        end = end ? end : dir + strlen(dir);
        snprintf(e->path, sizeof(e->path), "%.*s%s%s", (int)(end - dir), dir,
                 end > dir ? "/" : "", name);
        err = exec_load(e, AT_FDCWD, 0);
        if (e->missing || !*end)
            break;
    }
    if (err == -ENOENT && !e->missing)
        strlcpy(e->path, name, sizeof(e->path));
    return err;
}

static const char *error_text(int err)
{
    switch (err) {
    case -ENOENT:
    case -ENOTDIR:
        return "there is no such file in the image";
    case -EACCES:
        return "it is not a file with execute permission";
    case -ELOOP:
        return "too many symbolic links or script interpreters";
    case -E2BIG:
        return "its arguments and environment are too long";
    case -ENOMEM:
        return "out of memory (give it more with -m)";
    }
    return NULL;
}

static _Noreturn void fail(const struct exec *e, const char *name, int err)
{
    const char *text = error_text(err);
    const char *path = e->path[0] ? e->path : name;

    if (e->is_script && err == -ENOENT)
        klog(LOG_ERROR,
             "cannot start %s: it is a script for %s, which is not in the "
             "image",
             name, path);
    else if (e->missing && err == -ENOENT)
        klog(LOG_ERROR,
             "cannot start %s: it needs the loader %s, which is not in the "
             "image",
             path, e->missing);
    else if (err == -ENOEXEC && e->reason)
        klog(LOG_ERROR, "cannot start %s: it %s", path,
             elf_reason_text(e->reason));
    else if (err == -ELIBBAD)
        klog(LOG_ERROR, "cannot start %s: its loader %s %s", path, e->missing,
             elf_reason_text(e->reason));
    else if (text)
        klog(LOG_ERROR, "cannot start %s: %s", path, text);
    else
        klog(LOG_ERROR, "cannot start %s: error %d", path, -err);
    process_exit(err == -ENOENT || err == -ENOTDIR ? STATUS_NOT_FOUND
                                                   : STATUS_NOT_EXEC);
}

/* Shared mappings of files that live elsewhere go back to them. */
static void write_back(void)
{
    mm_sync(ABI_USER_MIN, ABI_USER_TOP - ABI_USER_MIN, MS_ASYNC);
}

void exec_init_program(void)
{
    const char *name = config_get("exe", 0);
    struct exec *e = exec_new();
    int err;

    name = name ? name : config_get("arg", 0);
    if (!name || !e) {
        klog(LOG_ERROR, "the configuration names no program (exe= or arg=)");
        process_exit(STATUS_NOT_FOUND);
    }
    err = add_configured(&e->args);
    if (!err)
        err = load_by_name(e, name);
    process_at_exit(write_back);
    if (!err)
        err = exec_commit(e);
    if (err)
        fail(e, name, err);
    exec_free(e);
    thread_enter_user();
}

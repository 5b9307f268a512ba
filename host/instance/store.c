/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making, reading and removing instance files: see store.h. Finding them by
 * name stands in find.c.
 */
#include "host/instance/store.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "host/common/strings.h"
#include "host/instance/dirs.h"

static int open_dir(const char *run_dir, const char *name, struct err *err)
{
    char path[DIR_MAX + 16];
    int fd;

    snprintf(path, sizeof(path), "%s/%s", run_dir, name);
    fd = openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        if (dirs_make_run(run_dir, path, err) < 0) {
            return -1;
        }
        fd = openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    }
    if (fd < 0) {
        return err_set(err, ERR_TOOL, "open directory %s: %m", path);
    }
    return fd;
}

int store_open(struct store *store, const char *run_dir, struct err *err)
{
    store->dir_fd = open_dir(run_dir, "instances", err);
    store->names_fd = -1;
    store->listing = NULL;
    if (store->dir_fd < 0) {
        return -1;
    }
    store->names_fd = open_dir(run_dir, "names", err);
    return store->names_fd < 0 ? -1 : 0;
}

void inst_new_id(char id[ID_LEN + 1])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t bytes[ID_LEN / 2];

    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) {
        abort();
    }
    for (size_t i = 0; i < sizeof(bytes); i++) {
        id[2 * i] = digits[bytes[i] >> 4];
        id[2 * i + 1] = digits[bytes[i] & 15];
    }
    id[ID_LEN] = '\0';
}

static int digit(char hex)
{
    return hex <= '9' ? hex - '0' : hex - 'a' + 10;
}

static const char *const name_how[16] = {
    "amber", "bright", "calm",  "early", "fresh", "golden", "hardy", "keen",
    "late",  "mellow", "noble", "plain", "quiet", "ripe",   "sunny", "wild",
};

void inst_default_name(const char *id, char name[NAME_MAX_LEN + 1])
{
    static const char *const what[16] = {
        "barley", "bran",  "chaff",   "durum", "einkorn", "emmer",
        "field",  "flour", "harvest", "husk",  "kernel",  "millet",
        "oat",    "rye",   "spelt",   "wheat",
    };
    /* From the id, so that it needs no claim. */
    snprintf(name, NAME_MAX_LEN + 1, "%s_%s_%.4s", name_how[digit(id[0])],
             what[digit(id[1])], id + 2);
}

bool inst_default_name_begins(const char *id, const char *with)
{
    char name[NAME_MAX_LEN + 1];

    if (name_how[digit(id[0])][0] != with[0]) {
        return false; /* most, when 10,000 are searched */
    }
    inst_default_name(id, name);
    return strncmp(name, with, strlen(with)) == 0;
}

bool inst_name_valid(const char *name)
{
    static const char alnum[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    size_t len = strlen(name);

    return len >= 1 && len <= NAME_MAX_LEN && strchr(alnum, name[0]) != NULL &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz"
                        "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == len;
}

/* ---- locks ---- */

static int lock_file(int fd)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

    return fcntl(fd, F_SETLK, &lock);
}

pid_t inst_monitor(const struct inst *inst)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

    if (fcntl(inst->fd, F_GETLK, &lock) < 0 || lock.l_type == F_UNLCK) {
        return 0;
    }
    return lock.l_pid;
}

int inst_monitor_pidfd(const struct inst *inst)
{
    pid_t pid = inst_monitor(inst);
    int fd;

    if (pid <= 0) {
        return -1;
    }
    fd = (int)syscall(SYS_pidfd_open, pid, 0);
    /* An instance has one monitor ever: the same pid holding the lock now
     * means that the pidfd is the monitor's. */
    if (fd >= 0 && inst_monitor(inst) != pid) {
        close(fd);
        return -1;
    }
    return fd;
}

void inst_wait(struct inst *inst)
{
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};

    while (fcntl(inst->fd, F_SETLKW, &lock) < 0 && errno == EINTR) {
    }
    lock.l_type = F_UNLCK;
    fcntl(inst->fd, F_SETLK, &lock);
    inst_refresh(inst);
}

/* ---- names ---- */

/* Does some process still hold the file `name`, finished or not? */
static bool is_alive(const struct store *store, const char *file)
{
    struct inst other = {.fd = openat(store->dir_fd, file, O_RDWR | O_CLOEXEC)};
    bool alive;

    if (other.fd < 0) {
        return false;
    }
    alive = inst_monitor(&other) != 0;
    close(other.fd);
    return alive;
}

/* Is the id behind a claimed name one that was never published and whose
 * maker died, or one that is being removed? Else the claim counts. */
static bool claim_is_stale(const struct store *store, const char *id)
{
    char tmp[ID_LEN + 2];

    if (faccessat(store->dir_fd, id, F_OK, 0) == 0) {
        return false;
    }
    snprintf(tmp, sizeof(tmp), ".%s", id);
    return !is_alive(store, tmp) && faccessat(store->dir_fd, id, F_OK, 0) != 0;
}

static int name_taken(const char *name, const char *id, struct err *err)
{
    return err_set(err, ERR_TOOL,
                   "name %s: in use by instance %.*s (remove it with `einkorn "
                   "rm %s` or choose another name)",
                   name, ID_SHORT_LEN, id, name);
}

static int claim_name(const struct store *store, const char *name,
                      const char *id, struct err *err)
{
    char holder[ID_LEN + 1];
    ssize_t len;
    int lock, rc;

    if (symlinkat(id, store->names_fd, name) == 0) {
        return 0;
    }
    if (errno != EEXIST) {
        return err_set(err, ERR_TOOL, "claim name %s: %m", name);
    }
    /* Only one process at a time may replace a stale claim. */
    lock = openat(store->names_fd, ".lock", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (lock < 0 || flock(lock, LOCK_EX) < 0) {
        return err_set(err, ERR_TOOL, "lock for names: %m");
    }
    len = readlinkat(store->names_fd, name, holder, sizeof(holder) - 1);
    holder[len < 0 ? 0 : len] = '\0';
    if (len == ID_LEN && !claim_is_stale(store, holder)) {
        rc = name_taken(name, holder, err);
    } else {
        unlinkat(store->names_fd, name, 0);
        rc = symlinkat(id, store->names_fd, name);
        if (rc < 0) {
            name_taken(name, "started just now", err);
        }
    }
    close(lock);
    return rc;
}

static void release_name(const struct store *store, const char *name,
                         const char *id)
{
    char holder[ID_LEN + 1];

    if (readlinkat(store->names_fd, name, holder, sizeof(holder)) == ID_LEN &&
        memcmp(holder, id, ID_LEN) == 0) {
        unlinkat(store->names_fd, name, 0);
    }
}

/* ---- making and removing ---- */

int inst_write_state(const struct inst *inst)
{
    ssize_t len = pwrite(inst->fd, &inst->state, sizeof(inst->state), 0);

    return len == (ssize_t)sizeof(inst->state) ? 0 : -1;
}

static int fill(struct inst *inst, char *record, size_t record_len)
{
    struct iovec iov[2] = {
        {.iov_base = &inst->state, .iov_len = sizeof(inst->state)},
        {.iov_base = record, .iov_len = record_len},
    };
    ssize_t all = (ssize_t)(sizeof(inst->state) + record_len);

    memset(&inst->state, 0, sizeof(inst->state));
    inst->state.magic = INST_MAGIC;
    inst->state.record_len = (uint32_t)record_len;
    inst->record = record;
    return pwritev(inst->fd, iov, 2, 0) == all ? 0 : -1;
}

int store_create(const struct store *store, struct inst *inst, const char *name,
                 char *record, size_t record_len, struct err *err)
{
    char tmp[ID_LEN + 2];

    snprintf(tmp, sizeof(tmp), ".%s", inst->id);
    inst->fd =
        openat(store->dir_fd, tmp, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    if (inst->fd < 0) {
        return err_set(err, ERR_TOOL, "create instance file: %m");
    }
    if (lock_file(inst->fd) < 0 || fill(inst, record, record_len) < 0) {
        err_set(err, ERR_TOOL, "write instance file: %m");
        goto fail;
    }
    if (name != NULL && claim_name(store, name, inst->id, err) < 0) {
        goto fail;
    }
    if (renameat(store->dir_fd, tmp, store->dir_fd, inst->id) < 0) {
        err_set(err, ERR_TOOL, "publish instance: %m");
        if (name != NULL) {
            release_name(store, name, inst->id);
        }
        goto fail;
    }
    return 0;
fail:
    unlinkat(store->dir_fd, tmp, 0);
    close(inst->fd);
    return -1;
}

void store_remove_unlogged(const struct store *store, const struct inst *inst,
                           const char *name)
{
    if (name != NULL) {
        release_name(store, name, inst->id);
    }
    unlinkat(store->dir_fd, inst->id, 0);
}

void store_remove(const struct store *store, const struct inst *inst)
{
    char log[ID_LEN + 16];
    const char *name = strings_get(inst->record, "name");

    snprintf(log, sizeof(log), "%s.log", inst->id);
    unlinkat(store->dir_fd, log, 0);
    snprintf(log, sizeof(log), "%s.log.1", inst->id);
    unlinkat(store->dir_fd, log, 0);
    snprintf(log, sizeof(log), "%s.gdb", inst->id);
    unlinkat(store->dir_fd, log, 0);
    store_remove_unlogged(store, inst, name);
}

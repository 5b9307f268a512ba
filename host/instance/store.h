/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The instances of one run directory, without a daemon and without a database:
 *
 *   instances/ID      what the instance is (record) and how it ended (state);
 *                     its monitor holds a lock on the file as long as it lives
 *   instances/ID.log  its output, see log.h
 *   instances/ID.gdb  a machine's socket for gdb, see gdbline.h
 *   names/NAME        symbolic link to the ID, claimed with symlink(2)
 *
 * The lock is the truth: an instance runs if and only if the file is locked.
 * A file appears under its ID only once it is locked and complete, so a crash
 * at any point leaves a dead instance or an ignored temporary file.
 */
#ifndef EINKORN_HOST_INSTANCE_STORE_H
#define EINKORN_HOST_INSTANCE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "host/common/err.h"

enum {
    ID_LEN = 64,       /* hex digits */
    ID_SHORT_LEN = 12, /* what `ps` shows */
    NAME_MAX_LEN = 128,
};

#define INST_MAGIC 0x31494b45u /* "EKI1" */
#define RECORD_MAX (2u << 20)

enum state_flag { STATE_FINISHED = 1, STATE_OOM = 2 };

/* The start of the file, always written whole. */
struct inst_state {
    uint32_t magic;
    uint32_t record_len; /* strings behind it */
    int32_t pid;         /* of the tender, 0 before it started */
    int32_t exit_code;
    int64_t started_ns; /* since 1970 */
    int64_t finished_ns;
    uint32_t flags; /* enum state_flag */
    char error[220];
};

struct inst {
    char id[ID_LEN + 1];
    int fd;
    struct inst_state state;
    char *record; /* host/common/strings.h; see docs/cli.md for the keys */
};

struct store {
    int dir_fd;              /* instances/ */
    int names_fd;            /* names/ */
    struct listing *listing; /* store_find()'s, or NULL */
};

/* Opens the run directory's store; makes it if it is missing. */
int store_open(struct store *store, const char *run_dir, struct err *err);

/* A fresh random id. */
void inst_new_id(char id[ID_LEN + 1]);

/* The name of an instance that was given none. */
void inst_default_name(const char *id, char name[NAME_MAX_LEN + 1]);

/* Does it begin so? */
bool inst_default_name_begins(const char *id, const char *with);

/* Docker's rule: [a-zA-Z0-9][a-zA-Z0-9_.-]*. */
bool inst_name_valid(const char *name);

/* Publishes the instance inst->id, whose monitor is the calling process from
 * now on. `name` is claimed if not NULL; `record` is borrowed. */
int store_create(const struct store *store, struct inst *inst, const char *name,
                 char *record, size_t record_len, struct err *err);

/* Monitor: make the present inst->state known. */
int inst_write_state(const struct inst *inst);

/* Opens by name, id or unique prefix of either. Release with inst_close().
 * What is given by prefix must have been there at the first such search. */
int store_find(struct store *store, const char *ref, struct inst *inst,
               struct err *err);

/* Calls visit for all, newest first, until it returns non-zero. */
int store_each(const struct store *store,
               int (*visit)(struct inst *inst, void *arg), void *arg,
               struct err *err);

void inst_close(struct inst *inst);

/* Reads the state again (the monitor may have written it). */
void inst_refresh(struct inst *inst);

/* The monitor's pid, or 0 if it is gone. Not for the monitor itself. */
pid_t inst_monitor(const struct inst *inst);

/* A pidfd of the monitor that cannot be another process's, or -1. */
int inst_monitor_pidfd(const struct inst *inst);

/* Blocks until the monitor is gone, then refreshes. A monitor that did not
 * say how the instance ended was killed, and the instance with it: 137. */
void inst_wait(struct inst *inst);

/* Removes all files. The instance must be dead or the caller's own. */
void store_remove(const struct store *store, const struct inst *inst);

/* The same for the caller's own instance that has no log: it saves three
 * looks for what is not there. `name` as it was given to store_create(). */
void store_remove_unlogged(const struct store *store, const struct inst *inst,
                           const char *name);

/* Removes temporary files whose makers died. */
void store_sweep(const struct store *store);

#endif

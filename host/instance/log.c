/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing and reading the frames of a log: see log.h. */
#include "host/instance/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static int open_new(const struct log *log)
{
    return openat(log->dir_fd, log->name,
                  O_CREAT | O_EXCL | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
}

int log_create(struct log *log, const struct store *store, const char *id,
               struct err *err)
{
    log->dir_fd = store->dir_fd;
    log->len_bytes = 0;
    snprintf(log->name, sizeof(log->name), "%s.log", id);
    log->fd = open_new(log);
    if (log->fd < 0) {
        return err_set(err, ERR_TOOL, "create log %s: %m", log->name);
    }
    return 0;
}

static void rotate(struct log *log)
{
    char old[sizeof(log->name) + 2];

    snprintf(old, sizeof(old), "%s.1", log->name);
    if (renameat(log->dir_fd, log->name, log->dir_fd, old) == 0) {
        close(log->fd);
        log->fd = open_new(log);
        log->len_bytes = 0;
    }
}

void log_write(struct log *log, uint32_t stream, const void *data,
               uint32_t len_bytes)
{
    struct log_frame frame = {.len_bytes = len_bytes, .stream = stream};
    struct iovec iov[2] = {
        {.iov_base = &frame, .iov_len = sizeof(frame)},
        {.iov_base = (void *)(uintptr_t)data, .iov_len = len_bytes},
    };
    ssize_t want = (ssize_t)(sizeof(frame) + len_bytes);
    struct timespec now;

    if (log->fd < 0) {
        return;
    }
    clock_gettime(CLOCK_REALTIME, &now);
    frame.real_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    if (writev(log->fd, iov, 2) != want &&
        ftruncate(log->fd, (off_t)log->len_bytes) < 0) {
        log->fd = -1; /* half a frame would spoil what follows */
        return;
    }
    log->len_bytes += (uint64_t)want;
    if (log->len_bytes > LOG_ROTATE_BYTES) {
        rotate(log);
    }
}

/* ---- reading ---- */

static int open_part(const struct log_reader *reader, const char *suffix)
{
    char name[sizeof(reader->name) + 4];

    snprintf(name, sizeof(name), "%s%s", reader->name, suffix);
    return openat(reader->dir_fd, name, O_RDONLY | O_CLOEXEC);
}

int log_open(struct log_reader *reader, const struct store *store,
             const char *id)
{
    reader->dir_fd = store->dir_fd;
    snprintf(reader->name, sizeof(reader->name), "%s.log", id);
    reader->fd = open_part(reader, ".1");
    if (reader->fd < 0) {
        reader->fd = open_part(reader, "");
    }
    return reader->fd < 0 ? -1 : 0;
}

static int read_frame(int fd, struct log_frame *frame, void *data, size_t cap)
{
    off_t start = lseek(fd, 0, SEEK_CUR);
    size_t len;

    if (read(fd, frame, sizeof(*frame)) != (ssize_t)sizeof(*frame) ||
        frame->len_bytes > LOG_FRAME_MAX) {
        lseek(fd, start, SEEK_SET);
        return 0;
    }
    len = frame->len_bytes < cap ? frame->len_bytes : cap;
    if (read(fd, data, len) != (ssize_t)len) {
        lseek(fd, start, SEEK_SET); /* still being written */
        return 0;
    }
    lseek(fd, start + (off_t)sizeof(*frame) + frame->len_bytes, SEEK_SET);
    frame->len_bytes = (uint32_t)len;
    return 1;
}

/* At the end of a file that is the current one no more? */
static bool was_rotated(const struct log_reader *reader)
{
    struct stat mine, current;

    return fstat(reader->fd, &mine) == 0 &&
           fstatat(reader->dir_fd, reader->name, &current, 0) == 0 &&
           mine.st_ino != current.st_ino;
}

int log_next(struct log_reader *reader, struct log_frame *frame, void *data,
             size_t cap)
{
    int fd;

    if (read_frame(reader->fd, frame, data, cap)) {
        return 1;
    }
    if (!was_rotated(reader)) {
        return 0;
    }
    if (read_frame(reader->fd, frame, data, cap)) {
        return 1; /* came between the two looks */
    }
    fd = open_part(reader, "");
    if (fd < 0) {
        return 0;
    }
    close(reader->fd);
    reader->fd = fd;
    return read_frame(reader->fd, frame, data, cap);
}

void log_close(struct log_reader *reader)
{
    close(reader->fd);
    reader->fd = -1;
}

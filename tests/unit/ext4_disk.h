/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A block device in memory that records what is written and flushed, and
 * e2fsprogs as the oracle of what is on it.
 */
#ifndef EINKORN_TESTS_UNIT_EXT4_DISK_H
#define EINKORN_TESTS_UNIT_EXT4_DISK_H

#include "tests/unit/fake_vfs.h"

#include <sys/wait.h>
#include <unistd.h>

#include "kernel/core/config.h"
#include "kernel/fs/ext4/mount.h"

enum { DISK_BYTES = 24 << 20, LOG_MAX = 1 << 18, LOG_BYTES = 512 << 20 };

/* One write, or a flush (len 0). */
struct disk_write {
    uint64_t off, len;
    uint8_t *data;
};

/* Shared with children: one may record, another look. */
struct disk_log {
    uint32_t nr;
    uint64_t used_bytes;
    struct disk_write writes[LOG_MAX];
    uint8_t data[LOG_BYTES];
};

static uint8_t *disk;
static uint64_t disk_read_bytes, disk_written_bytes;
static struct disk_log *disk_log;
static bool disk_logging;

const char *config_get(const char *key, unsigned index)
{
    (void)key, (void)index;
    return NULL;
}
void process_at_exit(void (*fn)(void))
{
    (void)fn;
}

/* The only mapping there is; none: it has no length. */
static struct backing_view disk_view;

int mm_protect_backing(struct backing *b, uint64_t off, size_t len)
{
    uint64_t end = disk_view.off + disk_view.len_bytes;
    struct backing_view v = disk_view;

    v.off = off > v.off ? off : v.off;
    end = off + len < end ? off + len : end;
    if (v.off >= end)
        return 0;
    v.addr += v.off - disk_view.off;
    v.len_bytes = end - v.off;
    return b->ops->protect(b, &v);
}

static int64_t disk_read(uint32_t dev, void *buf, uint64_t len, uint64_t off)
{
    (void)dev;
    if (off > DISK_BYTES || len > DISK_BYTES - off || (off | len) % 512)
        return -EINVAL;
    memcpy(buf, disk + off, len);
    disk_read_bytes += len;
    return 0;
}

static int64_t disk_write(uint32_t dev, const void *buf, uint64_t len,
                          uint64_t off, uint32_t flush)
{
    (void)dev, (void)flush;
    if (off > DISK_BYTES || len > DISK_BYTES - off || (off | len) % 512)
        return -EINVAL;
    if (len)
        memcpy(disk + off, buf, len);
    disk_written_bytes += len;
    if (disk_logging) {
        uint8_t *data = disk_log->data + disk_log->used_bytes;

        assert_true(disk_log->nr < LOG_MAX &&
                    disk_log->used_bytes + len <= LOG_BYTES);
        disk_log->writes[disk_log->nr++] = (struct disk_write){off, len, data};
        if (len)
            memcpy(data, buf, len);
        disk_log->used_bytes += len;
    }
    return 0;
}

static void disk_init(void)
{
    setenv("CMOCKA_TEST_ABORT", "1", 1); /* a failing child ends */
    fake_vfs_init();
    disk = mmap(NULL, DISK_BYTES, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    disk_log = mmap(NULL, sizeof(*disk_log), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    fake_boot.nr_blk = 1;
    fake_boot.blk[0] = (struct abi_blk_info){DISK_BYTES, 512, 0};
    platform.ops.blk_read = disk_read;
    platform.ops.blk_write = disk_write;
}

static void disk_to_file(const char *path)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(disk, 1, DISK_BYTES, f), DISK_BYTES);
    fclose(f);
}

static void disk_from_file(const char *path)
{
    FILE *f = fopen(path, "rb");

    assert_non_null(f);
    assert_int_equal(fread(disk, 1, DISK_BYTES, f), DISK_BYTES);
    fclose(f);
}

/* A temporary file, removed by who asked for it. */
static void disk_temp(char path[64])
{
    int fd;

    strcpy(path, "/tmp/ext4.XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
}

/* The disk is what mke2fs makes with these options. */
static inline void disk_mke2fs(const char *options)
{
    char path[64], cmd[512];

    disk_temp(path);
    snprintf(cmd, sizeof(cmd),
             "truncate -s %d %s && /sbin/mke2fs -q -F -t ext4 %s %s",
             DISK_BYTES, path, options, path);
    assert_int_equal(system(cmd), 0);
    disk_from_file(path);
    unlink(path);
}

/* Exit status of e2fsck with that option on what the disk is now. */
static inline int disk_e2fsck(const char *option)
{
    char path[64], out[80], cmd[512];
    int status;

    disk_temp(path);
    disk_to_file(path);
    snprintf(out, sizeof(out), "%s.out", path);
    snprintf(cmd, sizeof(cmd), "/sbin/e2fsck %s %s > %s 2>&1", option, path,
             out);
    status = WEXITSTATUS(system(cmd));
    if (status > 1) {
        snprintf(cmd, sizeof(cmd), "cat %s >&2", out);
        system(cmd);
    }
    unlink(path);
    unlink(out);
    return status;
}

static bool disk_tools(void)
{
    return access("/sbin/mke2fs", X_OK) == 0;
}

/* fn(arg) in a process of its own, which must end well. */
static inline void disk_child(void (*fn)(const void *), const void *arg)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        fn(arg);
        fflush(NULL);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* The file system becomes the root of names. */
static int disk_mount(void)
{
    struct super *super;
    int err = ext4_mount(&(struct ext4_place){0}, false, &super);

    if (err)
        return err;
    vfs_set_root(super->root);
    vfs_set_cwd(super->root);
    return 0;
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the VFS and its file systems need below them in a hosted test.
 */
#ifndef EINKORN_TESTS_UNIT_FAKE_VFS_H
#define EINKORN_TESTS_UNIT_FAKE_VFS_H

#include "tests/unit/fake_kernel.h"

#include <errno.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <sys/mman.h>

#include "kernel/core/clock.h"
#include "kernel/core/event.h"
#include "kernel/core/uaccess.h"
#include "kernel/fs/dev/dev.h"
#include "kernel/fs/erofs/erofs.h"
#include "kernel/fs/pipe/pipe.h"
#include "kernel/fs/tmpfs/tmpfs.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/shm.h"
#include "kernel/mm/sidecar.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/thread.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/mode.h"
#include "kernel/vfs/mount.h"
#include "kernel/vfs/namei.h"
#include "kernel/vfs/vfs.h"
#include "lib/string.h"

struct process process;

uint64_t clock_mono_ns(void)
{
    return 1;
}
int64_t clock_real_ns(void)
{
    static int64_t now = INT64_C(1700000000000000000);

    return ++now;
}
int signal_send_thread(struct thread *t, const struct siginfo_k *info)
{
    (void)t;
    fail_msg("signal %d: no limit is set here", info->signo);
    return 0;
}
bool event_poll(void)
{
    return false;
}
bool event_deferred;

void event_flush_now(void)
{
}

int copy_from_user(void *dst, uptr_t src, size_t len)
{
    (void)dst, (void)src, (void)len;
    return -EFAULT;
}
int copy_to_user(uptr_t dst, const void *src, size_t len)
{
    (void)dst, (void)src, (void)len;
    return -EFAULT;
}
int clear_user(uptr_t dst, size_t len)
{
    (void)dst, (void)len;
    return -EFAULT;
}
int dev_open(struct inode *inode, struct file *f)
{
    (void)inode, (void)f;
    return -ENXIO;
}
int pipe_open_fifo(struct inode *inode, struct file *f)
{
    (void)inode, (void)f;
    return -ENXIO;
}
int sidecar_map_exec(uint64_t image_off, uint64_t file_off, uint64_t addr,
                     size_t len, int prot)
{
    (void)image_off, (void)file_off, (void)addr, (void)len, (void)prot;
    return -ENOSYS;
}
size_t sidecar_tail(uint64_t image_off, uint64_t file_off, size_t len)
{
    (void)image_off, (void)file_off, (void)len;
    return 0;
}
void mm_truncated(struct backing *b)
{
    (void)b;
}
void backing_get(struct backing *b)
{
    b->refs++;
}
void backing_put(struct backing *b)
{
    if (--b->refs == 0 && b->ops->release)
        b->ops->release(b);
}
void waitq_add(struct waitq *q, struct waiter *w)
{
    (void)q, (void)w;
}
void waitq_del(struct waiter *w)
{
    (void)w;
}
void waitq_wake(struct waitq *q, uint32_t events)
{
    (void)q, (void)events;
}
void waiter_init_thread(struct waiter *w)
{
    (void)w;
}
int thread_sleep_uninterruptible(uint64_t deadline)
{
    (void)deadline;
    return 0;
}

int thread_sleep(uint64_t deadline)
{
    (void)deadline;
    return -ETIMEDOUT;
}
size_t strlcpy(char *dst, const char *src, size_t size)
{
    snprintf(dst, size, "%s", src);
    return strlen(src);
}
void random_bytes(void *buf, size_t len)
{
    memset(buf, 7, len);
}
char *kstrdup(const char *s)
{
    return strdup(s);
}

static int64_t no_punch(uint64_t off, uint64_t len)
{
    memset((char *)(uintptr_t)fake_boot.shm.base + off, 0, len);
    return 0;
}

enum { SHM_BYTES = 64 << 20 };

/* An empty name cache, a shareable object, a process without limits. */
static void fake_vfs_init(void)
{
    process.umask = 022;
    for (int i = 0; i < 16; i++)
        process.limits[i].soft = UINT64_MAX;
    fake_boot.shm.base =
        (uintptr_t)mmap(NULL, SHM_BYTES, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    fake_boot.shm.len_bytes = SHM_BYTES;
    fake_boot.mem_limit_bytes = SHM_BYTES;
    platform.ops.shm_punch = no_punch;
    dentry_init();
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Console files. Input is taken from the platform only when somebody wants it
 * and kept in a small buffer; without a terminal they behave as pipes do.
 * Output that nobody reads makes its writer sleep, and nobody else.
 */
#include "kernel/fs/console/console.h"

#include <asm/ioctls.h>
#include <linux/errno.h>
#include <linux/eventpoll.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "kernel/core/alloc.h"
#include "kernel/core/cpu.h"
#include "kernel/core/event.h"
#include "kernel/core/uaccess.h"
#include "kernel/sched/thread.h"
#include "kernel/vfs/inode.h"
#include "kernel/vfs/mount.h"
#include "kernel/vfs/poll.h"
#include "lib/string.h"

enum { INPUT_BYTES = 4096, GATHER_BYTES = 2048, TERMIOS_BYTES = 36 };
enum { NR_STREAMS = ABI_CONSOLE_ERR + 1 };

static struct {
    struct waitq readers;
    uint32_t pos, len;
    bool wanted, eof;
    uint8_t buf[INPUT_BYTES];
} input;

/* Output that is full: its reader does not read. */
static struct {
    struct waitq writers;
    bool full[NR_STREAMS];
} output;

static bool is_tty(void)
{
    return platform.boot->flags & ABI_BOOT_TTY;
}

/* Takes what the platform has; true if that changed anything. */
static bool fetch(void)
{
    int64_t n;

    if (input.pos < input.len || input.eof)
        return false;
    n = platform.ops.console_read(input.buf, sizeof(input.buf));
    if (n == -EAGAIN)
        return false;
    input.pos = 0;
    input.len = n > 0 ? (uint32_t)n : 0;
    input.eof = n <= 0;
    return true;
}

static bool poll_input(void)
{
    if (!input.wanted || !fetch())
        return false;
    input.wanted = false;
    waitq_wake(&input.readers, EPOLLIN | EPOLLRDNORM);
    return true;
}

/* True if the stream takes something; else poll_output() goes on to look. */
static bool writable(uint32_t stream)
{
    if (output.full[stream])
        output.full[stream] =
            platform.ops.console_write(stream, NULL, 0) == -EAGAIN;
    return !output.full[stream];
}

static bool poll_output(void)
{
    bool done = false;

    for (uint32_t s = ABI_CONSOLE_OUT; s < NR_STREAMS; s++)
        done |= output.full[s] && writable(s);
    if (done)
        waitq_wake(&output.writers, EPOLLOUT | EPOLLWRNORM);
    return done;
}

static bool poll_both(struct event_source *source)
{
    bool came = poll_input();

    (void)source;
    return poll_output() || came;
}

void console_init(void)
{
    static struct event_source source = {.poll = poll_both};

    waitq_init(&input.readers);
    waitq_init(&output.writers);
    input.eof = !(platform.boot->flags & ABI_BOOT_STDIN);
    event_register(&source);
}

static bool ready(void)
{
    fetch();
    input.wanted = true; /* if we sleep, poll_input() is to look */
    return input.pos < input.len || input.eof;
}

static int64_t console_read(struct file *f, struct uio *to, uint64_t *off)
{
    int64_t n;
    int err = 0;

    (void)off;
    if (!to->resid_bytes)
        return 0;
    if (!ready()) {
        if (file_io_flags(f, to) & O_NONBLOCK)
            return -EAGAIN;
        file_get(f);
        WAIT(&input.readers, NO_DEADLINE, err, ready());
        file_put(f);
        if (err)
            return err;
    }
    if (input.pos == input.len) {
        input.eof = !is_tty(); /* a terminal goes on after ^D */
        return 0;
    }
    n = uio_put(to, input.buf + input.pos, input.len - input.pos);
    if (n > 0)
        input.pos += n;
    return n;
}

/* One piece of a write: whole, unless something ends it. A reader who does not
 * read is waited for, as for a full pipe's. */
static int64_t put(struct file *f, uint32_t flags, const uint8_t *buf,
                   int64_t len)
{
    uint32_t stream = (uintptr_t)f->data;
    int64_t done = 0;

    while (done < len) {
        int64_t n = platform.ops.console_write(stream, buf + done, len - done);
        int err = n < 0 ? n : 0;

        if (n == -EAGAIN) {
            output.full[stream] = true;
            if (!(flags & O_NONBLOCK))
                WAIT(&output.writers, NO_DEADLINE, err, writable(stream));
        }
        if (err)
            return done ? done : err;
        done += n > 0 ? n : 0;
    }
    return done;
}

/* One call down for each write or writev as far as it is small, so that lines
 * of several threads are not mixed. */
static int64_t write_pieces(struct file *f, struct uio *from, uint8_t *buf,
                            size_t size)
{
    uint32_t flags = file_io_flags(f, from);
    int64_t done = 0;

    while (from->resid_bytes) {
        int64_t len = uio_get(from, buf, size);
        int64_t n = len > 0 ? put(f, flags, buf, len) : len;

        if (n > 0)
            done += n;
        if (n <= 0 || n < len)
            return done ? done : n;
    }
    return done;
}

static int64_t console_write(struct file *f, struct uio *from, uint64_t *off)
{
    uint8_t small[GATHER_BYTES];
    size_t size = from->resid_bytes;
    uint8_t *buf = small;
    int64_t done;

    (void)off;
    if (size > sizeof(small)) {
        size = size < 65536 ? size : 65536;
        buf = kmalloc(size);
        if (!buf)
            return -ENOMEM;
    }
    file_get(f);
    done = write_pieces(f, from, buf, size);
    file_put(f);
    if (buf != small)
        kfree(buf);
    return done;
}

static uint32_t console_poll(struct file *f, struct poll_table *pt)
{
    uint32_t events = 0;
    uint32_t acc = f->flags & O_ACCMODE;

    if (acc != O_WRONLY) {
        poll_add(pt, &input.readers);
        events |= ready() ? EPOLLIN | EPOLLRDNORM : 0;
    }
    if (acc != O_RDONLY) {
        poll_add(pt, &output.writers);
        events |= writable((uintptr_t)f->data) ? EPOLLOUT | EPOLLWRNORM : 0;
    }
    return events;
}

static int64_t get_block(uint32_t op, uint64_t arg, size_t len)
{
    uint8_t block[TERMIOS_BYTES];
    int64_t err = platform.ops.console_ctl(op, block);

    return err < 0 ? err : copy_to_user(arg, block, len);
}

static int64_t set_termios(uint64_t arg)
{
    uint8_t block[TERMIOS_BYTES];
    int err = copy_from_user(block, arg, sizeof(block));

    return err ? err : platform.ops.console_ctl(ABI_CONSOLE_SET_TERMIOS, block);
}

static int64_t console_ioctl(struct file *f, uint32_t cmd, uint64_t arg)
{
    int32_t pgrp = 1;
    int32_t unread = input.len - input.pos;

    (void)f;
    if (cmd == FIONREAD)
        return copy_out(arg, &unread);
    if (!is_tty())
        return -ENOTTY;
    switch (cmd) {
    case TCGETS:
        return get_block(ABI_CONSOLE_GET_TERMIOS, arg, TERMIOS_BYTES);
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
        return set_termios(arg);
    case TIOCGWINSZ:
        return get_block(ABI_CONSOLE_GET_WINSIZE, arg, 8);
    case TIOCGPGRP:
    case TIOCGSID:
        return copy_out(arg, &pgrp);
    case TIOCSPGRP:
    case TIOCSCTTY:
    case TCFLSH:
        return 0;
    default:
        return -ENOTTY;
    }
}

static const struct file_ops console_fops = {
    .name = "console",
    .sends_sigio = true,
    .read = console_read,
    .write = console_write,
    .poll = console_poll,
    .ioctl = console_ioctl,
};

void console_open(struct file *f)
{
    f->ops = &console_fops;
    f->data = (void *)(uintptr_t)ABI_CONSOLE_OUT;
}

/* Opened again through /proc/self/fd/N: the stream is the inode's number. */
static int reopen(struct inode *inode, struct file *f)
{
    f->ops = &console_fops;
    f->data = (void *)(uintptr_t)inode->ino;
    return 0;
}

static const struct inode_ops console_inode_ops = {.open = reopen};

/* What fstat(0) shows: a terminal, or else a pipe. */
static struct inode *console_inode(uint32_t stream)
{
    static struct super super = {.type = "console"};
    static struct inode inodes[NR_STREAMS];
    struct inode *inode = &inodes[stream];

    if (!super.dev)
        super.dev = mount_new_dev();
    if (!inode->ops) {
        inode_init(inode, &super, &console_inode_ops, stream,
                   (is_tty() ? S_IFCHR : S_IFIFO) | 0666);
        inode->rdev = is_tty() ? 0x8800 : 0; /* pts/0 */
    }
    return inode;
}

int console_open_std(void)
{
    static const uint32_t acc[] = {O_RDONLY, O_WRONLY, O_WRONLY};

    for (int fd = 0; fd < 3; fd++) {
        uint32_t stream = fd == 2 ? ABI_CONSOLE_ERR : ABI_CONSOLE_OUT;
        struct file *f = file_new(&console_fops, (void *)(uintptr_t)stream,
                                  is_tty() ? O_RDWR : acc[fd]);
        int got;

        if (!f)
            return -ENOMEM;
        f->inode = console_inode(stream);
        inode_get(f->inode);
        got = fd_install(f, fd, false);
        if (got != fd)
            return got < 0 ? got : -EBUSY;
    }
    return 0;
}

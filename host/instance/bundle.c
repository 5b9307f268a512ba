/* SPDX-License-Identifier: BSD-2-Clause */
/* The boot module: see bundle.h. */
#include "host/instance/bundle.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "abi/bundle.h"
#include "abi/layout.h"
#include "host/instance/memfile.h"

static uint64_t page_up(uint64_t n)
{
    return (n + ABI_PAGE_SIZE - 1) & ~(ABI_PAGE_SIZE - 1);
}

/* Appends one file as a part. */
static int add_part(int fd, struct bundle_header *h, struct bundle_part *part,
                    int from_fd, struct err *err)
{
    int64_t len = memfile_copy(fd, from_fd, h->len_bytes, err);

    if (len < 0) {
        return -1;
    }
    part->off = h->len_bytes;
    part->len_bytes = (uint64_t)len;
    h->len_bytes = page_up(h->len_bytes + (uint64_t)len);
    return 0;
}

static int add_kernel(int fd, struct bundle_header *h, const struct dirs *dirs,
                      struct err *err)
{
    char path[DIR_MAX + 16];
    int from, rc;

    snprintf(path, sizeof(path), "%s/kernel.elf", dirs->libexec);
    from = open(path, O_RDONLY | O_CLOEXEC);
    if (from < 0) {
        return err_set(err, ERR_TOOL, "open %s: %m (is it installed?)", path);
    }
    rc = add_part(fd, h, &h->kernel, from, err);
    close(from);
    return rc;
}

static int add_config(int fd, struct bundle_header *h, const struct bundle *b,
                      struct err *err)
{
    h->config.off = h->len_bytes;
    h->config.len_bytes = b->config_len;
    h->len_bytes = page_up(h->len_bytes + b->config_len);
    return memfile_write(fd, b->config, b->config_len, h->config.off, err);
}

uint64_t bundle_flags(const struct spec *spec)
{
    return (spec->no_jit ? 0 : ABI_BOOT_JIT) |
           (spec->interactive && !spec->detach ? ABI_BOOT_STDIN : 0) |
           (spec->tty ? ABI_BOOT_TTY : 0) | (spec->stats ? ABI_BOOT_STATS : 0) |
           (spec->mem_bytes != 0 ? ABI_BOOT_MEM : 0);
}

/* A file that starts many machines must not give them the same seed. */
static void add_now(struct bundle_header *h)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    h->real_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    if (getrandom(h->entropy, sizeof(h->entropy), 0) !=
        (ssize_t)sizeof(h->entropy)) {
        abort();
    }
}

int64_t bundle_write(const struct bundle *b, int fd, struct err *err)
{
    struct bundle_header h = {.magic = BUNDLE_MAGIC,
                              .version = BUNDLE_VERSION,
                              .header_bytes = sizeof(h),
                              .len_bytes = ABI_PAGE_SIZE,
                              .flags = b->flags};

    if (b->for_one_start) {
        add_now(&h);
    }
    if (add_kernel(fd, &h, b->dirs, err) < 0 ||
        add_config(fd, &h, b, err) < 0 ||
        add_part(fd, &h, &h.image, b->image->image_fd, err) < 0 ||
        add_part(fd, &h, &h.sidecar, b->image->sidecar_fd, err) < 0 ||
        ftruncate(fd, (off_t)h.len_bytes) < 0 ||
        memfile_write(fd, &h, sizeof(h), 0, err) < 0) {
        return err_set(err, ERR_TOOL, "boot module: %m");
    }
    return (int64_t)h.len_bytes;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The boot module (abi/bundle.h) without a copy: its header and configuration
 * are pages of ours, its files are mapped where the header says, and their
 * pages are shared by all instances. All of it is one read-only slot, since KVM
 * waits for a grace period of its own with each.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "abi/bundle.h"
#include "abi/layout.h"
#include "tender/kvm/monitor.h"

#define CONFIG_MAX (UINT64_C(4) << 20)

static uint64_t page_up(uint64_t n)
{
    return (n + ABI_PAGE_SIZE - 1) & -ABI_PAGE_SIZE;
}

static uint64_t file_len(int fd, const char *what, const char *file)
{
    struct stat st;

    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        die("%s %s: not a regular file", what, file);
    if ((uint64_t)st.st_size > UINT64_C(1) << 40)
        die("%s %s: too large", what, file);
    return (uint64_t)st.st_size;
}

/* A debugger's breakpoints go to pages of our own; until then all are shared
 * either way. */
static int protection(const struct options *opt)
{
    return opt->gdb ? PROT_READ | PROT_WRITE : PROT_READ;
}

struct file {
    const char *what, *name; /* NULL: there is none */
    struct bundle_part *part;
    uint64_t len_bytes;
    int fd;
};

static void open_file(struct file *f)
{
    if (!f->name)
        return;
    f->fd = options_open(f->what, f->name);
    f->len_bytes = file_len(f->fd, f->what, f->name);
}

/* Behind what there is of the bundle so far. */
static void map_file(struct machine *m, const struct options *opt,
                     uint8_t *bundle, const struct file *f)
{
    int sharing = opt->gdb ? MAP_PRIVATE : MAP_SHARED;

    if (f->len_bytes &&
        mmap(bundle + m->bundle_bytes, f->len_bytes, protection(opt),
             sharing | MAP_NORESERVE | MAP_FIXED, f->fd, 0) == MAP_FAILED)
        die("map %s %s: %m", f->what, f->name);
    if (f->name)
        close(f->fd);
    if (!f->len_bytes)
        return;
    f->part->off = m->bundle_bytes;
    f->part->len_bytes = f->len_bytes;
    m->bundle_bytes += page_up(f->len_bytes);
}

/* Lines of text become strings, as abi/handover.h says. */
static uint64_t read_config(const char *file, uint8_t *to)
{
    int fd = file ? options_open("configuration", file) : -1;
    uint64_t len = 0;
    ssize_t n;

    while (fd >= 0 && (n = read(fd, to + len, CONFIG_MAX - len)) != 0) {
        if (n < 0)
            die("read configuration %s: %m", file);
        len += (uint64_t)n;
        if (len == CONFIG_MAX)
            die("configuration %s: too large", file);
    }
    if (fd >= 0)
        close(fd);
    if (memchr(to, 0, len))
        return len;
    for (uint64_t i = 0; i < len; i++)
        if (to[i] == '\n')
            to[i] = 0;
    to[len] = to[len + 1] = 0;
    return len + 2;
}

static void fill_header(struct bundle_header *h, uint64_t flags)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    *h = (struct bundle_header){.magic = BUNDLE_MAGIC,
                                .version = BUNDLE_VERSION,
                                .header_bytes = sizeof(*h),
                                .flags = flags};
    h->real_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    if (getrandom(h->entropy, sizeof(h->entropy), 0) !=
        (ssize_t)sizeof(h->entropy))
        die("getrandom: %m");
}

/* Zeroes for the header, the configuration and all files in a row. */
static uint8_t *reserve(const struct file *files, int nr_files)
{
    uint64_t bytes = ABI_PAGE_SIZE + CONFIG_MAX + ABI_PAGE_SIZE;
    uint8_t *at;

    for (int i = 0; i < nr_files; i++)
        bytes += page_up(files[i].len_bytes);
    at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED)
        die("boot module of %llu bytes: %m", (unsigned long long)bytes);
    return at;
}

void bundle_map(struct machine *m, const struct options *opt)
{
    struct bundle_header header;
    struct file files[] = {
        {.what = "kernel", .name = opt->kernel, .part = &header.kernel},
        {.what = "image", .name = opt->image, .part = &header.image},
        {.what = "sidecar", .name = opt->sidecar, .part = &header.sidecar},
    };
    const int nr_files = sizeof(files) / sizeof(files[0]);
    uint8_t *bundle;

    for (int i = 0; i < nr_files; i++)
        open_file(&files[i]);
    bundle = reserve(files, nr_files);
    fill_header(&header, opt->flags);
    header.config.off = ABI_PAGE_SIZE;
    header.config.len_bytes = read_config(opt->config, bundle + ABI_PAGE_SIZE);
    m->bundle_bytes = ABI_PAGE_SIZE + page_up(header.config.len_bytes);
    for (int i = 0; i < nr_files; i++)
        map_file(m, opt, bundle, &files[i]);
    header.len_bytes = m->bundle_bytes;
    memcpy(bundle, &header, sizeof(header));
    machine_add_rom(m, GPA_BUNDLE, bundle, m->bundle_bytes);
}

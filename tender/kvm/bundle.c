/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The boot module (abi/bundle.h) without a copy: its header and configuration
 * are pages of ours, its files are mapped where the header says, each a
 * read-only slot whose pages all instances share.
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

static void map_file(struct machine *m, const struct options *opt,
                     const char *what, const char *file,
                     struct bundle_part *part)
{
    uint64_t len;
    void *host;
    int fd;

    if (!file)
        return;
    fd = options_open(what, file);
    len = file_len(fd, what, file);
    if (!len) {
        close(fd);
        return;
    }
    host = mmap(NULL, len, protection(opt),
                (opt->gdb ? MAP_PRIVATE : MAP_SHARED) | MAP_NORESERVE, fd, 0);
    if (host == MAP_FAILED)
        die("map %s %s: %m", what, file);
    close(fd);
    part->off = m->bundle_bytes;
    part->len_bytes = len;
    machine_add_rom(m, GPA_BUNDLE + part->off, host, page_up(len));
    m->bundle_bytes += page_up(len);
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

void bundle_map(struct machine *m, const struct options *opt)
{
    uint8_t *own = mmap(NULL, ABI_PAGE_SIZE + CONFIG_MAX + ABI_PAGE_SIZE,
                        PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    struct bundle_header *h = (void *)own;
    struct timespec now;

    if (own == MAP_FAILED)
        die("boot module: %m");
    clock_gettime(CLOCK_REALTIME, &now);
    *h = (struct bundle_header){.magic = BUNDLE_MAGIC,
                                .version = BUNDLE_VERSION,
                                .header_bytes = sizeof(*h),
                                .flags = opt->flags};
    h->real_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    if (getrandom(h->entropy, sizeof(h->entropy), 0) !=
        (ssize_t)sizeof(h->entropy))
        die("getrandom: %m");
    h->config.off = ABI_PAGE_SIZE;
    h->config.len_bytes = read_config(opt->config, own + ABI_PAGE_SIZE);
    m->bundle_bytes = ABI_PAGE_SIZE + page_up(h->config.len_bytes);
    machine_add_rom(m, GPA_BUNDLE, own, m->bundle_bytes);
    map_file(m, opt, "kernel", opt->kernel, &h->kernel);
    map_file(m, opt, "image", opt->image, &h->image);
    map_file(m, opt, "sidecar", opt->sidecar, &h->sidecar);
    h->len_bytes = m->bundle_bytes;
}

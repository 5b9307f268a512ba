/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps the kernel's windows of abi/layout.h: its heap, the shareable memory
 * object, image, sidecar and configuration.
 */
#include "abi/config.h"
#include "abi/layout.h"
#include "lib/string.h"
#include "tender/common/say.h"
#include "tender/common/sys.h"
#include "tender/proc/launch.h"

#include <linux/fs.h>
#include <linux/memfd.h>
#include <linux/mman.h>

#define PAGE_UP(x) (((x) + ABI_PAGE_SIZE - 1) & -ABI_PAGE_SIZE)

#define HEAP_MIN (UINT64_C(64) << 20)
#define HEAP_ALIGN (UINT64_C(2) << 20)

static void map(const char *what, struct abi_range *range, uint64_t base,
                uint64_t len_bytes, int prot, int flags, int32_t fd)
{
    int64_t ret = sys_mmap(base, PAGE_UP(len_bytes), prot,
                           flags | MAP_NORESERVE | MAP_FIXED_NOREPLACE, fd, 0);

    if (ret != (int64_t)base)
        die("map %s (%llu bytes): %s", what, (unsigned long long)len_bytes,
            errno_text(ret));
    range->base = base;
    range->len_bytes = len_bytes;
}

static void map_heap(void)
{
    struct abi_range *heap = &gate.boot.heap;
    uint64_t len = gate.boot.mem_limit_bytes;

    if (len < HEAP_MIN)
        len = HEAP_MIN;
    if (len > ABI_HEAP_MAX)
        len = ABI_HEAP_MAX;
    map("kernel heap", heap, ABI_HEAP_BASE, len & -HEAP_ALIGN,
        PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    /* One call costs less than a fault for each page; old kernels refuse. */
    sys3(__NR_madvise, ABI_HEAP_BASE, ABI_HEAP_FIRST, MADV_POPULATE_WRITE);
}

static void map_shm(void)
{
    int64_t ret = sys2(__NR_memfd_create, "einkorn", MFD_CLOEXEC);

    if (ret < 0)
        die("make the shared memory object: %s", errno_text(ret));
    gate.shm_fd = (int32_t)ret;
    ret = sys2(__NR_ftruncate, gate.shm_fd, ABI_SHM_MAX);
    if (ret < 0)
        die("size the shared memory object: %s (file size limit?)",
            errno_text(ret));
    map("shared memory object", &gate.boot.shm, ABI_SHM_BASE, ABI_SHM_MAX,
        PROT_READ | PROT_WRITE, MAP_SHARED, gate.shm_fd);
}

static int32_t open_file(const char *what, const char *file, uint64_t max,
                         uint64_t *len_bytes)
{
    int32_t fd = args_open(what, file);
    int64_t len = sys3(__NR_lseek, fd, 0, SEEK_END);

    if (len < 0)
        die("%s %s: %s", what, file, errno_text(len));
    if (len == 0 || (uint64_t)len > max)
        die("%s %s: %s", what, file, len ? "is too large" : "is empty");
    *len_bytes = (uint64_t)len;
    return fd;
}

static void map_image(const char *file)
{
    uint64_t len;

    gate.image_fd =
        open_file("image", file, ABI_HEAP_BASE - ABI_IMAGE_BASE, &len);
    map("image", &gate.boot.image, ABI_IMAGE_BASE, len, PROT_READ, MAP_SHARED,
        gate.image_fd);
}

static void map_sidecar(const char *file)
{
    uint64_t len, base;

    gate.sidecar_fd = open_file("sidecar", file, ABI_SIDECAR_MAX, &len);
    base = ABI_SIDECAR_AT(len);
    map("sidecar", &gate.boot.sidecar, base, len, PROT_READ, MAP_SHARED,
        gate.sidecar_fd);
}

/* Read all of it, at most `max` bytes. */
static uint64_t read_all(int32_t fd, const char *file, char *to, uint64_t max)
{
    uint64_t done = 0;

    for (;;) {
        int64_t ret = sys3(__NR_read, fd, to + done, max - done);

        if (ret < 0 && ret != -EINTR)
            die("read configuration %s: %s", file, errno_text(ret));
        if (ret == 0)
            return done;
        done += ret > 0 ? (uint64_t)ret : 0;
        if (done == max)
            die("configuration %s is larger than %u bytes", file,
                ABI_CONFIG_MAX);
    }
}

/* Lines become strings; returns the new length. */
static uint64_t from_text(char *text, uint64_t len)
{
    uint64_t from = 0, to = 0;

    while (from < len) {
        char *eol = memchr(text + from, '\n', len - from);
        uint64_t n = eol ? (uint64_t)(eol - text) - from : len - from;

        if (n && text[from] != '#') {
            memmove(text + to, text + from, n);
            text[to + n] = 0;
            to += n + 1;
        }
        from += n + 1;
    }
    return to;
}

static uint64_t add_string(char *to, uint64_t len, const char *text)
{
    uint64_t n = strlen(text) + 1;

    if (n > ABI_CONFIG_MAX - 2 - len)
        die("configuration is larger than %u bytes", ABI_CONFIG_MAX);
    memcpy(to + len, text, n);
    return len + n;
}

static uint64_t read_config(const char *file, char *to)
{
    int32_t fd = args_open("configuration", file);
    uint64_t len = read_all(fd, file, to, ABI_CONFIG_MAX - 2);

    if (!memchr(to, 0, len))
        len = from_text(to, len);
    while (len && !to[len - 1])
        len--;
    len += len != 0;
    to[len] = 0;
    sys1(__NR_close, fd);
    return len;
}

static void map_config(const struct launch *l, char *const *envp)
{
    char *to = (char *)ABI_CONFIG_BASE;
    uint64_t len = 0;

    map("configuration", &gate.boot.config, ABI_CONFIG_BASE, ABI_CONFIG_MAX,
        PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    if (l->config)
        len = read_config(l->config, to);
    for (; l->env && *envp; envp++)
        len = add_string(to, len, *envp);
    for (uint32_t i = 0; i < l->nr_set; i++)
        len = add_string(to, len, l->set[i]);
    to[len++] = 0;
    gate.boot.config.len_bytes = len;
    sys3(__NR_mprotect, ABI_CONFIG_BASE, ABI_CONFIG_MAX, PROT_READ);
}

void windows_map(const struct launch *l, char *const *envp)
{
    map_heap();
    map_shm();
    gate.image_fd = gate.sidecar_fd = -1;
    if (l->image)
        map_image(l->image);
    if (l->sidecar)
        map_sidecar(l->sidecar);
    map_config(l, envp);
}

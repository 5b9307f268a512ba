/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Configuration from QEMU's firmware configuration device (QEMU,
 * docs/specs/fw_cfg): the items opt/einkorn/NAME of -fw_cfg. "config" holds
 * lines KEY=VALUE; env/NAME is a variable; any other name is a key. Items are
 * read by DMA where there is that, else byte by byte.
 */
#include "kernel/platform/vm/ring3/ring3.h"
#include "lib/string.h"

enum { PORT_SELECT = 0x510, PORT_DATA = 0x511, PORT_DMA = 0x514 };
enum { ITEM_SIGNATURE = 0, ITEM_FEATURES = 1, ITEM_NR_CPUS = 5 };
enum { ITEM_DIRECTORY = 0x19 };
enum { FEATURE_DMA = 2 };
enum { DMA_ERROR = 1, DMA_READ = 2, DMA_SELECT = 8, DMA_PIECE = 4096 };
enum { FILES_MAX = 256, NAME_BYTES = 56 };

struct dma_access { /* big-endian */
    uint32_t control, len_bytes;
    uint64_t addr;
};

struct file { /* big-endian */
    uint32_t len_bytes;
    uint16_t item, reserved;
    char name[NAME_BYTES];
};

static volatile struct dma_access *dma; /* NULL: bytes; data lies behind it */
static uint64_t dma_phys;
static bool found;

static void outw(uint16_t port, uint16_t value)
{
    __asm__ volatile("outw %0, %1" ::"a"(value), "Nd"(port));
}

static uint32_t be32(uint32_t v)
{
    return __builtin_bswap32(v);
}

/* The next bytes of the item; select: its first. False: the device refused. */
static bool dma_piece(bool select, uint16_t item, uint8_t *to, uint32_t len)
{
    uint32_t control = DMA_READ | (select ? DMA_SELECT | item << 16 : 0);

    dma->len_bytes = be32(len);
    dma->addr = __builtin_bswap64(dma_phys + PAGE_SIZE);
    dma->control = be32(control);
    outl(PORT_DMA, be32((uint32_t)(dma_phys >> 32)));
    outl(PORT_DMA + 4, be32((uint32_t)dma_phys));
    while (be32(dma->control) & ~(uint32_t)DMA_ERROR)
        __builtin_ia32_pause();
    if (be32(dma->control) & DMA_ERROR)
        return false;
    memcpy(to, (const uint8_t *)dma + PAGE_SIZE, len);
    return true;
}

static bool read_item(uint16_t item, void *to, uint32_t len)
{
    uint8_t *at = to;

    if (!dma) {
        outw(PORT_SELECT, item);
        while (len--)
            *at++ = inb(PORT_DATA);
        return true;
    }
    for (uint32_t done = 0; done < len;) {
        uint32_t n = len - done < DMA_PIECE ? len - done : DMA_PIECE;

        if (!dma_piece(done == 0, item, at + done, n))
            return false;
        done += n;
    }
    return true;
}

static bool find_device(void)
{
    char signature[4] = {0};
    uint32_t features = 0;

    if (monitor) /* which has no such device */
        return false;
    read_item(ITEM_SIGNATURE, signature, sizeof(signature));
    if (memcmp(signature, "QEMU", 4) != 0)
        return false;
    read_item(ITEM_FEATURES, &features, sizeof(features));
    if (features & FEATURE_DMA)
        dma = dma_alloc(2 * PAGE_SIZE, &dma_phys);
    found = true;
    return true;
}

uint32_t fwcfg_nr_cpus(void)
{
    uint16_t nr = 0;

    if (!found || !read_item(ITEM_NR_CPUS, &nr, sizeof(nr)))
        return 0;
    return nr;
}

/* Lines become strings; empty ones and those that begin with # go. */
static uint64_t split_lines(char *text, uint64_t len)
{
    uint64_t from = 0, to = 0;

    while (from < len) {
        uint64_t n = 0;

        while (from + n < len && text[from + n] != '\n' && text[from + n])
            n++;
        if (n && text[from] != '#') {
            memmove(text + to, text + from, n);
            to += n;
            text[to++] = '\0';
        }
        from += n + 1;
    }
    return to;
}

/* "NAME=" of an item that is one string; bytes. */
static uint64_t put_key(const char *name, char *to)
{
    uint64_t len;

    if (!strncmp(name, "env/", 4)) {
        memcpy(to, "env=", 4);
        to += 4;
        name += 4;
        len = 4;
    } else {
        len = 0;
    }
    memcpy(to, name, strlen(name));
    to[strlen(name)] = '=';
    return len + strlen(name) + 1;
}

/* One item's strings at `to`, which has room for max bytes; how many. */
static uint64_t put_file(const struct file *f, const char *name, char *to,
                         uint64_t max)
{
    uint32_t len = be32(f->len_bytes);
    bool lines = !strcmp(name, "config");
    uint64_t key = lines ? 0 : put_key(name, to);

    if (len > max - key - 1 ||
        !read_item(__builtin_bswap16(f->item), to + key, len))
        die("fw_cfg: an item of opt/einkorn is too large or cannot be read");
    if (lines)
        return split_lines(to, len);
    if (len && to[key + len - 1] == '\n') /* a file's */
        len--;
    if (memchr(to + key, '\0', len))
        die("fw_cfg: an item of opt/einkorn has a zero byte in it");
    to[key + len] = '\0';
    return key + len + 1;
}

uint64_t fwcfg_strings(char *to, uint64_t max)
{
    static const char prefix[] = "opt/einkorn/";
    static struct file files[FILES_MAX + 1]; /* the count comes first */
    uint32_t *count = &files->len_bytes;
    uint32_t nr;
    uint64_t done = 0;

    if (!find_device() || !read_item(ITEM_DIRECTORY, count, sizeof(*count)))
        return 0;
    nr = be32(*count) < FILES_MAX ? be32(*count) : FILES_MAX;
    if (!read_item(ITEM_DIRECTORY, files, nr * sizeof(*files) + 4))
        return 0;
    for (uint32_t i = 0; i < nr; i++) {
        struct file f;

        memcpy(&f, (char *)files + 4 + i * sizeof(f), sizeof(f));
        f.name[NAME_BYTES - 1] = '\0';
        if (!strncmp(f.name, prefix, sizeof(prefix) - 1) &&
            max - done > 2 * NAME_BYTES)
            done += put_file(&f, f.name + sizeof(prefix) - 1, to + done,
                             max - done);
    }
    return done;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A mapping of one file: the platform and mm are a table of what each page may
 * be used for.
 */
#ifndef EINKORN_TESTS_UNIT_EXT4_MAPPING_H
#define EINKORN_TESTS_UNIT_EXT4_MAPPING_H

#include "tests/unit/ext4_disk.h"

enum { PAGE = 4096, PAGES = 1024, BASE = 1 << 30 };

static struct {
    int prot[PAGES];
    uint64_t shm[PAGES];
    uint64_t nr_faults;
    struct file *file;
    struct backing *backing;
} mapped;

static int64_t fake_shm_map(uint64_t addr, uint64_t len, uint32_t prot,
                            uint64_t off, uint32_t is_private)
{
    (void)is_private;
    for (uint64_t i = 0; i < len / PAGE; i++) {
        mapped.prot[(addr - BASE) / PAGE + i] = (int)prot;
        mapped.shm[(addr - BASE) / PAGE + i] = off + i * PAGE;
    }
    return 0;
}

static int64_t fake_mem_protect(uint64_t addr, uint64_t len, uint32_t prot)
{
    for (uint64_t i = 0; i < len / PAGE; i++)
        mapped.prot[(addr - BASE) / PAGE + i] = (int)prot;
    return 0;
}

/* Pages that the file has now are mapped, as mm does it. 0 or -errno. */
static inline int try_fill_view(void)
{
    uint64_t pages = (mapped.file->inode->size_bytes + PAGE - 1) / PAGE;
    uint64_t have = disk_view.len_bytes / PAGE;
    int err = 0;

    pages = pages < PAGES ? pages : PAGES;
    if (pages > have)
        err = mapped.backing->ops->map(
            mapped.backing, have * PAGE, BASE + have * PAGE,
            (pages - have) * PAGE, disk_view.prot, disk_view.shared);
    for (uint64_t i = pages; i < have; i++)
        mapped.prot[i] = PROT_NONE;
    disk_view.len_bytes = (err ? have : pages) * PAGE;
    return err;
}

static inline void fill_view(void)
{
    assert_int_equal(try_fill_view(), 0);
}

static inline void unmap_file(void)
{
    disk_view.len_bytes = 0;
    memset(mapped.prot, 0, sizeof(mapped.prot));
    backing_put(mapped.backing);
    file_put(mapped.file);
}

/* False: it is no file that can be mapped. */
static inline bool try_map_file(const char *path, int prot, bool is_shared)
{
    if (vfs_open_kernel(path, O_RDWR | O_CREAT, &mapped.file))
        return false;
    if (!mapped.file->ops->mmap ||
        mapped.file->ops->mmap(mapped.file, &mapped.backing, prot, is_shared)) {
        file_put(mapped.file);
        return false;
    }
    disk_view =
        (struct backing_view){.addr = BASE, .prot = prot, .shared = is_shared};
    if (!try_fill_view())
        return true;
    unmap_file();
    return false;
}

static inline void map_file(const char *path, int prot, bool is_shared)
{
    assert_true(try_map_file(path, prot, is_shared));
}

static inline bool may(uint64_t page, int prot)
{
    return (mapped.prot[page] & prot) == prot;
}

/* The page as the program gets it. */
static inline uint8_t *touch(uint64_t page, int prot)
{
    if (!may(page, prot)) {
        mapped.nr_faults++;
        assert_int_equal(mapped.backing->ops->fault(mapped.backing, &disk_view,
                                                    BASE + page * PAGE,
                                                    prot & PROT_WRITE),
                         0);
        assert_true(may(page, prot));
    }
    return shm_ptr(mapped.shm[page]);
}

static void mapping_init(void)
{
    platform.ops.shm_map = fake_shm_map;
    platform.ops.mem_protect = fake_mem_protect;
}

#endif

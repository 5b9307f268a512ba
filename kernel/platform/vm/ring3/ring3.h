/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ring-3 part's inside: loads the kernel, drives devices, and implements
 * the calls of abi/platform.h, by itself or through the shim. It is called by
 * the kernel only, on its stack, masked.
 */
#ifndef EINKORN_VM_RING3_H
#define EINKORN_VM_RING3_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/bundle.h"
#include "abi/monitor.h"
#include "abi/platform.h"
#include "kernel/platform/vm/hcall.h"

#pragma GCC visibility push(hidden)

#define PAGE_SIZE UINT64_C(4096)

enum {
    EIO = 5,
    EAGAIN = 11,
    ENOMEM = 12,
    EINVAL = 22,
    ENODEV = 19,
    EPIPE = 32,
    ENOTTY = 25,
    EROFS = 30,
    ENOSYS = 38,
};

int64_t vm_call(uint64_t nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d);

/* One line on the error stream, then exit status 125. */
_Noreturn void die(const char *what);

static inline void outb(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}

static inline uint8_t inb(uint16_t port)
{
    uint8_t value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void outl(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %1" ::"a"(value), "Nd"(port) : "memory");
}

static inline uint64_t rdtsc(void)
{
    uint32_t lo, hi;

    __asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi)::"memory");
    return (uint64_t)hi << 32 | lo;
}

static inline void cpuid(uint32_t leaf, uint32_t sub, uint32_t out[4])
{
    __asm__ volatile("cpuid"
                     : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3])
                     : "a"(leaf), "c"(sub));
}

/* ---- cmdline.c -------------------------------------------------------- */

/* The command line's words einkorn.KEY=VALUE as strings at `to`, which has room
 * for max bytes; how many. */
uint64_t cmdline_strings(const char *cmdline, char *to, uint64_t max);

/* ---- fwcfg.c: the same of QEMU's -fw_cfg. ------------------------------- */

uint64_t fwcfg_strings(char *to, uint64_t max);
/* How many processors there are; 0: no such device. After fwcfg_strings(). */
uint32_t fwcfg_nr_cpus(void);

/* ---- config.c --------------------------------------------------------- */

/* Makes the configuration (abi/config.h) of the command line, fw_cfg and the
 * bundle's strings, in that order; returns where the kernel finds it. */
struct abi_range config_make(const char *cmdline, const char *bundled,
                             uint64_t bundled_bytes);

/* ---- virtio.c ----------------------------------------------------------- */

/* Memory for devices, in whole pages: addresses ascend and are never given
 * back. */
void *dma_alloc(uint64_t len_bytes, uint64_t *phys);

/* ---- load.c ----------------------------------------------------------- */

/* Maps the kernel's ELF file, that part of the bundle, which is linked for
 * where it lies; returns its entry point. */
uint64_t load_kernel(const struct bundle_part *part, struct abi_range *where);

/* ---- clock.c ---------------------------------------------------------- */

/* Finds the clock; returns the counter's rate in Hz. real_ns: what the host's
 * clock said shortly before boot, or 0. */
uint64_t clock_init(int64_t real_ns);
/* The own monitor's page, NULL under any other. */
extern const volatile struct monitor_page *monitor;
/* The rate was measured briefly (ABI_BOOT_TSC_ROUGH). */
bool clock_is_rough(void);
int64_t clock_sample(struct abi_clock_sample *out);
uint64_t clock_mono_ns(void);
/* How long to sleep for a deadline, as the shim counts; it may be shorter, so
 * that no sample comes too late. UINT64_MAX: for ever. */
uint64_t clock_wait_ns(uint64_t deadline_mono_ns);

/* ---- console.c -------------------------------------------------------- */

/* Until console_init() there is output only, byte by byte. */
void console_early(void);
void console_init(uint64_t flags);
int64_t console_write(uint32_t stream, const void *buf, uint64_t len_bytes);
int64_t console_read(void *buf, uint64_t len_bytes);
int64_t console_ctl(uint32_t op, void *arg);

/* ---- random.c --------------------------------------------------------- */

void random_init(const uint8_t seed[32]);
/* Adds what somebody else calls random; it need not be trusted. */
void random_mix(const uint8_t *bytes, uint32_t len_bytes);
int64_t random_bytes(void *buf, uint64_t len_bytes);

/* ---- net.c ------------------------------------------------------------ */

struct virtio_dev;

void net_attach(const struct virtio_dev *dev, struct abi_boot *boot);
int64_t net_send(uint32_t dev, const struct abi_packet *packets,
                 uint32_t nr_packets);
int64_t net_recv(uint32_t dev, struct abi_packet *packets, uint32_t nr_packets);
/* Waits until the devices have taken what was sent, for 200 ms at most. */
void net_drain(void);

/* ---- vcon.c: once it is up, it is the console instead of COM1 ------------ */

void vcon_attach(const struct virtio_dev *dev);
bool vcon_up(void);
/* As console_write(), console_read(): -EAGAIN, 0 if there is nothing. */
int64_t vcon_write(const char *buf, uint64_t len_bytes);
uint64_t vcon_read(uint8_t *buf, uint64_t len_bytes);
/* Waits until all output was taken, unless somebody wants an end. */
void vcon_drain(void);

/* ---- blk.c, chan.c, rng.c --------------------------------------------- */

void rng_attach(const struct virtio_dev *dev);
void blk_attach(const struct virtio_dev *dev, struct abi_boot *boot);
int64_t blk_read(uint32_t dev, void *buf, uint64_t len_bytes, uint64_t offset);
int64_t blk_write(uint32_t dev, const void *buf, uint64_t len_bytes,
                  uint64_t offset, uint32_t flush);
void chan_attach(const struct virtio_dev *dev, struct abi_boot *boot);
int64_t chan_send(uint32_t index, const void *msg, uint64_t len_bytes);
int64_t chan_recv(uint32_t index, void *msg, uint64_t len_bytes);

/* ---- ops.c ------------------------------------------------------------ */

extern const struct abi_ops vm_ops;
/* Somebody wants the instance to stop. */
bool vcpu_stop_wanted(void);
/* Where the bundle's parts lie, for mem_map(). */
void ops_init(const struct bundle_header *bundle);

#pragma GCC visibility pop

#endif

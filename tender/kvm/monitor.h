/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * einkorn-kvm's inside: one virtual machine of one instance. A thread runs each
 * virtual CPU, the first one the process's own; another serves devices. `lock`
 * is theirs to share everything below "devices"; what stands above is constant
 * once they run.
 */
#ifndef EINKORN_TENDER_KVM_MONITOR_H
#define EINKORN_TENDER_KVM_MONITOR_H

#include <linux/kvm.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/monitor.h"
#include "abi/platform.h"
#include "tender/kvm/gmem.h"
#include "tender/kvm/uart.h"

enum { MAX_NICS = ABI_MAX_NET, MAX_DISKS = ABI_MAX_BLK };
enum { MAX_CHANS = ABI_MAX_CHAN, FIRST_LINE = 5, NR_LINES = 24 };
/* The last two: random bytes, a console. */
enum { MAX_VIRTIO = MAX_NICS + MAX_DISKS + MAX_CHANS + 2 };

/* Guest-physical addresses. Below 1 MiB is ours, abi/monitor.h. */
#define GPA_START_INFO UINT64_C(0x1000)
#define GPA_CMDLINE UINT64_C(0x2000)
#define GPA_MONITOR UINT64_C(0x3000)
#define GPA_TABLES UINT64_C(0x4000)
#define GPA_IO UINT64_C(0x80000)
#define GPA_BOOT_FILE UINT64_C(0x200000)
#define GPA_RAM_HOLE UINT64_C(0xc0000000)
#define GPA_VIRTIO UINT64_C(0xd0000000)
#define GPA_HIGH UINT64_C(0x100000000)
#define GPA_BUNDLE UINT64_C(0x1000000000)
#define MEM_MAX (UINT64_C(48) << 30)

/* ---- args.c: what the command line asked for, checked for form --------- */

struct net_arg {
    int fd;
    bool is_stream;
    uint8_t mac[6];
    uint16_t mtu;
};

struct disk_arg {
    int fd;
    bool read_only;
};

struct options {
    const char *shim, *kernel, *image, *sidecar, *config;
    uint64_t mem_bytes, tsc_hz;
    uint32_t nr_vcpus;
    uint64_t flags; /* ABI_BOOT_* */
    int ctl_fd;     /* -1: none */
    struct net_arg nets[MAX_NICS];
    struct disk_arg disks[MAX_DISKS];
    int chan_fds[MAX_CHANS];
    int nr_nets, nr_disks, nr_chans;
    int uid, gid;    /* -1: keep, or 65534 for root */
    const char *gdb; /* "@N", a listening socket, or a port; NULL: none */
    bool probe, verbose, rng, gdb_wait, kvm_clock;
    bool no_eventfd;     /* do without ioeventfd and irqfd */
    bool virtio_console; /* standard input and output */
};

void options_parse(struct options *opt, char **argv);
/* "@N" or a path, read-only; "what" names it in messages. */
int options_open(const char *what, const char *file);

/* ---- the machine ------------------------------------------------------- */

struct virtio_dev;
struct machine;

struct vcpu {
    struct machine *m;
    uint32_t index;
    int fd;
    struct kvm_run *run;
    uint64_t vector_state; /* for XCR0; 0: no XSAVE */
    bool started;          /* atomic; its own thread's to set (vcpu.c) */
};

/* A line that is raised by writing to its eventfd; 0: nobody's yet. */
struct line {
    int fd;
    uint32_t number;
};

struct machine {
    int kvm_fd, vm_fd;
    struct vcpu vcpus[ABI_MAX_VCPU];
    uint32_t nr_vcpus;
    uint32_t nr_slots;
    struct gmem gmem;          /* RAM: all that devices may touch */
    struct gmem rom;           /* what they may only read */
    uint8_t *low;              /* host address of guest-physical 0 */
    struct monitor_page *page; /* GPA_MONITOR */
    struct monitor_note note;  /* of the boot file */
    uint64_t ram_taken; /* from GPA_BOOT_FILE to there: by the boot file, then
                           what is prepared for it */
    uint64_t bundle_bytes;
    bool native_ring3, kvm_clock;
    bool no_eventfd, said_no_eventfd;
    struct line lines[NR_LINES];

    pthread_mutex_t lock; /* devices: */
    struct uart com2;
    struct virtio_dev *devs[MAX_VIRTIO];
    uint32_t nr_devs;
};

/* machine.c: KVM's objects, memory slots. Each dies with a message. */
void machine_create(struct machine *m);
void machine_add_ram(struct machine *m, uint64_t bytes);
/* Maps len bytes of memory at `host`, read-only. */
void machine_add_rom(struct machine *m, uint64_t gpa, void *host,
                     uint64_t len_bytes);
void machine_create_vcpus(struct machine *m, uint32_t nr);
/* The n-th device's: when there are no more, it shares another's. */
static inline uint32_t machine_line_of(uint32_t n)
{
    return FIRST_LINE + n % (NR_LINES - FIRST_LINE);
}
/* An eventfd that raises this interrupt line. */
int machine_irqfd(struct machine *m, uint32_t line);
/* An eventfd that is signalled when the guest writes `value` at gpa; -1: there
 * are none, the access is an exit. */
int machine_ioeventfd(struct machine *m, uint64_t gpa, uint32_t value);

/* bundle.c: kernel, image and so on, read-only at GPA_BUNDLE. */
void bundle_map(struct machine *m, const struct options *opt);

/* boot.c: shim, page tables, start information, registers. */
void boot_load_shim(struct machine *m, const char *file);
void boot_prepare(struct machine *m, uint64_t mem_bytes);
void boot_set_registers(const struct machine *m);

/* prepare.c: what the note asks for (abi/monitor.h). After bundle_map() and
 * boot_load_shim(). */
void prepare(struct machine *m, uint64_t mem_bytes);

/* probe.c: what this host's KVM does with `syscall` and ring 0. */
void probe_run(struct machine *m);
int probe_report(void);

/* clock.c */
void clock_init(struct machine *m, uint64_t tsc_hz);
void clock_refresh(struct machine *m);

/* vcpu.c */
/* Threads for all but the first, which wait until the guest starts them. */
void vcpus_prepare(struct machine *m);
/* The guest starts one; once for each, and only those that there are. */
void vcpu_start(struct machine *m, uint32_t index);
/* Runs the first, until one of them ends the guest, and all with it. */
_Noreturn void vcpus_run(struct machine *m);

/* ports.c; *status is set when the guest ends. */
void ports_out(struct machine *m, uint16_t port, const uint8_t *data,
               uint32_t size, uint32_t count, int *status);
void ports_in(struct machine *m, uint16_t port, uint8_t *data, uint32_t size,
              uint32_t count);

/* copy.c: MONITOR_DO_COPY of at most len_bytes; addresses that are none are
 * left alone. */
void copy_page(struct machine *m, uint32_t len_bytes);
/* MONITOR_DO_SERIES, likewise. */
void copy_series(struct machine *m, uint32_t len_bytes);

/* serve.c: the thread that waits for host descriptors. */
typedef void serve_fn(struct machine *m, void *arg, uint32_t events);
void serve_init(void);
/* Calls fn(m, arg, events), with m's lock held, while fd is ready. False: it
 * is a kind of file that is always ready. */
bool serve_add(int fd, uint32_t events, serve_fn *fn, void *arg);
/* From now on for these events, and for the end of what fd is connected to; 0:
 * for nothing, not even that. */
void serve_change(int fd, uint32_t events);
void serve_start(struct machine *m);

/* console.c: standard input, and the tool's line to COM2. */
void console_init(struct machine *m, const struct options *opt);
/* Tells the tool that the kernel is about to be entered, which listens to the
 * control line from now on; and how it ended. */
void control_say_up(struct machine *m);
void control_say_exit(const struct machine *m, uint8_t status);
/* MONITOR_DO_OUT, _ERR: as far as the reader has room; page says how far. */
void console_write(struct monitor_page *page, int fd, const uint8_t *from,
                   uint32_t len_bytes);
/* MONITOR_DO_READ: at most max bytes, and page says what became of it. */
void console_read(struct monitor_page *page, uint8_t *to, uint32_t max);

/* stats.c: KVM's counters, the sum of the virtual CPUs, for --stats. Nothing is
 * printed where nothing was opened. */
void stats_open(const struct machine *m);
void stats_print(void);

/* confine.c */
void confine(const struct options *opt);
/* After it only the calls that a running machine needs are allowed. */
void confine_filter(void);

/* say.c */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The platform ABI, version 1: everything that the library OS asks of what
 * runs it ("calls down"), and everything that it is told ("upcalls").
 *
 * Each platform hands the kernel a struct abi_boot; the kernel calls through
 * abi_boot.ops and through nothing else. All integers are little-endian, all
 * addresses are guest virtual. Calls return 0 or a positive count, or a
 * negated Linux errno. No call blocks except wait(). wait() and vcpu_kick()
 * may be made by several CPUs at once, the others by one at a time. Both sides
 * treat what they are given as untrusted: copy once, validate, then use.
 */
#ifndef EINKORN_ABI_PLATFORM_H
#define EINKORN_ABI_PLATFORM_H

#include <stddef.h>
#include <stdint.h>

#define ABI_MAGIC UINT64_C(0x314e524f4b4e4945) /* "EINKORN1" */
#define ABI_VERSION 1u

/* ---- virtual CPUs ----------------------------------------------------- */

#define ABI_MAX_VCPU 16

/*
 * Shared between kernel and platform, one for each virtual CPU, allocated by
 * the kernel; the GS base of that CPU points at it while the kernel or the
 * application runs.
 *
 * Masking: while mask is non-zero the platform delivers no asynchronous
 * upcall; it ORs the reason into pending (atomically) instead. The kernel
 * unmasks by storing 0 and must then look at pending itself. Exceptions and
 * slow system calls are never masked.
 *
 * Restart window: an asynchronous event that interrupts the kernel with its
 * instruction pointer in [exit_begin, exit_end) is made pending, and the
 * platform continues the kernel at exit_begin. The kernel keeps that window
 * restartable; it needs no host call to leave safely.
 */
struct abi_vcpu {
    uint8_t mask;
    uint8_t pending; /* ABI_PENDING_* */
    uint8_t reserved0[6];
    uint64_t self;          /* this structure's own address */
    uint64_t syscall_entry; /* trampolines jump here, return address in rcx */
    uint64_t kstack_top;    /* frames from application context go below */
    uint64_t scratch;       /* the entry path's */
    uint64_t frame;         /* struct abi_frame to leave the kernel with */
    uint64_t upcall_entry;  /* rdi = struct abi_frame *, on kernel stack */
    uint64_t exit_begin;
    uint64_t exit_end;
    uint64_t stop_signals; /* bit n-1: signal n was asked for from outside;
                              platform sets, kernel takes (both atomically) */
    uint32_t index;
    uint32_t reserved1;
    uint64_t platform[4]; /* the platform's own */
    uint64_t cpuid;       /* struct sidecar_cpuid[], searched by trampolines;
                             the kernel's, never 0 while a program runs */
};

/* Offsets that assembly and patched program text rely on. */
#define ABI_VCPU_MASK 0
#define ABI_VCPU_PENDING 1
#define ABI_VCPU_SELF 8
#define ABI_VCPU_SYSCALL_ENTRY 16
#define ABI_VCPU_KSTACK_TOP 24
#define ABI_VCPU_SCRATCH 32
#define ABI_VCPU_FRAME 40
#define ABI_VCPU_EXIT_BEGIN 56
#define ABI_VCPU_CPUID 120

enum abi_pending {
    ABI_PENDING_TICK = 1,      /* the period asked for with tick() went by */
    ABI_PENDING_DEVICE = 2,    /* some device may have become ready */
    ABI_PENDING_KICK = 4,      /* vcpu_kick() by another virtual CPU */
    ABI_PENDING_STOP = 8,      /* stop_signals is not zero */
    ABI_PENDING_RESTORED = 16, /* new clock, entropy, identity: re-read boot */
};

/* ---- upcalls ---------------------------------------------------------- */

enum abi_upcall {
    ABI_UPCALL_EVENT = 0,     /* look at (and clear) vcpu->pending */
    ABI_UPCALL_SYSCALL = 1,   /* unpatched `syscall`: rax = number, rip behind
                                 it; rcx and r11 hold anything */
    ABI_UPCALL_EXCEPTION = 2, /* vector, error, addr are valid */
};

/*
 * An interrupted context. Entered at vcpu->upcall_entry with rdi = frame,
 * mask set to 1, rsp = frame (the entry is assembly), DF clear. The frame is
 * 16-byte aligned on the kernel's stack: from application context exactly at
 * kstack_top - ABI_FRAME_SIZE (the kernel keeps that aligned); from kernel
 * context below the interrupted stack pointer. Vector registers and FS/GS
 * bases are still the interrupted ones. The kernel resumes a frame by itself
 * with `iretq`, which needs no privilege for an equal ring. "Kernel context"
 * means rsp at or above ABI_USER_TOP while mask is set or rip lies inside
 * boot->kernel: the kernel's first and last instructions, on the program's
 * stack with mask 0, are application context. The program always runs with
 * mask 0; the vDSO that the kernel gives to it is program memory. Calls down
 * are made masked, or their events only become pending.
 */
struct abi_frame {
    uint64_t r15, r14, r13, r12, rbp, rbx;
    uint64_t r11, r10, r9, r8;
    uint64_t rax, rcx, rdx, rsi, rdi;
    uint64_t addr;   /* faulting address (CR2) of a page fault */
    uint32_t vector; /* x86 exception vector; 18: the page exists, but its
                        data is lost (image truncated, bad memory) */
    uint32_t error;  /* x86 error code */
    uint64_t kind;   /* enum abi_upcall */
    uint64_t rip, cs, rflags, rsp, ss;
};

#define ABI_FRAME_SIZE 184

/* ---- memory ----------------------------------------------------------- */

enum abi_prot { ABI_PROT_READ = 1, ABI_PROT_WRITE = 2, ABI_PROT_EXEC = 4 };

/* Beside the protection in mem_map(): all of it will be written in a moment. A
 * platform may make the copies at once. */
enum { ABI_MAP_SOON = 8 };

enum abi_source { ABI_SOURCE_IMAGE = 0, ABI_SOURCE_SIDECAR = 1 };

/* ---- devices ---------------------------------------------------------- */

struct abi_iov {
    uint64_t base;
    uint64_t len_bytes;
};

/*
 * One frame: iov[0] begins with a struct virtio_net_hdr_mrg_rxbuf of 12 bytes
 * (virtio 1.2, 5.1.6), then the Ethernet frame without FCS. On receive the
 * platform stores the total length with header in len_bytes.
 */
struct abi_packet {
    const struct abi_iov *iov;
    uint32_t nr_iov;
    uint32_t len_bytes;
};

#define ABI_NET_HDR_SIZE 12
#define ABI_NET_FRAME_MAX (65535 + 14 + ABI_NET_HDR_SIZE)

enum abi_net_feature {
    ABI_NET_CSUM = 1,       /* platform completes checksums we ask it to */
    ABI_NET_GUEST_CSUM = 2, /* received frames may need no checking */
    ABI_NET_TSO4 = 4,       /* we may send TCP/IPv4 segments up to 64 KiB */
    ABI_NET_TSO6 = 8,
    ABI_NET_GUEST_TSO4 = 16, /* we may be given such */
    ABI_NET_GUEST_TSO6 = 32,
    ABI_NET_USO = 64, /* we may send equally long datagrams in one frame */
    ABI_NET_GUEST_USO = 128,
};

struct abi_net_info {
    uint8_t mac[6];
    uint16_t mtu;
    uint32_t features; /* ABI_NET_* */
    uint32_t reserved;
};

struct abi_blk_info {
    uint64_t len_bytes;
    uint32_t sector_bytes;
    uint32_t flags; /* bit 0: read-only */
};

enum abi_console_stream {
    ABI_CONSOLE_OUT = 1,
    ABI_CONSOLE_ERR = 2,
    ABI_CONSOLE_LOG = 3, /* as ERR, for the kernel's own lines */
};

enum abi_console_op {
    ABI_CONSOLE_GET_TERMIOS = 1, /* arg: Linux struct termios, 36 bytes */
    ABI_CONSOLE_SET_TERMIOS = 2, /* at once, as TCSETS */
    ABI_CONSOLE_GET_WINSIZE = 3, /* arg: struct winsize, 8 bytes */
};

/* Same instant on three clocks. */
struct abi_clock_sample {
    uint64_t tsc;
    uint64_t mono_ns; /* CLOCK_MONOTONIC: since the host's boot */
    int64_t real_ns;  /* CLOCK_REALTIME: since 1970 */
};

/* ---- calls down ------------------------------------------------------- */

#define ABI_NO_DEADLINE UINT64_MAX
#define ABI_WAIT_DEVICES 1u

struct abi_ops {
    /* -- processors, time, events -- */

    /* Tell the platform where the calling CPU's vcpu is; sets its GS base. */
    int64_t (*vcpu_init)(struct abi_vcpu *vcpu);
    /* Start CPU `index` (1 .. nr_vcpus-1) at entry(arg) on the given stack.
     * Its GS base is vcpu. Once only for each index. */
    int64_t (*vcpu_start)(uint32_t index, struct abi_vcpu *vcpu, uint64_t entry,
                          uint64_t arg, uint64_t stack_top);
    /* Make ABI_PENDING_KICK pending there; wakes it out of wait(). */
    int64_t (*vcpu_kick)(uint32_t index);
    /* Sleep until something is pending on this CPU, mono_ns passed or, with
     * ABI_WAIT_DEVICES, a device is readable (or, after a refusal with
     * -EAGAIN, writable). Returns 0; spurious returns are allowed. A reason
     * that arrives after the caller's last look is never lost. Where devices
     * interrupt, they may do so to CPU 0 whoever waits for them. A ready
     * device sets ABI_PENDING_DEVICE and is reported once: again only after a
     * call on it said -EAGAIN (for a batch: gave less than was asked for). */
    int64_t (*wait)(uint64_t deadline_mono_ns, uint32_t flags);
    /* ABI_PENDING_TICK after each period_ns of *running* on this CPU (no ticks
     * while waiting); 0 ends it. Periods are rounded up to what there is. */
    int64_t (*tick)(uint64_t period_ns);
    int64_t (*clock_sample)(struct abi_clock_sample *out);
    int64_t (*random)(void *buf, uint64_t len_bytes);
    /* End the instance with this exit status (0 to 255). Does not return. */
    void (*exit)(uint32_t status);

    /* -- address space. Ranges are page-aligned and lie below ABI_USER_TOP;
     * anything else is -EINVAL. What was mapped there before is replaced. -- */

    /* Nothing accessible, nothing accounted. */
    int64_t (*mem_reserve)(uint64_t addr, uint64_t len_bytes);
    /* Private zeroed memory, given on first touch. */
    int64_t (*mem_commit)(uint64_t addr, uint64_t len_bytes, uint32_t prot);
    /* Pages of the sealed image or of its sidecar, copy-on-write. prot may
     * have ABI_MAP_SOON. */
    int64_t (*mem_map)(uint64_t addr, uint64_t len_bytes, uint32_t prot,
                       uint32_t source, uint64_t offset);
    int64_t (*mem_protect)(uint64_t addr, uint64_t len_bytes, uint32_t prot);
    /* Unmap: touching it faults. */
    int64_t (*mem_release)(uint64_t addr, uint64_t len_bytes);
    /* Give pages back, keep the mapping: private memory reads zero (or the
     * image's bytes) again. Allowed on the heap arena too. */
    int64_t (*mem_discard)(uint64_t addr, uint64_t len_bytes);
    /* Move pages with their content; the old range becomes unmapped. If
     * new_len is larger the rest is more of the same mapping. */
    int64_t (*mem_move)(uint64_t old_addr, uint64_t old_len_bytes,
                        uint64_t new_addr, uint64_t new_len_bytes);

    /* -- the shareable memory object: one sparse, zeroed object for each
     * instance, seen whole (read-write) in the window boot->shm. -- */

    /* Map part of it at a program address too: shared or copy-on-write. */
    int64_t (*shm_map)(uint64_t addr, uint64_t len_bytes, uint32_t prot,
                       uint64_t offset, uint32_t is_private);
    /* Free pages of the object; they read zero everywhere. */
    int64_t (*shm_punch)(uint64_t offset, uint64_t len_bytes);

    /* -- console: the program's standard streams -- */

    /* Returns bytes taken, -EAGAIN if the reader does not read (wait() tells
     * when it does again), -EPIPE if it is gone. A length of 0 asks: 0 or
     * -EAGAIN. ABI_CONSOLE_LOG takes all and waits for the reader meanwhile,
     * unless somebody wants the instance to stop. A platform whose console
     * has no such state may wait on each stream. */
    int64_t (*console_write)(uint32_t stream, const void *buf,
                             uint64_t len_bytes);
    /* Returns bytes, 0 at end of input, -EAGAIN if there is nothing yet. */
    int64_t (*console_read)(void *buf, uint64_t len_bytes);
    int64_t (*console_ctl)(uint32_t op, void *arg);

    /* -- devices. `dev` counts from 0 to boot->nr_net - 1 and so on. -- */

    /* Returns frames taken (the first n), or -EAGAIN when none could be. */
    int64_t (*net_send)(uint32_t dev, const struct abi_packet *packets,
                        uint32_t nr_packets);
    /* Fills packets in order, sets their len_bytes; returns how many, or
     * -EAGAIN. A frame larger than its buffers is dropped. */
    int64_t (*net_recv)(uint32_t dev, struct abi_packet *packets,
                        uint32_t nr_packets);
    /* Whole sectors; synchronous in version 1. flush != 0: to stable store. */
    int64_t (*blk_read)(uint32_t dev, void *buf, uint64_t len_bytes,
                        uint64_t offset);
    int64_t (*blk_write)(uint32_t dev, const void *buf, uint64_t len_bytes,
                         uint64_t offset, uint32_t flush);
    /* 9P2000.L messages of one host directory, whole ones; at most
     * ABI_CHAN_MSG_MAX bytes. -EAGAIN when it is full or empty; wait() ends
     * when that is over, unless an empty one was but glanced at. */
    int64_t (*chan_send)(uint32_t chan, const void *msg, uint64_t len_bytes);
    int64_t (*chan_recv)(uint32_t chan, void *msg, uint64_t len_bytes);
};

#define ABI_CHAN_MSG_MAX (UINT64_C(128) * 1024)
#define ABI_CHAN_GLANCE (UINT32_C(1) << 31) /* in chan_recv's chan */

/* ---- boot ------------------------------------------------------------- */

#define ABI_MAX_NET 4
#define ABI_MAX_BLK 4
#define ABI_MAX_CHAN 16

struct abi_range {
    uint64_t base;
    uint64_t len_bytes;
};

enum abi_boot_flag {
    ABI_BOOT_JIT = 1,        /* writable memory may become executable */
    ABI_BOOT_STDIN = 2,      /* console_read() will yield something */
    ABI_BOOT_TTY = 4,        /* the console is a terminal */
    ABI_BOOT_STATS = 8,      /* count and report at exit (run --stats) */
    ABI_BOOT_TSC = 16,       /* rdtsc is usable and tsc_hz is right */
    ABI_BOOT_MEM = 32,       /* mem_limit_bytes was asked for, not guessed */
    ABI_BOOT_TSC_ROUGH = 64, /* tsc_hz may be off by 1 %: samples know better */
};

/*
 * Handed to the kernel's entry point in rdi, on a boot stack of at least
 * 16 KiB, with no vcpu known yet. Stays valid and is only read by the kernel.
 */
struct abi_boot {
    uint64_t magic;
    uint32_t version;
    uint32_t size_bytes; /* of this structure */
    const struct abi_ops *ops;
    char platform[16];        /* "proc", "vm" */
    uint64_t flags;           /* ABI_BOOT_* */
    struct abi_range kernel;  /* loaded kernel image, bss included */
    struct abi_range heap;    /* kernel's own memory: zeroed on first touch */
    struct abi_range shm;     /* window on the shareable object */
    struct abi_range image;   /* EROFS image, read-only */
    struct abi_range sidecar; /* abi/sidecar.h, read-only; len 0: none */
    struct abi_range config;  /* abi/config.h strings, read-only */
    uint64_t mem_limit_bytes; /* what the instance may use in all */
    uint64_t tsc_hz;
    uint32_t nr_vcpus;
    uint32_t nr_net;
    uint32_t nr_blk;
    uint32_t nr_chan;
    uint16_t user_cs, user_ss; /* selectors for iretq and signal frames */
    uint32_t reserved0;
    uint64_t hwcap, hwcap2; /* for the program's AT_HWCAP, AT_HWCAP2 */
    uint8_t entropy[32];
    struct abi_net_info net[ABI_MAX_NET];
    struct abi_blk_info blk[ABI_MAX_BLK];
};

typedef void (*abi_kernel_entry)(const struct abi_boot *boot);

_Static_assert(offsetof(struct abi_vcpu, pending) == ABI_VCPU_PENDING, "abi");
_Static_assert(offsetof(struct abi_vcpu, self) == ABI_VCPU_SELF, "abi");
_Static_assert(offsetof(struct abi_vcpu, syscall_entry) ==
                   ABI_VCPU_SYSCALL_ENTRY,
               "abi");
_Static_assert(offsetof(struct abi_vcpu, kstack_top) == ABI_VCPU_KSTACK_TOP,
               "abi");
_Static_assert(offsetof(struct abi_vcpu, scratch) == ABI_VCPU_SCRATCH, "abi");
_Static_assert(offsetof(struct abi_vcpu, frame) == ABI_VCPU_FRAME, "abi");
_Static_assert(offsetof(struct abi_vcpu, exit_begin) == ABI_VCPU_EXIT_BEGIN,
               "abi");
_Static_assert(offsetof(struct abi_vcpu, cpuid) == ABI_VCPU_CPUID, "abi");
_Static_assert(sizeof(struct abi_vcpu) == 128, "abi");
_Static_assert(sizeof(struct abi_frame) == ABI_FRAME_SIZE, "abi");
_Static_assert(sizeof(struct abi_packet) == 16, "abi");
_Static_assert(sizeof(struct abi_net_info) == 16, "abi");
_Static_assert(sizeof(struct abi_ops) == 26 * 8, "abi");

#endif

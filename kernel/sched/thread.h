/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads of the one process, and that process. A thread owns a kernel stack;
 * at its top stands the frame of its last entry from the program.
 */
#ifndef EINKORN_KERNEL_SCHED_THREAD_H
#define EINKORN_KERNEL_SCHED_THREAD_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/platform.h"
#include "kernel/core/clock.h"
#include "kernel/core/cpu.h"
#include "kernel/sched/waitq.h"
#include "lib/list.h"

typedef uint64_t sigset64_t; /* bit n-1: signal n */

enum thread_state { THREAD_RUNNABLE, THREAD_SLEEPING, THREAD_DEAD };

enum {
    SIGNAL_MAX = 64,
    THREAD_COMM_MAX = 16,
    KSTACK_PAGES = 8,
    SLICE_NS = 4000000, /* how long a thread runs while others wait */
};

struct sigqueue; /* sched/signal.c: pending siginfo list */

struct thread {
    struct list run;         /* run queue */
    struct list all;         /* process.threads */
    uint64_t ksp;            /* saved stack pointer while not running */
    uint8_t *kstack;         /* lowest address */
    struct abi_frame *frame; /* entry frame, at the top of kstack */
    enum thread_state state;
    struct cpu *cpu;   /* runs it, or did last; NULL before the first time */
    uint64_t affinity; /* bit for each CPU that may run it */
    int32_t tid;       /* the first thread's is the pid: 1 */
    uint64_t fs_base;
    void *fpu; /* XSAVE area, 64-byte aligned, NULL until first needed */
    struct timer sleep_timer;
    bool killed;              /* ends instead of returning to the program */
    bool in_call, unfinished; /* tracing: inside a call, one shown so */
    bool woken; /* since it last began to sleep: sleep returns at once */
    bool interruptible; /* while SLEEPING: signals wake it */

    /* signals (sched/signal.h) */
    sigset64_t blocked, pending;
    sigset64_t saved_mask; /* to restore after sigsuspend, ppoll ... */
    bool restore_mask;
    struct list sigqueue;
    uint64_t altstack_sp;
    uint64_t altstack_size;
    int32_t altstack_flags;

    uint64_t restart_deadline_ns; /* of an interrupted nanosleep, 0: none */
    uint64_t clear_child_tid;     /* futex to wake at exit, 0: none */
    uint64_t robust_list;
    uint64_t robust_list_len;
    uint64_t rseq_area; /* sched/rseq.h, 0: none */
    uint32_t rseq_signature;
    uint32_t rseq_cpu;  /* that the area shows */
    bool rseq_switched; /* others ran since it was last in the program */
    uint64_t cpu_ns;    /* run time so far, without the present turn */
    uint64_t started_ns;
    uint32_t syscall_nr; /* last entered, for /proc and crash reports */
    int32_t policy, rt_priority, nice; /* recorded, without effect */
    uint16_t ioprio;                   /* the same */
    uint64_t nr_slept, nr_passed;      /* let others run: waiting, or not */
    char comm[THREAD_COMM_MAX];
};

struct rlimit64_pair {
    uint64_t soft, hard;
};

/* The process: one for each instance. Subsystems keep their state in their
 * own files; what several need stands here. */
struct process {
    struct list threads;
    uint32_t nr_threads;
    uint64_t nr_slept, nr_passed; /* of all threads, ended ones too */
    uint32_t uid, euid, suid, gid, egid, sgid;
    uint32_t umask;
    struct rlimit64_pair limits[16]; /* RLIMIT_* */
    char exe[256];                   /* /proc/self/exe */
    uint64_t start_mono_ns;
    uint64_t arg_start, arg_end, env_start, env_end, auxv_start, auxv_len;
    uint64_t stack_top;
    bool dumpable;
    bool no_new_privs, keep_caps, thp_disabled;
    uint32_t securebits;
    uint64_t cap_effective, cap_permitted, cap_inheritable, cap_bounding;
    char hostname[65], domainname[65];
    uint32_t nr_aio; /* events that io_setup(2) made room for */
};
enum { AIO_EVENTS_MAX = 65536 };
extern struct process process;

void sched_init(void);

/* A thread that will run fn(arg) in the kernel, on its own stack; NULL when
 * out of memory. Not yet runnable: thread_wake() starts it. A thread enters
 * the program by filling t->frame and calling thread_enter_user(). */
struct thread *thread_create(void (*fn)(void *arg), void *arg);
_Noreturn void thread_enter_user(void);
/* For clone(2): vector registers and comm as the current thread's, in a new
 * thread that was not started yet. 0 or -ENOMEM. */
int thread_inherit(struct thread *child);
/* Undo thread_create() of a thread that never ran. */
void thread_discard(struct thread *t);
/* Processors that run the program's threads. */
uint32_t sched_nr_cpus(void);
/* The boot context ends and t runs. */
_Noreturn void sched_start(struct thread *t);
/* The current thread ends (clear_child_tid, robust list); the last one ends
 * the instance with the given status. */
_Noreturn void thread_exit(int status);
/* exit_group(2): ends the instance: status in the Docker sense (0-255,
 * 128+signal). */
_Noreturn void process_exit(int status);
struct thread *thread_find(int32_t tid);
/* Called before the instance ends, e.g. to flush or report. */
void process_at_exit(void (*fn)(void));
/* Ends all threads but the current one (execve). */
void thread_kill_others(void);

/* Run time of a thread, and of all that ever lived. */
uint64_t thread_cpu_ns(const struct thread *t);
uint64_t process_cpu_ns(void);

void sched_yield(void);
/* Runs at each return to the program: reschedule, deliver signals. */
void sched_return_to_user(struct abi_frame *frame);
/* The same, from outside the kernel lock. */
void sched_return_to_user_locked(struct abi_frame *frame);
/* Vector state of t in the standard format into area, fpu_size_bytes() long
 * and 64-byte aligned. Destroys the live registers: for an ending process. */
int thread_fpu_image(struct thread *t, void *area);
/* Vector state of t into its t->fpu (allocated if need be); 0 or -ENOMEM. */
int thread_save_fpu(struct thread *t);
/* The current thread's vector state as at the start of a program (execve). */
void thread_reset_fpu(void);
/* Size of the XSAVE area in bytes (CPUID 0xd). */
uint32_t fpu_size_bytes(void);

#endif

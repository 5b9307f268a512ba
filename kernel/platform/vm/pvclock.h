/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The clock that KVM writes to a guest's memory (Linux,
 * Documentation/virt/kvm/x86/msr.rst): a line through the time-stamp counter,
 * with a version that is odd while it changes. Nothing in it is trusted.
 */
#ifndef EINKORN_VM_PVCLOCK_H
#define EINKORN_VM_PVCLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/platform/vm/muldiv.h"

struct pvclock_time {
    uint32_t version, reserved0;
    uint64_t tsc, system_ns; /* one instant */
    uint32_t mul;            /* 2^-32 ns for a tick, after ... */
    int8_t shift;            /* ... this shift to the left */
    uint8_t flags, reserved1[2];
};

/* CLOCK_REALTIME when system_ns was 0. */
struct pvclock_wall {
    uint32_t version, sec, nsec;
};

struct pvclock_page {
    struct pvclock_time time;
    struct pvclock_wall wall;
};

enum { PVCLOCK_STABLE = 1 }; /* flags: the line is one for all CPUs */
enum { PVCLOCK_TRIES = 1000 };

static inline bool pvclock_sound(const struct pvclock_time *t)
{
    return t->mul && t->shift > -32 && t->shift < 32;
}

/* A copy of what stood there at one moment; false: it never stands still, or
 * was not written, or makes no sense. */
static inline bool pvclock_read(const volatile struct pvclock_time *from,
                                struct pvclock_time *out)
{
    for (int i = 0; i < PVCLOCK_TRIES; i++) {
        out->version = __atomic_load_n(&from->version, __ATOMIC_ACQUIRE);
        out->tsc = from->tsc;
        out->system_ns = from->system_ns;
        out->mul = from->mul;
        out->shift = from->shift;
        out->flags = from->flags;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        if (!(out->version & 1) && out->version == from->version)
            return pvclock_sound(out);
    }
    return false;
}

/* System time at that count, which is not before t's. */
static inline uint64_t pvclock_ns(const struct pvclock_time *t, uint64_t tsc)
{
    uint64_t ticks = tsc > t->tsc ? tsc - t->tsc : 0;

    ticks = t->shift < 0 ? ticks >> -t->shift : ticks << t->shift;
    return t->system_ns + (uint64_t)((unsigned __int128)ticks * t->mul >> 32);
}

/* The counter's rate that mul and shift stand for. */
static inline uint64_t pvclock_hz(const struct pvclock_time *t)
{
    uint64_t hz = mul_div(1000000000, UINT64_C(1) << 32, t->mul);

    return t->shift < 0 ? hz << -t->shift : hz >> t->shift;
}

/* The same for the date; INT64_MIN instead of false. */
static inline int64_t pvclock_wall_ns(const volatile struct pvclock_wall *from)
{
    for (int i = 0; i < PVCLOCK_TRIES; i++) {
        uint32_t version = __atomic_load_n(&from->version, __ATOMIC_ACQUIRE);
        uint32_t sec = from->sec, nsec = from->nsec;

        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        if (!(version & 1) && version == from->version && nsec < 1000000000)
            return (int64_t)sec * 1000000000 + nsec;
    }
    return INT64_MIN;
}

_Static_assert(sizeof(struct pvclock_time) == 32, "KVM");
_Static_assert(sizeof(struct pvclock_page) == 48, "KVM");

#endif

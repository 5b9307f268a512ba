/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Clock, sleep, tick, random bytes and exit. Time comes from the host's fast
 * clock (its vDSO, found by the tender) or else from a host call.
 */
#include "kernel/platform/proc/gate.h"
#include "lib/list.h"

#include <linux/poll.h>
#include <linux/time.h>
#include <linux/time_types.h>

enum { NS_PER_S = 1000000000 };

static int64_t now_ns(int clock)
{
    struct __kernel_timespec t = {0, 0};

    if (!gate.vdso_clock_gettime || gate.vdso_clock_gettime(clock, &t))
        hostcall2(__NR_clock_gettime, (uint64_t)clock, (uint64_t)&t);
    return t.tv_sec * NS_PER_S + t.tv_nsec;
}

static uint64_t rdtsc(void)
{
    uint32_t lo, hi;

    __asm__ volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
    return (uint64_t)hi << 32 | lo;
}

/* The best of three tries, since the host may take the CPU away in between. The
 * first sample does without the vDSO: each start needs one, and its pages cost
 * more than some host calls. */
int64_t gate_clock_sample(struct abi_clock_sample *out)
{
    uint64_t best = UINT64_MAX;
    int tries = gate.boot.flags & ABI_BOOT_TSC ? 3 : 1;

    if (gate.sampled && gate.vdso)
        gate_vdso_find();
    gate.sampled = 1;
    while (tries--) {
        uint64_t begin = rdtsc();
        int64_t mono = now_ns(CLOCK_MONOTONIC);
        uint64_t middle = rdtsc();
        int64_t real = now_ns(CLOCK_REALTIME);
        uint64_t end = rdtsc();

        if (end - begin >= best)
            continue;
        best = end - begin;
        out->mono_ns = (uint64_t)mono;
        out->tsc = begin + (middle - begin) / 2;
        out->real_ns = real;
    }
    return 0;
}

static uint32_t add_port(struct pollfd *p, uint32_t nr, struct gate_port *port)
{
    if (!port->want_read && !port->want_write)
        return nr;
    p[nr].fd = port->fd;
    p[nr].events = (short)((port->want_read ? POLLIN : 0) |
                           (port->want_write ? POLLOUT : 0));
    p[nr].revents = 0;
    return nr + 1;
}

static void disarm(const struct pollfd *p, struct gate_port *port)
{
    int failed = p->revents & (POLLERR | POLLHUP | POLLNVAL);

    if (failed || (p->revents & POLLIN))
        port->want_read = 0;
    if (failed || (p->revents & POLLOUT))
        port->want_write = 0;
}

/* Ports in the order in which wait() polls them; NULL behind the last. */
static struct gate_port *port_at(uint32_t i)
{
    if (i == 0)
        return &gate.console;
    i -= 1;
    if (i < ARRAY_LEN(gate.out))
        return &gate.out[i];
    i -= ARRAY_LEN(gate.out);
    if (i < gate.boot.nr_net)
        return &gate.net[i];
    i -= gate.boot.nr_net;
    return i < gate.boot.nr_chan ? &gate.chan[i] : NULL;
}

/* CPU that waits for devices, and one more; 0: none. */
static uint32_t watcher;

/* Another one may have come in the meantime. */
static void unwatch(uint32_t self)
{
    __atomic_compare_exchange_n(&watcher, &self, 0, 0, __ATOMIC_RELAXED,
                                __ATOMIC_RELAXED);
}

static void kick_watcher(void)
{
    uint32_t other = __atomic_load_n(&watcher, __ATOMIC_SEQ_CST);

    if (other && &gate_area[other - 1].cpu != gate_self())
        gate_vcpu_kick(other - 1);
}

/* One that waits already took its list of ports before. */
void gate_arm(uint8_t *want)
{
    if (gate.boot.nr_vcpus == 1)
        *want = 1;
    else if (!__atomic_exchange_n(want, 1, __ATOMIC_SEQ_CST))
        kick_watcher();
}

static uint32_t add_ports(struct pollfd *fds)
{
    struct gate_port *port;
    uint32_t i, nr = 0;

    for (i = 0; (port = port_at(i)); i++)
        nr = add_port(fds, nr, port);
    return nr;
}

/* Note that a device is ready, if one is. */
static void take_ready(struct abi_vcpu *vcpu, const struct pollfd *fds,
                       uint32_t nr)
{
    struct gate_port *port;
    uint32_t i, n = 0;

    for (i = 0; n < nr && (port = port_at(i)); i++)
        if (fds[n].fd == port->fd)
            disarm(&fds[n++], port);
    __atomic_fetch_or(&vcpu->pending, ABI_PENDING_DEVICE, __ATOMIC_SEQ_CST);
}

int64_t gate_wait(uint64_t deadline_mono_ns, uint32_t flags)
{
    struct pollfd fds[1 + ARRAY_LEN(gate.out) + ABI_MAX_NET + ABI_MAX_CHAN];
    struct __kernel_timespec left = {0, 0};
    struct abi_vcpu *vcpu = gate_self()->vcpu;
    uint32_t nr = 0;

    if (!vcpu)
        return -EINVAL;
    if (__atomic_load_n(&vcpu->pending, __ATOMIC_SEQ_CST))
        return 0;
    if (deadline_mono_ns != ABI_NO_DEADLINE) {
        uint64_t now = (uint64_t)now_ns(CLOCK_MONOTONIC);
        uint64_t ns = deadline_mono_ns > now ? deadline_mono_ns - now : 0;

        left.tv_sec = (int64_t)(ns / NS_PER_S);
        left.tv_nsec = (int64_t)(ns % NS_PER_S);
    }
    if (flags & ABI_WAIT_DEVICES) {
        if (gate.boot.nr_vcpus > 1)
            __atomic_store_n(&watcher, vcpu->index + 1, __ATOMIC_SEQ_CST);
        nr = add_ports(fds);
    }
    if (gate_ppoll(fds, nr, deadline_mono_ns == ABI_NO_DEADLINE ? NULL : &left,
                   &vcpu->pending) > 0)
        take_ready(vcpu, fds, nr);
    if (gate.boot.nr_vcpus > 1)
        unwatch(vcpu->index + 1);
    return 0;
}

int64_t gate_tick(uint64_t period_ns)
{
    struct __kernel_timespec t = {
        .tv_sec = (int64_t)(period_ns / NS_PER_S),
        .tv_nsec = (int64_t)(period_ns % NS_PER_S),
    };
    struct __kernel_itimerspec spec = {.it_interval = t, .it_value = t};

    return hostcall4(__NR_timer_settime, (uint64_t)gate_self()->timer, 0,
                     (uint64_t)&spec, 0);
}

int64_t gate_random(void *buf, uint64_t len_bytes)
{
    uint64_t done = 0;

    while (done < len_bytes) {
        int64_t ret = hostcall3(__NR_getrandom, (uint64_t)buf + done,
                                len_bytes - done, 0);

        if (ret < 0 && ret != -EINTR)
            return ret;
        done += ret > 0 ? (uint64_t)ret : 0;
    }
    return 0;
}

void gate_exit(uint32_t status)
{
    for (;;)
        hostcall1(__NR_exit_group, status & 0xff);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names, limits, memory figures, random bytes: calls about the system.
 */
#include <asm/errno.h>
#include <linux/random.h>
#include <linux/sysinfo.h>
#include <linux/utsname.h>

#include "kernel/core/alloc.h"
#include "kernel/core/clock.h"
#include "kernel/core/config.h"
#include "kernel/core/random.h"
#include "kernel/core/uaccess.h"
#include "kernel/core/version.h"
#include "kernel/linux/calls.h"
#include "kernel/linux/ids.h"
#include "kernel/mm/mm.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/thread.h"
#include "lib/string.h"

int64_t sys_uname(struct abi_frame *r)
{
    struct new_utsname u = {0};

    strlcpy(u.sysname, "Linux", sizeof(u.sysname));
    strlcpy(u.nodename, process.hostname, sizeof(u.nodename));
    strlcpy(u.release, KERNEL_RELEASE, sizeof(u.release));
    strlcpy(u.version, KERNEL_VERSION, sizeof(u.version));
    strlcpy(u.machine, "x86_64", sizeof(u.machine));
    strlcpy(u.domainname, process.domainname, sizeof(u.domainname));
    return copy_out(r->rdi, &u);
}

static int64_t set_name(const struct abi_frame *r, char name[65])
{
    char text[65] = {0};

    if (r->rsi > 64)
        return -EINVAL;
    if (process.euid != 0)
        return -EPERM;
    if (copy_from_user(text, r->rdi, r->rsi) < 0)
        return -EFAULT;
    memcpy(name, text, sizeof(text));
    return 0;
}

int64_t sys_sethostname(struct abi_frame *r)
{
    return set_name(r, process.hostname);
}

int64_t sys_setdomainname(struct abi_frame *r)
{
    return set_name(r, process.domainname);
}

int64_t sys_sysinfo(struct abi_frame *r)
{
    struct mm_usage usage;
    uint64_t used, total = platform.boot->mem_limit_bytes;
    struct sysinfo s = {0};

    mm_usage(&usage);
    used = usage.committed_bytes + alloc_used_bytes();
    s.uptime =
        (int64_t)((clock_mono_ns() - process.start_mono_ns) / NSEC_PER_SEC);
    s.totalram = total;
    s.freeram = used < total ? total - used : 0;
    s.procs = (uint16_t)process.nr_threads;
    s.mem_unit = 1;
    return copy_out(r->rdi, &s);
}

int64_t sys_getrandom(struct abi_frame *r)
{
    uint8_t buf[256];
    uint64_t done = 0, len = r->rsi;

    if (r->rdx & ~(uint64_t)(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE))
        return -EINVAL;
    if (len > INT32_MAX)
        len = INT32_MAX;
    while (done < len) {
        uint64_t n = len - done < sizeof(buf) ? len - done : sizeof(buf);

        random_bytes(buf, n);
        if (copy_to_user(r->rdi + done, buf, n) < 0)
            return done ? (int64_t)done : -EFAULT;
        done += n;
        if (signal_pending() && done >= sizeof(buf))
            break;
    }
    return (int64_t)done;
}

/* ADDR_NO_RANDOMIZE and the like change nothing here; 32-bit personas and
 * READ_IMPLIES_EXEC would. */
int64_t sys_personality(struct abi_frame *r)
{
    static uint32_t persona;
    const uint32_t allowed = 0x0040000; /* ADDR_NO_RANDOMIZE */
    uint32_t old = persona, wanted = (uint32_t)r->rdi;

    if (wanted == UINT32_MAX)
        return old;
    if (wanted & ~allowed)
        return -EINVAL;
    persona = wanted;
    return old;
}

/* There is no kernel ring buffer to read: it went to the console. */
int64_t sys_syslog(struct abi_frame *r)
{
    enum { READ_ALL = 3, SIZE_UNREAD = 9, SIZE_BUFFER = 10 };

    switch ((int32_t)r->rdi) {
    case READ_ALL:
    case SIZE_UNREAD:
    case SIZE_BUFFER:
        return 0;
    default:
        return -EPERM;
    }
}

void process_init(void)
{
    const char *name = config_get("hostname", 0);

    ids_init();
    limits_init();
    strlcpy(process.hostname, name ? name : "einkorn",
            sizeof(process.hostname));
    strlcpy(process.domainname, "(none)", sizeof(process.domainname));
}

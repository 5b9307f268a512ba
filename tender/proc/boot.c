/* SPDX-License-Identifier: BSD-2-Clause */
/* Fills in what the kernel is told at its start: struct abi_boot. */
#include "lib/string.h"
#include "tender/common/say.h"
#include "tender/common/sys.h"
#include "tender/proc/launch.h"

#include <asm/termios.h>
#include <linux/sysinfo.h>

enum { HWCAP2_FSGSBASE = 2, USER_CS = 0x33, USER_SS = 0x2b };

static uint64_t half_of_memory(void)
{
    struct sysinfo info = {0};

    if (sys1(__NR_sysinfo, &info) < 0)
        return UINT64_C(1) << 30;
    return info.totalram / 2 * info.mem_unit;
}

static void fill_entropy(void)
{
    struct abi_boot *b = &gate.boot;
    int64_t ret = sys3(__NR_getrandom, b->entropy, sizeof(b->entropy), 0);

    if (ret != (int64_t)sizeof(b->entropy))
        die("random bytes: %s", errno_text(ret));
}

/* The terminal is the first of the three that is one. */
static void find_tty(const struct launch *l)
{
    struct termios t;

    gate.tty_fd = -1;
    if (l->tty == 0)
        return;
    for (int fd = 2; fd >= 0; fd--)
        if (!sys3(__NR_ioctl, fd, TCGETS, &t))
            gate.tty_fd = fd;
}

void boot_fill(const struct launch *l, const struct host_info *host)
{
    struct abi_boot *b = &gate.boot;

    if (!(host->hwcap2 & HWCAP2_FSGSBASE))
        die("this host's processor or kernel lacks FSGSBASE; use another "
            "platform (--platform qemu)");
    b->magic = ABI_MAGIC;
    b->version = ABI_VERSION;
    b->size_bytes = sizeof(*b);
    b->ops = &gate_ops;
    strlcpy(b->platform, "proc", sizeof(b->platform));
    find_tty(l);
    b->flags =
        (l->jit ? ABI_BOOT_JIT : 0u) | (l->use_stdin ? ABI_BOOT_STDIN : 0u) |
        (gate.tty_fd == 0 ? ABI_BOOT_TTY : 0u) |
        (l->stats ? ABI_BOOT_STATS : 0u) | (l->mem_bytes ? ABI_BOOT_MEM : 0u);
    b->mem_limit_bytes = l->mem_bytes ? l->mem_bytes : half_of_memory();
    b->nr_vcpus = l->vcpus;
    b->nr_net = l->nr_net;
    b->nr_blk = l->nr_blk;
    b->nr_chan = l->nr_chan;
    b->user_cs = USER_CS;
    b->user_ss = USER_SS;
    b->hwcap = host->hwcap;
    b->hwcap2 = host->hwcap2;
    b->tsc_hz = l->tsc_hz ? l->tsc_hz : clock_tsc_hz();
    if (b->tsc_hz)
        b->flags |= ABI_BOOT_TSC;
    fill_entropy();
    gate.pid = (int32_t)sys0(__NR_getpid);
    gate.console.want_read = 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Brings inherited taps, sockets and files into the state the gate needs. */
#include "tender/common/say.h"
#include "tender/common/sys.h"
#include "tender/proc/launch.h"

#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/if_tun.h>

#ifndef TUN_F_USO4 /* Linux 6.2; newer than Debian 12's headers */
enum { TUN_F_USO4 = 0x20, TUN_F_USO6 = 0x40 };
#endif

enum { SECTOR = 512 };

static void set_nonblocking(const char *what, int32_t fd)
{
    int64_t flags = sys3(__NR_fcntl, fd, F_GETFL, 0);
    int64_t ret =
        flags < 0 ? flags : sys3(__NR_fcntl, fd, F_SETFL, flags | O_NONBLOCK);

    if (ret < 0)
        die("%s=%d: %s", what, fd, errno_text(ret));
}

static void prepare_tap(uint32_t dev)
{
    int32_t fd = gate.net[dev].fd, hdr_bytes = ABI_NET_HDR_SIZE;
    struct abi_net_info *info = &gate.boot.net[dev];
    uint32_t offload = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
    int64_t ret = sys3(__NR_ioctl, fd, TUNSETVNETHDRSZ, &hdr_bytes);

    if (ret < 0)
        die("net=tap,%d: %s (not a tap with IFF_VNET_HDR?)", fd,
            errno_text(ret));
    info->features = ABI_NET_CSUM | ABI_NET_TSO4 | ABI_NET_TSO6;
    ret =
        sys3(__NR_ioctl, fd, TUNSETOFFLOAD, offload | TUN_F_USO4 | TUN_F_USO6);
    if (ret == 0) /* a Linux that knows them also takes such frames */
        info->features |= ABI_NET_USO | ABI_NET_GUEST_USO;
    else
        ret = sys3(__NR_ioctl, fd, TUNSETOFFLOAD, offload);
    if (ret == 0)
        info->features |=
            ABI_NET_GUEST_CSUM | ABI_NET_GUEST_TSO4 | ABI_NET_GUEST_TSO6;
}

static void prepare_blk(uint32_t dev)
{
    struct abi_blk_info *info = &gate.boot.blk[dev];
    int64_t len = sys3(__NR_lseek, gate.blk_fd[dev], 0, SEEK_END);

    if (len < 0)
        die("blk=%d: %s", gate.blk_fd[dev], errno_text(len));
    info->sector_bytes = SECTOR;
    info->len_bytes = (uint64_t)len & -(uint64_t)SECTOR;
}

void devices_prepare(void)
{
    uint32_t i;

    for (i = 0; i < gate.boot.nr_net; i++) {
        set_nonblocking("net", gate.net[i].fd);
        if (gate.net[i].kind == GATE_NET_TAP)
            prepare_tap(i);
        gate.net[i].want_read = 1;
    }
    for (i = 0; i < gate.boot.nr_chan; i++) {
        set_nonblocking("chan", gate.chan[i].fd);
        gate.chan[i].want_read = 1;
    }
    for (i = 0; i < gate.boot.nr_blk; i++)
        prepare_blk(i);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration handed to an instance: NUL-terminated "key=value" strings
 * one after another, ended by an empty string. Order matters for arg and env
 * only. Unknown keys are an error that the kernel names on the console.
 *
 *   exe=/usr/sbin/nginx    path of the ELF file in the image; default arg[0]
 *   arg=...                argv, one string each, argv[0] included
 *   env=K=V                environment
 *   cwd=/                  working directory
 *   uid=0, gid=0           what getuid() and getgid() say
 *   group=33               supplementary groups, one each
 *   hostname=name          uname's nodename, /etc/hostname, /etc/hosts
 *   net0.ip=10.0.0.2/24    IPv4 address of network device 0 (or "dhcp")
 *   net0.gw=10.0.0.1       its default gateway
 *   net0.gwmac=02:45:0a:00:00:01  its Ethernet address; where this is told,
 *                          the network knows ours too, and neither is asked for
 *                          nor announced
 *   net0.ip6=fd00::2/64, net0.gw6=fd00::1
 *   net0.ip6=none          the device has no IPv6 at all
 *   dns=10.0.0.1           one resolver each, for /etc/resolv.conf
 *   trace=1                show each system call on the error stream; 2: the
 *                          same, each line behind a byte 0x1e
 *   volume0=/data[:OPT,...]  where host directory channel 0 is mounted; OPT:
 *                          ro, rw, watch=N: channel N, from which only is
 *                          read, carries struct inotify_event of the host's
 *                          inotify(7) for it, and channel 0 may carry messages
 *                          that are no answers
 *   disk0=/data[:OPT,...]  where block device 0 is mounted, an ext4 file
 * system; OPT: ro, rw, partuuid=GUID: not that device but the partition with
 * this GUID, wherever it is core=0                 block device for a core file
 * (core(5)), written when a signal ends the program; its size is the limit
 *   processor=NUMBER       the processor's, as in lib/processor.h; what is
 *                          not told is asked of CPUID
 *   loglevel=0..3          0 errors, 1 warnings (default), 2 info, 3 debug
 */
#ifndef EINKORN_ABI_CONFIG_H
#define EINKORN_ABI_CONFIG_H

#define ABI_CONFIG_MAX (1u << 20) /* bytes, final empty string included */

#endif

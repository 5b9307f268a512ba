/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hand-over to a process tender (einkorn-proc): its command line. The tool
 * clones the child into new namespaces, leaves descriptors open for it and
 * executes it; everything else is said in "key=value" arguments. By hand:
 *
 *   einkorn-proc [key=value ...] [KERNEL [IMAGE [CONFIG]]]
 *
 * FILE is a path, or @N for the inherited descriptor N; FD is a number.
 * Descriptors 0, 1 and 2 are the program's console. All other descriptors
 * that are not named here are closed. Where a key may come several times, the
 * order gives the device number.
 *
 *   kernel=FILE    the library OS's ELF file
 *   image=FILE     EROFS image (none: boot->image is empty)
 *   sidecar=FILE   patched text of that image (abi/sidecar.h)
 *   config=FILE    abi/config.h strings: a file, memfd or pipe, read whole and
 *                  copied. Without any NUL byte in it, it is text: each line
 *                  is one string (empty lines and lines with # are skipped)
 *   env=0|1        1: each string of the environment is one more (cheaper than
 *                  a file where they fit: at most 128 KiB each)
 *   set=K=V        one more configuration string (by hand), after those
 *   net=KIND,FD,MAC,MTU  (0 to 4 times) MAC as 52:54:00:12:34:56; KIND:
 *                  tap     opened IFF_TAP|IFF_NO_PI|IFF_VNET_HDR; the tender
 *                          sets a header of 12 bytes and the offloads
 *                  stream  unix stream socket, each frame behind its length
 *                          in 4 bytes, big-endian (passt, QEMU), no header
 *   blk=FD[,ro]    (0 to 4 times) regular file or block device
 *   chan=FD        (0 to 16 times) SOCK_SEQPACKET, one 9P message each; or
 *                  inotify, to be read only (abi/config.h)
 *   netns=FD       network namespace to enter (the pinned empty one)
 *   mntns=FD       mount namespace to enter (a pinned one, root empty and
 *                  read-only)
 *   ns=FD          (0 to 8 times) any further namespace to enter
 *   unshare=0|1    1 (default): make new mount, ipc, uts and, unless given
 *                  above, network namespaces; 0: the caller has made them
 *   uid=N, gid=N   host identity to take; default 65534 if started as root
 *                  (kept as it is where the host refuses)
 *   mem=BYTES      what the instance may use in all; default: half of the
 *                  host's memory. Enforced by the caller's cgroup
 *   tsc_hz=N       0 (default): the tender finds it out
 *   vcpus=N        default 1
 *   jit=0|1        default 1; 0 seals executable memory
 *   stdin=0|1      default 1: console_read() yields descriptor 0's bytes
 *   tty=0|1        default: whether descriptor 0 is a terminal
 *   stats=0|1      default 0
 *   verbose=0|1    default 0: say which part of the cage the host refused
 *
 * Exit status: the program's; HANDOVER_EXIT_FAILED when the tender could not
 * start it (one line on standard error says why); 128 + 31 when the cage
 * ended it for a forbidden host call (as signal SIGSYS).
 * Signals sent to the tender's process arrive in vcpu->stop_signals: those up
 * to 31 as they are; the others, 34 to 64, as HANDOVER_SIGNAL queued with their
 * number (a handler for each would cost every start 8 us).
 */
#ifndef EINKORN_ABI_HANDOVER_H
#define EINKORN_ABI_HANDOVER_H

#define HANDOVER_EXIT_FAILED 125
#define HANDOVER_SIGNAL 64
#define HANDOVER_SIGNAL_FIRST 34 /* that is queued so */

#define HANDOVER_KEY_KERNEL "kernel="
#define HANDOVER_KEY_IMAGE "image="
#define HANDOVER_KEY_SIDECAR "sidecar="
#define HANDOVER_KEY_CONFIG "config="
#define HANDOVER_KEY_ENV "env="
#define HANDOVER_KEY_SET "set="
#define HANDOVER_KEY_NET "net="
#define HANDOVER_KEY_BLK "blk="
#define HANDOVER_KEY_CHAN "chan="
#define HANDOVER_KEY_NETNS "netns="
#define HANDOVER_KEY_MNTNS "mntns="
#define HANDOVER_KEY_NS "ns="
#define HANDOVER_KEY_UNSHARE "unshare="
#define HANDOVER_KEY_UID "uid="
#define HANDOVER_KEY_GID "gid="
#define HANDOVER_KEY_MEM "mem="
#define HANDOVER_KEY_TSC_HZ "tsc_hz="
#define HANDOVER_KEY_VCPUS "vcpus="
#define HANDOVER_KEY_JIT "jit="
#define HANDOVER_KEY_STDIN "stdin="
#define HANDOVER_KEY_TTY "tty="
#define HANDOVER_KEY_STATS "stats="
#define HANDOVER_KEY_VERBOSE "verbose="

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of permitted host calls, and its document. A call that no rule
 * permits ends the instance; one from outside the gate goes to the kernel.
 */
#include "tender/proc/rules.h"

#include "abi/gate.h"

#include <asm/termios.h>
#include <asm/unistd.h>
#include <linux/falloc.h>
#include <linux/futex.h>
#include <linux/mman.h>
#include <linux/time.h>

#define BUT(flags) ((uint64_t)(flags) << 32) /* TEST_EQ_BUT */
#define CALL(x) .nr = __NR_##x, .name = #x

enum {
    MAP_OURS = MAP_FIXED | MAP_NORESERVE,
    MAP_ANON = MAP_OURS | MAP_PRIVATE | MAP_ANONYMOUS,
};

const struct rule rules[] = {
    {CALL(rt_sigreturn), .text = "none",
     .reason = "return from a host signal into the kernel's upcall entry"},
    {CALL(writev), .check = {{TEST_FD, 0, FDS_TAP}},
     .text = "descriptor: one of the taps", .reason = "send a frame"},
    {CALL(readv), .check = {{TEST_FD, 0, FDS_TAP}},
     .text = "descriptor: one of the taps", .reason = "receive a frame"},
    {CALL(ppoll), .check = {{TEST_EQ, 3, 0}}, .text = "no signal mask",
     .reason = "wait for devices or a deadline"},
    {CALL(write), .check = {{TEST_FD, 0, FDS_OUT}},
     .text = "descriptor: 1 or 2", .reason = "console output"},
    {CALL(write), .check = {{TEST_FD, 0, FDS_CHAN}},
     .text = "descriptor: one of the channels",
     .reason = "ask a host directory's 9P server"},
    {CALL(write), .check = {{TEST_FD, 0, FDS_STREAM}},
     .text = "descriptor: one of the stream sockets",
     .reason = "send a frame where there is no tap"},
    {CALL(read), .check = {{TEST_FD, 0, FDS_CHAN}},
     .text = "descriptor: one of the channels",
     .reason = "a 9P server's answer"},
    {CALL(read), .check = {{TEST_FD, 0, FDS_STREAM}},
     .text = "descriptor: one of the stream sockets",
     .reason = "receive a frame where there is no tap"},
    {CALL(read), .check = {{TEST_FD, 0, FDS_IN}},
     .text = "descriptor: 0, if the program has standard input",
     .reason = "console input"},
    {CALL(clock_gettime), .check = {{TEST_EQ32, 0, CLOCK_MONOTONIC}},
     .text = "CLOCK_MONOTONIC",
     .reason = "time, where the host's vDSO cannot tell it"},
    {CALL(clock_gettime), .check = {{TEST_EQ32, 0, CLOCK_REALTIME}},
     .text = "CLOCK_REALTIME; no other clock, such as that of a process",
     .reason = "time, where the host's vDSO cannot tell it"},
    {CALL(timer_settime), .check = {{TEST_EQ32, 1, 0}},
     .text = "relative; timers exist only for the virtual CPUs",
     .reason = "ticks while the program computes"},
    {CALL(getrandom), .check = {{TEST_EQ32, 2, 0}}, .text = "no flags",
     .reason = "random bytes"},
    {CALL(pread64), .check = {{TEST_FD, 0, FDS_BLK}},
     .text = "descriptor: one of the block devices",
     .reason = "read a block device"},
    {CALL(pwrite64), .check = {{TEST_FD, 0, FDS_BLK_RW}},
     .text = "descriptor: one of the block devices that may be written",
     .reason = "write a block device"},
    {CALL(fdatasync), .check = {{TEST_FD, 0, FDS_BLK}},
     .text = "descriptor: one of the block devices",
     .reason = "flush a block device"},
    {CALL(ioctl), .check = {{TEST_FD, 0, FDS_TTY}, {TEST_EQ32, 1, TCGETS}},
     .text = "descriptor: the terminal; TCGETS",
     .reason = "terminal settings, if the console is one"},
    {CALL(ioctl), .check = {{TEST_FD, 0, FDS_TTY}, {TEST_EQ32, 1, TCSETS}},
     .text = "descriptor: the terminal; TCSETS",
     .reason = "terminal settings, if the console is one"},
    {CALL(ioctl), .check = {{TEST_FD, 0, FDS_TTY}, {TEST_EQ32, 1, TIOCGWINSZ}},
     .text = "descriptor: the terminal; TIOCGWINSZ",
     .reason = "terminal size, if the console is one"},
    {CALL(futex), .need = NEED_VCPUS,
     .check = {{TEST_EQ32, 1, FUTEX_WAIT_PRIVATE}, {TEST_EQ, 3, 0}},
     .text = "FUTEX_WAIT_PRIVATE without timeout",
     .reason = "a virtual CPU's thread waits until it is started"},
    {CALL(futex), .need = NEED_VCPUS,
     .check = {{TEST_EQ32, 1, FUTEX_WAKE_PRIVATE}},
     .text = "FUTEX_WAKE_PRIVATE", .reason = "start a virtual CPU"},
    {CALL(tgkill), .need = NEED_VCPUS,
     .check = {{TEST_PID, 0, 0}, {TEST_EQ32, 2, GATE_SIG_KICK}},
     .text = "own process, the kick signal",
     .reason = "interrupt another virtual CPU"},
    {CALL(fallocate),
     .check = {{TEST_FD, 0, FDS_SHM},
               {TEST_EQ32, 1, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE}},
     .text = "descriptor: the shared memory object; punch only",
     .reason = "give back pages of shared memory"},
    {CALL(madvise), .check = {{TEST_EQ32, 2, MADV_DONTNEED}, {TEST_HEAP, 0, 1}},
     .text = "MADV_DONTNEED inside the kernel's heap",
     .reason = "give back pages of the kernel"},
    {CALL(exit_group), .text = "none", .reason = "end the instance"},
    {0},
};

const struct rule rules_memory[] = {
    {CALL(madvise), .check = {{TEST_EQ32, 2, MADV_DONTNEED}},
     .text = "MADV_DONTNEED", .reason = "give back pages of the program"},
    {CALL(munmap), .text = "", .reason = "release address space"},
    {CALL(mmap),
     .check = {{TEST_HIGH0, 3, 0},
               {TEST_PROT, 2, 0},
               {TEST_EQ32, 3, MAP_ANON},
               {TEST_EQ32, 4, UINT32_MAX}},
     .text = "fixed, private, anonymous, no reserve; no execution if sealed",
     .reason = "reserve address space, give zeroed memory"},
    {CALL(mmap),
     .check = {{TEST_HIGH0, 3, 0},
               {TEST_PROT_W, 2, 0},
               {TEST_EQ_BUT, 3, BUT(MAP_POPULATE) | MAP_OURS | MAP_PRIVATE},
               {TEST_FD, 4, FDS_IMAGE}},
     .text = "fixed, private, MAP_POPULATE or not; descriptor: image or "
             "sidecar; if sealed never writable and executable",
     .reason = "map files of the image, and patched text"},
    {CALL(mmap),
     .check = {{TEST_HIGH0, 3, 0},
               {TEST_PROT, 2, 0},
               {TEST_EQ32, 3, MAP_OURS | MAP_SHARED},
               {TEST_FD, 4, FDS_SHM}},
     .text = "fixed, shared; descriptor: the shared memory object; no "
             "execution if sealed",
     .reason = "memory seen at several addresses"},
    {CALL(mmap),
     .check = {{TEST_HIGH0, 3, 0},
               {TEST_PROT, 2, 0},
               {TEST_EQ32, 3, MAP_OURS | MAP_PRIVATE},
               {TEST_FD, 4, FDS_SHM}},
     .text = "fixed, private; descriptor: the shared memory object; no "
             "execution if sealed",
     .reason = "private mappings of memory files"},
    {CALL(mprotect), .check = {{TEST_PROT, 2, 0}},
     .text = "no execution if sealed", .reason = "change protection"},
    {CALL(mremap),
     .check = {{TEST_EQ, 3, MREMAP_MAYMOVE | MREMAP_FIXED}, {TEST_USER, 4, 2}},
     .text = "fixed destination, in the program's part too",
     .reason = "move pages"},
    {0},
};

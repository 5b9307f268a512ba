/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Makes the output streams such that a reader who does not read cannot hold
 * up the instance. O_NONBLOCK belongs to the open file, which whoever started
 * us may share: so pipes and terminals are opened anew for ourselves. What
 * cannot be opened (a socket, another user's terminal) stays as it is, and
 * the gate asks before each write.
 */
#include "tender/common/sys.h"
#include "tender/proc/launch.h"

#include <asm/stat.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

enum { MEM_MAJOR = 1 /* /dev/null and its kin */ };

static int never_blocks(int32_t fd)
{
    int64_t flags = sys3(__NR_fcntl, fd, F_GETFL, 0);
    struct stat st = {0};

    if (flags < 0 || flags & O_NONBLOCK || sys2(__NR_fstat, fd, &st) < 0)
        return 1;
    return S_ISREG(st.st_mode) ||
           (S_ISCHR(st.st_mode) && st.st_rdev >> 8 == MEM_MAJOR);
}

static int open_anew(int32_t fd)
{
    char path[] = "/proc/self/fd/0";
    int64_t own, ret;

    path[sizeof(path) - 2] = (char)('0' + fd);
    own = sys3(__NR_open, path, O_WRONLY | O_NONBLOCK | O_NOCTTY, 0);
    if (own < 0)
        return 0;
    ret = sys3(__NR_dup3, own, fd, 0);
    sys1(__NR_close, own);
    return ret >= 0;
}

void console_prepare(void)
{
    for (int32_t fd = 1; fd <= 2; fd++) {
        struct gate_port *port = &gate.out[fd - 1];

        port->fd = fd;
        port->kind = never_blocks(fd) || open_anew(fd) ? GATE_OUT_NONBLOCK
                                                       : GATE_OUT_ASK;
    }
}

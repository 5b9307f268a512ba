/* SPDX-License-Identifier: BSD-2-Clause */
/* Terminals: see pty.h. */
#include "host/instance/pty.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static struct termios saved;
static bool is_raw;

int pty_open(int *master_fd, int *slave_fd, struct err *err)
{
    *master_fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (*master_fd < 0 || grantpt(*master_fd) < 0 || unlockpt(*master_fd) < 0) {
        return err_set(err, ERR_TOOL,
                       "-t: new terminal: %m (is /dev/pts mounted?)");
    }
    *slave_fd = ioctl(*master_fd, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (*slave_fd < 0) {
        return err_set(err, ERR_TOOL, "-t: open terminal: %m");
    }
    fcntl(*master_fd, F_SETFL, O_NONBLOCK);
    pty_copy_size(*master_fd);
    return 0;
}

void pty_copy_size(int master_fd)
{
    struct winsize size;

    if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0) {
        ioctl(master_fd, TIOCSWINSZ, &size);
    }
}

void pty_raw(void)
{
    struct termios raw;

    if (tcgetattr(STDIN_FILENO, &saved) < 0) {
        return; /* not a terminal */
    }
    raw = saved;
    cfmakeraw(&raw);
    is_raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

void pty_restore(void)
{
    if (is_raw) {
        tcsetattr(STDIN_FILENO, TCSANOW, &saved);
        is_raw = false;
    }
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* What a monitor does with signals: see monitor_signal.h. */
#include "host/instance/monitor_signal.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/handover.h"
#include "host/instance/pty.h"

static const int handled[] = {
    SIGCHLD, SIGHUP,  SIGINT,   SIGQUIT, SIGTERM,
    SIGUSR1, SIGUSR2, SIGWINCH, SIGPIPE, MONITOR_ORDER_SIGNAL,
};

int monitor_block_signals(struct monitor *m, struct err *err)
{
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < sizeof(handled) / sizeof(handled[0]); i++) {
        sigaddset(&set, handled[i]);
    }
    sigprocmask(SIG_BLOCK, &set, NULL);
    m->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (m->signal_fd < 0) {
        return err_set(err, ERR_TOOL, "signalfd: %m");
    }
    return 0;
}

int monitor_order(int monitor_pidfd, int signal)
{
    siginfo_t info;

    memset(&info, 0, sizeof(info));
    info.si_signo = MONITOR_ORDER_SIGNAL;
    info.si_code = SI_QUEUE;
    info.si_pid = getpid();
    info.si_uid = getuid();
    info.si_value.sival_int = signal;
    return (int)syscall(SYS_pidfd_send_signal, monitor_pidfd,
                        MONITOR_ORDER_SIGNAL, &info, 0);
}

static int status_of(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The child's exit status, or -1 if it still runs. Helpers such as passt are
 * waited for by who started them. */
static int reap(const struct monitor *m)
{
    int status;

    if (waitpid(m->child, &status, WNOHANG) != m->child) {
        return -1;
    }
    return status_of(status);
}

/* A machine is told over its control line; what no program can handle goes to
 * the process. */
static void deliver(const struct monitor *m, int signal)
{
    const union sigval number = {.sival_int = signal};
    char byte = (char)signal;

    if (m->ctl_fd < 0 && signal >= HANDOVER_SIGNAL_FIRST) {
        sigqueue(m->child, HANDOVER_SIGNAL, number);
    } else if (m->ctl_fd < 0 || signal == SIGKILL || signal == SIGSTOP ||
               signal == SIGCONT) {
        kill(m->child, signal);
    } else {
        send(m->ctl_fd, &byte, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
}

static void forward(const struct monitor *m,
                    const struct signalfd_siginfo *info)
{
    int signal = (int)info->ssi_signo;

    if (signal == MONITOR_ORDER_SIGNAL) {
        signal = info->ssi_code == SI_QUEUE ? info->ssi_int : 0;
    } else if (info->ssi_code == SI_KERNEL && m->pty_fd < 0 && m->ctl_fd < 0) {
        return; /* from the terminal: the child has got it as well */
    }
    if (signal == SIGWINCH && m->pty_fd >= 0) {
        pty_copy_size(m->pty_fd);
    }
    if (signal >= 1 && signal <= 64 && signal != SIGPIPE) {
        deliver(m, signal);
    }
}

/* Does somebody want something to end, or at least to know of it? */
static bool is_wish(const struct signalfd_siginfo *info)
{
    return info->ssi_signo != SIGCHLD && info->ssi_signo != SIGWINCH &&
           info->ssi_signo != SIGPIPE;
}

int monitor_take_signals(struct monitor *m)
{
    struct signalfd_siginfo info;
    int status = -1;

    while (read(m->signal_fd, &info, sizeof(info)) == sizeof(info)) {
        if (info.ssi_signo == SIGCHLD) {
            int s = reap(m);

            status = s >= 0 ? s : status;
        } else {
            m->told |= is_wish(&info);
            forward(m, &info);
        }
    }
    return status;
}

bool monitor_note_signals(const struct monitor *m)
{
    struct signalfd_siginfo info;
    bool wish = false;

    while (read(m->signal_fd, &info, sizeof(info)) == sizeof(info)) {
        wish |= is_wish(&info);
    }
    return wish;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Signal-driven I/O: O_ASYNC, F_SETOWN, F_SETSIG (fcntl(2)). */
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tests/guest/check.h"

static sigset_t waited;

/* The next signal's number, its details in *info; 0 after a while. */
static int next(siginfo_t *info)
{
    static const struct timespec soon = {0, 200000000};
    int sig = sigtimedwait(&waited, info, &soon);

    return sig < 0 ? 0 : sig;
}

static void drop_all(void)
{
    static const struct timespec now = {0, 0};
    siginfo_t info;

    while (sigtimedwait(&waited, &info, &now) > 0)
        ;
}

static void make_async(int fd)
{
    CHECK(fcntl(fd, F_SETOWN, getpid()) == 0);
    CHECK(fcntl(fd, F_SETFL, O_ASYNC | O_NONBLOCK) == 0);
    CHECK(fcntl(fd, F_GETFL) & O_ASYNC);
}

/* What is written to `to` comes as a signal for `from`. */
static void test_default(int from, int to)
{
    siginfo_t info;
    char c;

    make_async(from);
    drop_all();
    CHECK(write(to, "x", 1) == 1);
    CHECK(next(&info) == SIGIO && info.si_code == SI_KERNEL);
    CHECK(read(from, &c, 1) == 1);
    CHECK(fcntl(from, F_SETFL, 0) == 0);
    CHECK(!(fcntl(from, F_GETFL) & O_ASYNC));
    drop_all();
    CHECK(write(to, "x", 1) == 1);
    CHECK(next(&info) == 0);
    CHECK(read(from, &c, 1) == 1);
}

static void test_chosen_signal(int from, int to)
{
    siginfo_t info;
    char c;

    CHECK(fcntl(from, F_SETSIG, SIGRTMIN + 1) == 0);
    make_async(from);
    drop_all();
    CHECK(write(to, "x", 1) == 1);
    CHECK(next(&info) == SIGRTMIN + 1 && info.si_code == POLL_IN);
    CHECK(info.si_fd == from && info.si_band == (POLLIN | POLLRDNORM));
    CHECK(read(from, &c, 1) == 1);
    CHECK(fcntl(from, F_SETSIG, 0) == 0 && fcntl(from, F_SETFL, 0) == 0);
}

static void *be_told(void *arg)
{
    struct f_owner_ex me = {F_OWNER_TID, (int)syscall(SYS_gettid)};
    const int *ends = arg;
    siginfo_t info;

    CHECK(fcntl(ends[0], F_SETOWN_EX, &me) == 0);
    CHECK(fcntl(ends[0], F_SETFL, O_ASYNC) == 0);
    drop_all();
    CHECK(write(ends[1], "x", 1) == 1);
    CHECK(next(&info) == SIGIO);
    return NULL;
}

static void test_thread(int from, int to)
{
    int ends[] = {from, to};
    pthread_t t;
    siginfo_t info;

    CHECK(pthread_create(&t, NULL, be_told, ends) == 0);
    CHECK(pthread_join(t, NULL) == 0);
    CHECK(next(&info) == 0);
    CHECK(fcntl(from, F_SETFL, 0) == 0);
}

static void test_udp(void)
{
    struct sockaddr_in addr = {.sin_family = AF_INET,
                               .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(addr);
    int in = socket(AF_INET, SOCK_DGRAM, 0);
    int out = socket(AF_INET, SOCK_DGRAM, 0);
    int one = 1;
    siginfo_t info;

    CHECK(bind(in, (struct sockaddr *)&addr, len) == 0);
    CHECK(getsockname(in, (struct sockaddr *)&addr, &len) == 0);
    CHECK(fcntl(in, F_SETOWN, getpid()) == 0);
    CHECK(ioctl(in, FIOASYNC, &one) == 0);
    CHECK(fcntl(in, F_GETFL) & O_ASYNC);
    CHECK(sendto(out, "x", 1, 0, (struct sockaddr *)&addr, len) == 1);
    CHECK(next(&info) == SIGIO);
    CHECK(close(in) == 0 && close(out) == 0);
}

/* What is always ready knows no such flag. */
static void test_regular(void)
{
    int fd = open("/proc/self/exe", O_RDONLY), one = 1;

    CHECK(fcntl(fd, F_SETFL, O_ASYNC) == 0);
    CHECK(!(fcntl(fd, F_GETFL) & O_ASYNC));
    CHECK(ioctl(fd, FIOASYNC, &one) == -1 && errno == ENOTTY);
    CHECK(close(fd) == 0);
}

int main(void)
{
    int ends[2];

    sigemptyset(&waited);
    sigaddset(&waited, SIGIO);
    sigaddset(&waited, SIGRTMIN + 1);
    CHECK(sigprocmask(SIG_BLOCK, &waited, NULL) == 0);
    CHECK(pipe(ends) == 0);
    test_default(ends[0], ends[1]);
    test_chosen_signal(ends[0], ends[1]);
    test_thread(ends[0], ends[1]);
    CHECK(close(ends[0]) == 0 && close(ends[1]) == 0);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    test_default(ends[0], ends[1]);
    test_chosen_signal(ends[0], ends[1]);
    test_udp();
    test_regular();
    return 0;
}

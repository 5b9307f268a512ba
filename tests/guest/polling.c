/* SPDX-License-Identifier: BSD-2-Clause */
/* Pipes, FIFOs, epoll, eventfd, timerfd, signalfd, inotify, splice. */
#include "check.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define FAILS(call, code) CHECK((call) == -1 && errno == (code))

static uint64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void test_pipe(void)
{
    char buf[70000];
    int p[2], n;

    memset(buf, 'p', sizeof(buf));
    CHECK(pipe2(p, O_NONBLOCK | O_CLOEXEC) == 0);
    FAILS(read(p[0], buf, 1), EAGAIN);
    CHECK(write(p[1], buf, 65536) == 65536);
    FAILS(write(p[1], buf, 1), EAGAIN);
    CHECK(ioctl(p[0], FIONREAD, &n) == 0 && n == 65536);
    CHECK(read(p[0], buf, 4096) == 4096 && write(p[1], buf, 4096) == 4096);
    CHECK(fcntl(p[0], F_GETPIPE_SZ) == 65536);
    CHECK(fcntl(p[0], F_SETPIPE_SZ, 131072) == 131072);
    CHECK(write(p[1], buf, sizeof(buf)) > 60000);
    while (read(p[0], buf, sizeof(buf)) > 0)
        ;
    FAILS(lseek(p[0], 0, SEEK_SET), ESPIPE);
    FAILS(pread(p[0], buf, 1, 0), ESPIPE);
    close(p[1]);
    CHECK(read(p[0], buf, 1) == 0);
    close(p[0]);
    CHECK(pipe(p) == 0);
    close(p[0]);
    signal(SIGPIPE, SIG_IGN);
    FAILS(write(p[1], buf, 1), EPIPE);
    close(p[1]);
}

static void *late_writer(void *arg)
{
    usleep(20000);
    CHECK(write(*(int *)arg, "late", 4) == 4);
    return NULL;
}

static void test_blocking(void)
{
    struct pollfd pf = {.events = POLLIN};
    struct epoll_event ev = {.events = EPOLLIN, .data.u64 = 77}, out[4];
    char buf[8];
    pthread_t t;
    fd_set set;
    int p[2], ep = epoll_create1(0);

    CHECK(pipe(p) == 0 && epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &ev) == 0);
    for (int how = 0; how < 4; how++) {
        CHECK(pthread_create(&t, NULL, late_writer, &p[1]) == 0);
        pf.fd = p[0];
        FD_ZERO(&set);
        FD_SET(p[0], &set);
        if (how == 1)
            CHECK(poll(&pf, 1, 5000) == 1 && pf.revents == POLLIN);
        if (how == 2)
            CHECK(epoll_wait(ep, out, 4, 5000) == 1 && out[0].data.u64 == 77);
        if (how == 3)
            CHECK(select(p[0] + 1, &set, NULL, NULL, NULL) == 1 &&
                  FD_ISSET(p[0], &set));
        CHECK(read(p[0], buf, 8) == 4 && !memcmp(buf, "late", 4));
        pthread_join(t, NULL);
    }
    close(p[0]);
    close(p[1]);
    close(ep);
}

static void test_timeouts(void)
{
    struct epoll_event ev;
    struct pollfd pf = {.fd = -1};
    int ep = epoll_create1(0);
    uint64_t start = now_ms();

    CHECK(epoll_wait(ep, &ev, 1, 30) == 0 && now_ms() - start >= 29);
    start = now_ms();
    CHECK(poll(&pf, 1, 30) == 0 && now_ms() - start >= 29);
    start = now_ms();
    CHECK(select(0, NULL, NULL, NULL, &(struct timeval){0, 30000}) == 0);
    CHECK(now_ms() - start >= 29);
    pf.fd = 999;
    CHECK(poll(&pf, 1, 0) == 1 && pf.revents == POLLNVAL);
    FAILS(epoll_wait(ep, &ev, 0, 0), EINVAL);
    close(ep);
}

static void test_epoll(void)
{
    struct epoll_event ev = {.events = EPOLLIN | EPOLLET}, out[4];
    int p[2], ep = epoll_create1(EPOLL_CLOEXEC), inner, file, again;
    char c;

    CHECK(pipe(p) == 0);
    file = open("/proc/self/exe", O_RDONLY);
    FAILS(epoll_ctl(ep, EPOLL_CTL_ADD, file, &ev), EPERM);
    FAILS(epoll_ctl(ep, EPOLL_CTL_ADD, ep, &ev), EINVAL);
    FAILS(epoll_ctl(ep, EPOLL_CTL_MOD, p[0], &ev), ENOENT);
    FAILS(epoll_ctl(ep, EPOLL_CTL_DEL, p[0], &ev), ENOENT);
    FAILS(epoll_ctl(ep, EPOLL_CTL_ADD, 999, &ev), EBADF);
    CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &ev) == 0);
    FAILS(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &ev), EEXIST);
    CHECK(epoll_wait(ep, out, 4, 0) == 0);
    CHECK(write(p[1], "ab", 2) == 2 && epoll_wait(ep, out, 4, 0) == 1);
    CHECK(epoll_wait(ep, out, 4, 0) == 0); /* edge */
    CHECK(write(p[1], "c", 1) == 1 && epoll_wait(ep, out, 4, 0) == 1);
    ev.events = EPOLLIN;
    CHECK(epoll_ctl(ep, EPOLL_CTL_MOD, p[0], &ev) == 0);
    CHECK(epoll_wait(ep, out, 4, 0) == 1 && epoll_wait(ep, out, 4, 0) == 1);
    ev.events = EPOLLIN | EPOLLONESHOT;
    CHECK(epoll_ctl(ep, EPOLL_CTL_MOD, p[0], &ev) == 0);
    CHECK(epoll_wait(ep, out, 4, 0) == 1 && epoll_wait(ep, out, 4, 0) == 0);
    CHECK(write(p[1], "d", 1) == 1 && epoll_wait(ep, out, 4, 0) == 0);
    ev.events = EPOLLIN;
    CHECK(epoll_ctl(ep, EPOLL_CTL_MOD, p[0], &ev) == 0);
    CHECK(epoll_wait(ep, out, 4, 0) == 1);
    inner = ep;
    ep = epoll_create1(0);
    CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, inner, &ev) == 0);
    FAILS(epoll_ctl(inner, EPOLL_CTL_ADD, ep, &ev), ELOOP);
    CHECK(epoll_wait(ep, out, 4, 0) == 1);
    while (read(p[0], &c, 1) == 1 && c != 'd')
        ;
    CHECK(epoll_wait(ep, out, 4, 0) == 0);
    close(p[1]);
    CHECK(epoll_wait(inner, out, 4, 0) == 1 && (out[0].events & EPOLLHUP));
    again = dup(p[0]);
    close(p[0]);
    CHECK(epoll_wait(inner, out, 4, 0) == 1); /* the description lives */
    close(again);
    CHECK(epoll_wait(inner, out, 4, 0) == 0);
    close(inner);
    close(ep);
    close(file);
}

static void test_eventfd(void)
{
    int fd = eventfd(3, EFD_NONBLOCK), sem = eventfd(2, EFD_SEMAPHORE);
    uint64_t v = 4;

    CHECK(write(fd, &v, 8) == 8 && read(fd, &v, 8) == 8 && v == 7);
    FAILS(read(fd, &v, 8), EAGAIN);
    FAILS(read(fd, &v, 4), EINVAL);
    v = UINT64_MAX;
    FAILS(write(fd, &v, 8), EINVAL);
    v--;
    CHECK(write(fd, &v, 8) == 8);
    v = 1;
    FAILS(write(fd, &v, 8), EAGAIN);
    CHECK(read(sem, &v, 8) == 8 && v == 1 && read(sem, &v, 8) == 8 && v == 1);
    close(fd);
    close(sem);
}

static void test_timerfd(void)
{
    struct itimerspec its = {.it_value = {0, 10000000}}, old;
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    struct pollfd pf = {.fd = fd, .events = POLLIN};
    struct timespec now;
    uint64_t v;

    CHECK(fd >= 0 && poll(&pf, 1, 0) == 0);
    CHECK(timerfd_settime(fd, 0, &its, &old) == 0 && !old.it_value.tv_nsec);
    CHECK(timerfd_gettime(fd, &old) == 0 && old.it_value.tv_nsec > 0);
    CHECK(read(fd, &v, 8) == 8 && v == 1);
    its.it_interval.tv_nsec = 2000000;
    CHECK(timerfd_settime(fd, 0, &its, NULL) == 0);
    usleep(30000);
    CHECK(poll(&pf, 1, 1000) == 1 && read(fd, &v, 8) == 8 && v >= 5);
    memset(&its, 0, sizeof(its));
    CHECK(timerfd_settime(fd, 0, &its, NULL) == 0 && poll(&pf, 1, 10) == 0);
    close(fd);
    fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
    clock_gettime(CLOCK_REALTIME, &now);
    its.it_value = now;
    CHECK(timerfd_settime(fd, TFD_TIMER_ABSTIME, &its, NULL) == 0);
    pf.fd = fd;
    CHECK(poll(&pf, 1, 1000) == 1 && read(fd, &v, 8) == 8 && v == 1);
    FAILS(read(fd, &v, 8), EAGAIN);
    FAILS(timerfd_create(99, 0), EINVAL);
    FAILS(timerfd_settime(0, 0, &its, NULL), EINVAL);
    close(fd);
}

static void test_signalfd(void)
{
    struct signalfd_siginfo si;
    struct pollfd pf = {.events = POLLIN};
    sigset_t set;
    int fd;

    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    fd = signalfd(-1, &set, SFD_NONBLOCK);
    CHECK(fd >= 0);
    FAILS(read(fd, &si, sizeof(si)), EAGAIN);
    pf.fd = fd;
    CHECK(poll(&pf, 1, 0) == 0 && kill(getpid(), SIGUSR1) == 0);
    CHECK(poll(&pf, 1, 1000) == 1);
    CHECK(read(fd, &si, sizeof(si)) == sizeof(si));
    CHECK(si.ssi_signo == SIGUSR1 && si.ssi_pid == (uint32_t)getpid());
    FAILS(read(fd, &si, 4), EINVAL);
    close(fd);
}

static void expect(int fd, int wd, uint32_t mask, const char *name)
{
    char buf[512] __attribute__((aligned(8)));
    struct inotify_event *e = (void *)buf;
    ssize_t n = read(fd, buf, sizeof(*e) + 16);

    CHECK(n >= (ssize_t)sizeof(*e) && e->wd == wd);
    if (e->mask != mask)
        printf("event %x, not %x\n", e->mask, mask);
    CHECK(e->mask == mask);
    CHECK(name ? e->len && !strcmp(e->name, name) : e->len == 0);
}

static void test_inotify(void)
{
    char dir[] = "/tmp/inotify.XXXXXX";
    int fd = inotify_init1(IN_NONBLOCK), wd, f;

    CHECK(mkdtemp(dir) && chdir(dir) == 0);
    wd = inotify_add_watch(fd, ".", IN_ALL_EVENTS & ~(IN_ACCESS | IN_OPEN));
    CHECK(wd > 0);
    f = open("x", O_CREAT | O_WRONLY, 0600);
    CHECK(write(f, "1", 1) == 1 && close(f) == 0);
    expect(fd, wd, IN_CREATE, "x");
    expect(fd, wd, IN_MODIFY, "x");
    expect(fd, wd, IN_CLOSE_WRITE, "x");
    CHECK(chmod("x", 0644) == 0);
    expect(fd, wd, IN_ATTRIB, "x");
    CHECK(rename("x", "y") == 0);
    expect(fd, wd, IN_MOVED_FROM, "x");
    expect(fd, wd, IN_MOVED_TO, "y");
    CHECK(mkdir("d", 0755) == 0);
    expect(fd, wd, IN_CREATE | IN_ISDIR, "d");
    CHECK(unlink("y") == 0 && rmdir("d") == 0);
    expect(fd, wd, IN_DELETE, "y");
    expect(fd, wd, IN_DELETE | IN_ISDIR, "d");
    CHECK(inotify_rm_watch(fd, wd) == 0);
    expect(fd, wd, IN_IGNORED, NULL);
    FAILS(inotify_rm_watch(fd, wd), EINVAL);
    FAILS(read(fd, dir, 1), EAGAIN);
    close(fd);
    CHECK(chdir("/") == 0 && rmdir(dir) == 0);
}

static void *fifo_writer(void *arg)
{
    int fd = open(arg, O_WRONLY);

    CHECK(fd >= 0 && write(fd, "fifo", 4) == 4);
    close(fd);
    return NULL;
}

static void test_fifo(void)
{
    char path[64], buf[8];
    pthread_t t;
    int fd;

    snprintf(path, sizeof(path), "/tmp/fifo.%d", (int)getpid());
    unlink(path);
    CHECK(mkfifo(path, 0600) == 0);
    FAILS(open(path, O_WRONLY | O_NONBLOCK), ENXIO);
    CHECK(pthread_create(&t, NULL, fifo_writer, path) == 0);
    fd = open(path, O_RDONLY);
    CHECK(fd >= 0 && read(fd, buf, 8) == 4 && read(fd, buf, 8) == 0);
    pthread_join(t, NULL);
    close(fd);
    unlink(path);
}

static void test_splice(void)
{
    int a[2], b[2], fd = open("/proc/self/exe", O_RDONLY);
    char one[64], two[64];
    loff_t off = 16;

    CHECK(pipe(a) == 0 && pipe(b) == 0);
    CHECK(splice(fd, &off, a[1], NULL, 64, 0) == 64 && off == 80);
    CHECK(tee(a[0], b[1], 64, 0) == 64);
    CHECK(read(b[0], one, 64) == 64 && pread(fd, two, 64, 16) == 64);
    CHECK(!memcmp(one, two, 64));
    CHECK(splice(a[0], NULL, b[1], NULL, 64, 0) == 64);
    CHECK(read(b[0], one, 64) == 64 && !memcmp(one, two, 64));
    FAILS(splice(a[0], NULL, b[1], NULL, 64, SPLICE_F_NONBLOCK), EAGAIN);
    FAILS(splice(fd, NULL, fd, NULL, 64, 0), EBADF);
    close(fd);
    for (int i = 0; i < 2; i++) {
        close(a[i]);
        close(b[i]);
    }
}

static void *close_soon(void *arg)
{
    const int *fds = arg;

    usleep(20000);
    close(fds[0]);
    usleep(20000);
    CHECK(write(fds[1], "12345678", 8) == 8);
    return NULL;
}

/* A file lives while somebody sleeps in it, whatever becomes of its number. */
static void test_closed_while_reading(void)
{
    pthread_t thread;
    char buf[8];
    int p[2], e;

    CHECK(pipe(p) == 0);
    CHECK(pthread_create(&thread, NULL, close_soon, p) == 0);
    CHECK(read(p[0], buf, 8) == 8);
    pthread_join(thread, NULL);
    close(p[1]);

    e = p[0] = eventfd(0, 0);
    p[1] = dup(e);
    CHECK(pthread_create(&thread, NULL, close_soon, p) == 0);
    CHECK(read(e, buf, 8) == 8);
    pthread_join(thread, NULL);
    close(p[1]);
}

int main(void)
{
    mkdir("/tmp", 01777);
    test_pipe();
    test_closed_while_reading();
    test_blocking();
    test_timeouts();
    test_epoll();
    test_eventfd();
    test_timerfd();
    test_signalfd();
    test_inotify();
    test_fifo();
    test_splice();
    printf("polling: ok\n");
    return 0;
}

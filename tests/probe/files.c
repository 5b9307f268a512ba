/* SPDX-License-Identifier: BSD-2-Clause */
/* Files, directories, pipes, descriptors that stand for events, locks. */
#include "tests/probe/probe.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <termios.h>

enum { PAGE = 4096 };

static void opening(void)
{
    static const int flags[] = {
        O_RDONLY,
        O_WRONLY,
        O_RDWR,
        O_RDWR | O_CREAT,
        O_RDWR | O_CREAT | O_EXCL,
        O_RDONLY | O_DIRECTORY,
        O_RDWR | O_TRUNC,
        O_PATH,
        O_PATH | O_NOFOLLOW,
        O_RDONLY | O_NOFOLLOW,
        O_WRONLY | O_CREAT | O_DIRECTORY,
        O_RDWR | O_TMPFILE,
        O_RDONLY | O_TMPFILE,
        O_RDONLY | O_NOATIME,
        O_RDONLY | O_NONBLOCK,
        O_WRONLY | O_NONBLOCK,
        3,
    };
    static const char *const names[] = {"f",  "d",     "l",       "nosuch",
                                        "f/", "d/.",   "fifo",    "dangling",
                                        "",   "f/sub", "nosuch/", "loop"};

    for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++)
        for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
            int fd;
            int waits = !strcmp(names[n], "fifo") && !(flags[i] & O_NONBLOCK) &&
                        (flags[i] & 3) != O_RDWR && !(flags[i] & O_PATH) &&
                        !(flags[i] & (O_DIRECTORY | O_EXCL));

            if (waits)
                continue;
            errno = 0;
            fd = open(names[n], flags[i], 0600);
            printf("open %s %o: %s\n", names[n], flags[i],
                   fd < 0 ? strerrorname_np(errno) : "ok");
            if (fd >= 0)
                close(fd);
            unlink("nosuch");
            unlink("target");
        }
    P(openat(99, "f", O_RDONLY));
    P(openat(99, "/", O_RDONLY) >= 0);
    P(open((void *)8, O_RDONLY));
}

static void names(void)
{
    char big[5000], part[300];

    memset(big, 'x', sizeof(big));
    big[4999] = 0;
    memset(part, 'x', sizeof(part));
    part[299] = 0;
    P(mkdir("d", 0755));
    P(mkdir("nosuch/x", 0755));
    P(mkdir("d/x", 0755));
    P(mkdir(big, 0755));
    P(mkdir(part, 0755));
    P(rmdir("d"));
    P(rmdir("f"));
    P(rmdir("d/."));
    P(rmdir("d/.."));
    P(rmdir("/"));
    P(rmdir("d/x/"));
    P(unlink("d"));
    P(unlink("f/"));
    P(unlink("nosuch"));
    P(unlink(""));
    P(unlink("/"));
    P(link("f", "g"));
    P(link("f", "g"));
    P(link("d", "e"));
    P(link("nosuch", "e"));
    P(linkat(AT_FDCWD, "l", AT_FDCWD, "h", AT_SYMLINK_FOLLOW));
    P(linkat(AT_FDCWD, "l", AT_FDCWD, "h2", 0));
    P(linkat(AT_FDCWD, "l", AT_FDCWD, "h3", 0x10));
    P(rename("g", "f"));
    P(rename("f", "d"));
    P(rename("d", "f"));
    P(rename("d", "d/sub"));
    P(rename("nosuch", "x"));
    P(rename("f", "nosuch/x"));
    P(rename("d/", "dd"));
    P(rename("dd", "d/"));
    P(rename("f", "x/"));
    P(rename(".", "x"));
    P(syscall(SYS_renameat2, AT_FDCWD, "f", AT_FDCWD, "g", 1));
    P(syscall(SYS_renameat2, AT_FDCWD, "f", AT_FDCWD, "l", 1));
    P(syscall(SYS_renameat2, AT_FDCWD, "f", AT_FDCWD, "h", 2));
    P(syscall(SYS_renameat2, AT_FDCWD, "f", AT_FDCWD, "nosuch", 2));
    P(syscall(SYS_renameat2, AT_FDCWD, "f", AT_FDCWD, "h", 3));
    P(syscall(SYS_renameat2, AT_FDCWD, "f", AT_FDCWD, "h", 8));
    P(symlink("x", "l"));
    P(symlink("", "empty"));
    P(symlink("x", ""));
    P(readlink("l", big, 100));
    P(readlink("l", big, 1));
    P(readlink("l", big, 0));
    P(readlink("f", big, 100));
    P(readlink("", big, 100));
    P(chdir("f"));
    P(chdir("nosuch"));
    P(syscall(SYS_getcwd, big, 1));
    P(syscall(SYS_getcwd, 8, 100));
    P(access("f", 0));
    P(access("f", 7));
    P(access("f", 8));
    P(faccessat(AT_FDCWD, "l", F_OK, AT_SYMLINK_NOFOLLOW));
    P(syscall(SYS_faccessat2, AT_FDCWD, "f", 0, 1));
    P(syscall(SYS_faccessat2, AT_FDCWD, "", 0, AT_EMPTY_PATH));
    P(chmod("f", 0100644));
    P(chmod("nosuch", 0));
    P(fchmodat(AT_FDCWD, "f", 0600, 0));
    P(chown("f", -1, -1));
    P(fchownat(AT_FDCWD, "", 0, 0, AT_EMPTY_PATH));
    P(fchownat(AT_FDCWD, "f", 0, 0, 0x8000));
    P(truncate("f", -1));
    P(truncate("d", 0));
    P(truncate("f", 100));
    P(truncate("nosuch", 0));
    P(mknod("n", S_IFREG | 0600, 0));
    P(mknod("n", S_IFREG | 0600, 0));
    P(mknod("n2", S_IFDIR | 0600, 0));
    P(mknod("n3", 0, 0));
    P(mknod("n4", S_IFLNK, 0));
    P(mknod("n5", 0170000, 0));
    P(mknod("s", S_IFSOCK | 0600, 0));
    P(open("s", O_RDWR));
    P(open("s", O_PATH) >= 0);
    P(utimensat(AT_FDCWD, "f", (struct timespec[2]){{1, 5}, {2, 2000000000}},
                0));
    P(utimensat(AT_FDCWD, "f",
                (struct timespec[2]){{1, UTIME_OMIT}, {2, UTIME_NOW}}, 0));
    P(utimensat(AT_FDCWD, NULL, NULL, 0));
    P(utimensat(AT_FDCWD, "f", NULL, 0x8000));
    P(umask(022) >= 0);
    P(setxattr("f", "user.a", "1", 1, XATTR_REPLACE));
    P(getxattr("nosuch", "user.a", big, 10));
    P(getxattr("f", "bad", big, 10));
    P(getxattr("f", "", big, 10));
    P(setxattr("f", "user.a", "1", 1, 9));
}

static void stats(void)
{
    struct stat st;
    struct statx sx;
    struct statfs sf;
    int dir = open(".", O_RDONLY);

    P(stat("f", &st));
    P(st.st_mode);
    P(st.st_nlink);
    P(st.st_size);
    P(lstat("l", &st));
    P(st.st_mode);
    P(stat("dangling", &st));
    P(stat("loop", &st));
    P(stat("f/", &st));
    P(stat("f/x", &st));
    P(stat("d/", &st));
    P(st.st_mode);
    P(fstatat(dir, "f", &st, 0));
    P(fstatat(dir, "", &st, AT_EMPTY_PATH));
    P(fstatat(dir, "", &st, 0));
    P(fstatat(dir, "f", &st, 0x8000));
    P(fstatat(99, "f", &st, 0));
    P(fstat(99, &st));
    P(syscall(SYS_fstat, dir, 8));
    P(statx(dir, "f", 0, STATX_ALL, &sx));
    P((sx.stx_mask & STATX_BASIC_STATS) == STATX_BASIC_STATS);
    P(statx(dir, "f", 0x6000, STATX_ALL, &sx));
    P(statx(dir, "f", 0, 0x80000000, &sx));
    P(statx(dir, "f", 0x10000, 0, &sx));
    P(statfs("/proc", &sf));
    P(sf.f_type);
    P(statfs("nosuch", &sf));
    P(fstatfs(99, &sf));
    close(dir);
}

static void io(void)
{
    int f = open("f", O_RDWR | O_TRUNC), ro = open("f", O_RDONLY),
        wo = open("f", O_WRONLY), dir = open(".", O_RDONLY), p[2],
        path = open("f", O_PATH), ap = open("f", O_RDWR | O_APPEND);
    struct iovec iov[2] = {{"abc", 3}, {"de", 2}}, bad = {"x", (size_t)-1};
    loff_t off = 0;
    char b[100];

    pipe(p);
    P(write(f, "hello", 5));
    P(read(f, b, 5));
    P(pread(f, b, 100, 0));
    P(pread(f, b, 100, -1));
    P(pread(f, b, 100, 1L << 62));
    P(read(wo, b, 1));
    P(write(ro, b, 1));
    P(read(dir, b, 1));
    P(write(dir, b, 1));
    P(read(path, b, 1));
    P(read(99, b, 1));
    P(syscall(SYS_read, f, 8, 0));
    P(syscall(SYS_read, ro, 8, 10));
    P(syscall(SYS_write, f, 8, 10));
    P(read(ro, b, -1));
    P(writev(f, iov, 2));
    P(writev(f, iov, 0));
    P(writev(f, iov, -1));
    P(writev(f, iov, 2000));
    P(writev(f, &bad, 1));
    P(lseek(f, 0, SEEK_CUR));
    P(lseek(f, -1, SEEK_SET));
    P(lseek(f, 0, 9));
    P(lseek(f, 1L << 40, SEEK_SET));
    P(lseek(f, 0, SEEK_DATA));
    P(lseek(f, 0, SEEK_HOLE));
    P(lseek(f, 5000, SEEK_DATA));
    P(lseek(p[0], 0, SEEK_SET));
    P(lseek(dir, 0, SEEK_SET));
    P(lseek(path, 0, SEEK_SET));
    P(pwrite(ap, "Z", 1, 0));
    P(lseek(ap, 0, SEEK_END));
    P(pread(p[0], b, 1, 0));
    P(pwrite(p[1], b, 1, 0));
    P(ftruncate(f, -1));
    P(ftruncate(ro, 0));
    P(ftruncate(dir, 0));
    P(ftruncate(p[0], 0));
    P(ftruncate(f, 100));
    P(fsync(f));
    P(fsync(dir));
    P(fsync(p[0]));
    P(fsync(99));
    P(fdatasync(ro));
    P(syscall(SYS_sync_file_range, f, 0, 0, 7));
    P(syscall(SYS_sync_file_range, p[0], 0, 0, 7));
    P(syscall(SYS_sync_file_range, f, 0, 0, 99));
    P(posix_fadvise(f, 0, 0, 9));
    P(posix_fadvise(p[0], 0, 0, 0));
    P(syscall(SYS_readahead, f, 0, 10));
    P(syscall(SYS_readahead, p[0], 0, 10));
    P(fallocate(f, 0, 0, 200));
    P(lseek(f, 0, SEEK_END));
    P(fallocate(f, FALLOC_FL_KEEP_SIZE, 0, 300));
    P(fallocate(f, FALLOC_FL_PUNCH_HOLE, 0, 10));
    P(fallocate(f, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 10));
    P(fallocate(f, 0, -1, 10));
    P(fallocate(f, 0, 0, 0));
    P(fallocate(f, 0x1000, 0, 10));
    P(fallocate(ro, 0, 0, 10));
    P(fallocate(p[1], 0, 0, 10));
    P(fallocate(dir, 0, 0, 10));
    P(sendfile(p[1], f, &off, 10));
    P(off);
    P(sendfile(p[1], ro, NULL, 5));
    P(sendfile(ap, ro, NULL, 5));
    P(sendfile(f, p[0], NULL, 5));
    P(sendfile(ro, f, NULL, 5));
    P(splice(p[0], NULL, f, NULL, 5, 0));
    P(splice(f, NULL, ro, NULL, 5, 0));
    P(splice(p[0], &off, f, NULL, 5, 0));
    P(splice(p[0], NULL, ap, NULL, 5, 0));
    P(splice(p[0], NULL, p[1], NULL, 5, 0));
    P(splice(p[0], NULL, f, NULL, 5, 99));
    P(tee(p[0], p[1], 5, 0));
    P(tee(f, p[1], 5, 0));
    P(copy_file_range(f, NULL, ap, NULL, 5, 0));
    P(copy_file_range(f, NULL, f, NULL, 5, 0));
    P(copy_file_range(f, NULL, dir, NULL, 5, 0));
    P(copy_file_range(f, NULL, p[1], NULL, 5, 0));
    P(copy_file_range(f, NULL, f, NULL, 5, 1));
    P(copy_file_range(wo, NULL, f, NULL, 5, 0));
    P(syscall(SYS_getdents64, f, b, 100));
    P(syscall(SYS_getdents64, dir, b, 1));
    P(syscall(SYS_getdents64, p[0], b, 100));
    for (int fd = 3; fd < 20; fd++)
        close(fd);
}

static void descriptors(void)
{
    int f = open("f", O_RDWR), p[2], path = open("f", O_PATH), n;
    struct flock l = {.l_type = F_WRLCK}, ofd = {.l_type = F_WRLCK};
    struct f_owner_ex ex;

    P(dup2(f, 50));
    P(dup2(99, 51));
    P(dup2(f, f));
    P(dup2(f, -1));
    P(dup2(f, 1 << 30));
    P(dup3(f, f, 0));
    P(dup3(f, 52, O_NONBLOCK));
    P(dup3(f, 52, O_CLOEXEC));
    P(fcntl(52, F_GETFD));
    P(fcntl(f, F_DUPFD, 60));
    P(fcntl(f, F_DUPFD, -1));
    P(fcntl(f, F_DUPFD_CLOEXEC, 61));
    P(fcntl(f, F_GETFL) & ~O_LARGEFILE);
    P(fcntl(f, F_SETFL, O_APPEND | O_NONBLOCK | O_RDONLY));
    P(fcntl(f, F_GETFL) & ~O_LARGEFILE);
    P(fcntl(f, F_SETFL, 0));
    P(fcntl(path, F_GETFL) & ~O_LARGEFILE);
    P(fcntl(path, F_SETFL, 0));
    P(fcntl(path, F_DUPFD, 70));
    P(fcntl(f, F_SETFD, 99));
    P(fcntl(f, F_GETFD));
    P(fcntl(f, 9999));
    P(fcntl(99, F_GETFD));
    P(fcntl(f, F_SETLK, &l));
    P(fcntl(f, F_GETLK, &l));
    P(l.l_type);
    l.l_whence = 9;
    P(fcntl(f, F_SETLK, &l));
    P(fcntl(f, F_OFD_SETLK, &ofd));
    ofd.l_pid = 5;
    P(fcntl(f, F_OFD_SETLK, &ofd));
    P(fcntl(50, F_OFD_GETLK, &(struct flock){.l_type = F_RDLCK}));
    P(fcntl(path, F_SETLK, &(struct flock){.l_type = F_RDLCK}));
    P(fcntl(open("f", O_RDONLY), F_SETLK, &(struct flock){.l_type = F_WRLCK}));
    P(flock(f, LOCK_EX));
    P(flock(open("f", O_RDONLY), LOCK_SH | LOCK_NB));
    P(flock(f, 16));
    P(flock(f, LOCK_UN));
    P(flock(path, LOCK_SH));
    P(fcntl(f, F_SETOWN, getpid()));
    P(fcntl(f, F_GETOWN) == getpid());
    P(fcntl(f, F_SETOWN, 999999));
    P(fcntl(f, F_SETSIG, 10));
    P(fcntl(f, F_GETSIG));
    P(fcntl(f, F_SETSIG, 99));
    P(fcntl(f, F_GETOWN_EX, &ex));
    P(fcntl(f, F_GETLEASE));
    P(pipe2(p, 0x10));
    P(syscall(SYS_pipe2, 8, 0));
    P(pipe2(p, O_NONBLOCK | O_CLOEXEC));
    P(fcntl(p[0], F_GETPIPE_SZ));
    P(fcntl(p[0], F_SETPIPE_SZ, 5000));
    P(fcntl(p[0], F_SETPIPE_SZ, 1 << 20));
    P(fcntl(p[0], F_SETPIPE_SZ, 0));
    P(fcntl(f, F_GETPIPE_SZ));
    P(read(p[0], &n, 4));
    P(write(p[1], "abcd", 4));
    P(ioctl(p[0], FIONREAD, &n));
    P(n);
    P(ioctl(f, FIONREAD, &n));
    P(ioctl(f, FIOCLEX));
    P(ioctl(f, FIONBIO, &(int){1}));
    P(ioctl(f, FIOASYNC, &(int){1}));
    P(ioctl(f, TCGETS, &n));
    P(ioctl(path, FIOCLEX));
    P(ioctl(99, FIONREAD, &n));
    P(ioctl(open("/dev/null", O_RDWR), TCGETS, &n));
    P(ioctl(open("/dev/urandom", O_RDWR), TCGETS, &n));
    P(ioctl(open("/dev/zero", O_RDWR), FIONREAD, &n));
    P(close_range(200, 100, 0));
    P(close_range(200, 300, 99));
    P(close_range(40, ~0U, CLOSE_RANGE_CLOEXEC));
    P(fcntl(50, F_GETFD));
    P(close_range(3, ~0U, 0));
    P(close(3));
    P(close(-1));
}

static void events(void)
{
    int ep = epoll_create1(0), e2 = epoll_create1(0), f = open("f", O_RDWR),
        ev = eventfd(3, EFD_NONBLOCK), tf = timerfd_create(1, TFD_NONBLOCK),
        in = inotify_init1(IN_NONBLOCK), p[2];
    struct epoll_event e = {.events = EPOLLIN}, out[4];
    struct pollfd pf[2] = {{.fd = ev, .events = POLLIN | POLLOUT}, {.fd = 77}};
    uint64_t n = 1;
    char b[200];
    fd_set set;

    pipe(p);
    P(epoll_create1(1));
    P(epoll_create(0));
    P(epoll_ctl(ep, EPOLL_CTL_ADD, f, &e));
    P(epoll_ctl(ep, EPOLL_CTL_ADD, ep, &e));
    P(epoll_ctl(ep, EPOLL_CTL_ADD, 99, &e));
    P(epoll_ctl(f, EPOLL_CTL_ADD, ev, &e));
    P(epoll_ctl(ep, 9, ev, &e));
    P(syscall(SYS_epoll_ctl, ep, EPOLL_CTL_ADD, ev, 8));
    P(epoll_ctl(ep, EPOLL_CTL_ADD, e2, &e));
    P(epoll_ctl(e2, EPOLL_CTL_ADD, ep, &e));
    e.events = EPOLLIN | EPOLLEXCLUSIVE | EPOLLET;
    P(epoll_ctl(ep, EPOLL_CTL_ADD, ev, &e));
    P(epoll_ctl(ep, EPOLL_CTL_MOD, ev, &e));
    e.events = EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT;
    P(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &e));
    P(epoll_wait(ep, out, 4, 0));
    P(epoll_wait(ep, out, 4, 0));
    P(epoll_wait(ep, out, 0, 0));
    P(epoll_wait(ep, out, -1, 0));
    P(epoll_wait(f, out, 4, 0));
    P(epoll_wait(99, out, 4, 0));
    P(syscall(SYS_epoll_wait, e2, 8, 4, 0));
    P(syscall(SYS_epoll_pwait, ep, out, 4, 0, &set, 3));
    P(read(ev, &n, 8));
    P(n);
    P(read(ev, &n, 8));
    P(read(ev, &n, 4));
    n = -1;
    P(write(ev, &n, 8));
    n = -2;
    P(write(ev, &n, 8));
    P(write(ev, &n, 8));
    P(write(ev, &n, 4));
    P(eventfd(0, 99));
    P(poll(pf, 2, 0));
    P(pf[0].revents);
    P(pf[1].revents);
    P(poll(pf, 1 << 30, 0));
    P(syscall(SYS_poll, 8, 1, 0));
    P(syscall(SYS_ppoll, pf, 1, 0, &set, 3));
    P(syscall(SYS_ppoll, pf, 1, &(struct timespec){0, -1}, 0, 8));
    FD_ZERO(&set);
    FD_SET(77, &set);
    P(select(78, &set, NULL, NULL, &(struct timeval){0}));
    P(select(-1, NULL, NULL, NULL, &(struct timeval){0}));
    P(select(0, NULL, NULL, NULL, &(struct timeval){0, -1}));
    P(select(0, NULL, NULL, NULL, &(struct timeval){0, 10}));
    P(read(tf, &n, 8));
    P(read(tf, &n, 4));
    P(write(tf, &n, 8));
    P(timerfd_settime(tf, 99, &(struct itimerspec){0}, NULL));
    P(timerfd_settime(f, 0, &(struct itimerspec){0}, NULL));
    P(timerfd_settime(tf, 0, &(struct itimerspec){{0, -1}, {0}}, NULL));
    P(timerfd_settime(tf, TFD_TIMER_ABSTIME, &(struct itimerspec){{0}, {0, 1}},
                      NULL));
    P(read(tf, &n, 8));
    P(n);
    P(inotify_init1(99));
    P(inotify_add_watch(in, "nosuch", IN_ALL_EVENTS));
    P(inotify_add_watch(in, "f", 0));
    P(inotify_add_watch(in, "f", IN_MODIFY));
    P(inotify_add_watch(in, "f", IN_MODIFY | IN_MASK_CREATE));
    P(inotify_add_watch(in, "f", IN_ONLYDIR | IN_MODIFY));
    P(inotify_add_watch(f, "f", IN_MODIFY));
    P(read(in, b, 200));
    P(write(f, "x", 1));
    P(read(in, b, 4));
    P(read(in, b, 200));
    P(inotify_rm_watch(in, 99));
    P(inotify_rm_watch(in, 1));
    P(read(in, b, 200));
    P(lseek(ep, 0, SEEK_SET));
    P(pread(ev, &n, 8, 0));
    P(fstat(ev, (struct stat *)b));
    P(close_range(3, ~0U, 0));
}

static void on_xfsz(int sig)
{
    printf("signal %d\n", sig);
    fflush(stdout);
}

static void limits(void)
{
    struct rlimit lim = {100, RLIM_INFINITY}, files;
    int f = open("f", O_RDWR | O_TRUNC);
    char b[200] = {0};

    signal(SIGXFSZ, on_xfsz);
    P(setrlimit(RLIMIT_FSIZE, &lim));
    P(write(f, b, 200));
    P(write(f, b, 1));
    P(pwrite(f, b, 1, 99));
    P(pwrite(f, b, 10, 200));
    P(ftruncate(f, 101));
    P(truncate("f", 101));
    P(fallocate(f, 0, 0, 200));
    lim.rlim_cur = RLIM_INFINITY;
    P(setrlimit(RLIMIT_FSIZE, &lim));
    P(getrlimit(RLIMIT_NOFILE, &files));
    files.rlim_cur = 10;
    P(setrlimit(RLIMIT_NOFILE, &files));
    P(dup2(f, 10));
    P(fcntl(f, F_DUPFD, 10));
    P(fcntl(f, F_DUPFD, 9));
    P(open("f", O_RDONLY));
    P(poll(NULL, 11, 0));
    while (dup(f) >= 0)
        ;
    P(errno);
    P(socket(AF_UNIX, SOCK_STREAM, 0));
    P(epoll_create1(0));
    P(close_range(3, ~0U, 0));
}

/* pipe2(2), O_DIRECT. */
static void packets(void)
{
    static char big[3 * 4096 + 5], in[sizeof(big)];
    int fd[2], n = 0, file = open("packets", O_RDWR | O_CREAT, 0600);

    P(pipe2(fd, O_DIRECT | O_NONBLOCK));
    P((fcntl(fd[0], F_GETFL) & O_DIRECT) != 0);
    P((fcntl(fd[1], F_GETFL) & O_DIRECT) != 0);
    P(read(fd[0], in, 8));
    P(write(fd[1], "", 0));
    P(read(fd[0], in, 8));
    P(write(fd[1], "abcd", 4));
    P(write(fd[1], "efg", 3));
    P(ioctl(fd[0], FIONREAD, &n));
    P(n);
    P(read(fd[0], in, 3));
    P(in[2]);
    P(read(fd[0], in, 0));
    P(read(fd[0], in, sizeof(in)));
    P(in[0]);
    P(read(fd[0], in, sizeof(in)));
    P(write(fd[1], big, sizeof(big)));
    for (int i = 0; i < 5; i++)
        PI(i, read(fd[0], in, sizeof(in)));
    for (n = 0; write(fd[1], "x", 1) == 1; n++)
        ;
    P(n);
    P(write(fd[1], "x", 1));
    P(fcntl(fd[1], F_SETPIPE_SZ, 4096));
    P(fcntl(fd[1], F_SETFL, O_NONBLOCK));
    P(write(fd[1], "bytes", 5));
    P(read(fd[0], in, 8));
    P(write(fd[1], "bytes", 5));
    P(write(fd[1], "more", 4));
    for (; n > 1; n--)
        read(fd[0], in, 8);
    P(read(fd[0], in, 3));
    P(fcntl(fd[1], F_SETFL, O_NONBLOCK | O_DIRECT));
    P(write(fd[1], "last", 4));
    P(read(fd[0], in, 6));
    P(write(fd[1], "one", 3));
    P(splice(fd[0], NULL, file, NULL, 2, 0));
    P(lseek(file, 0, SEEK_CUR));
    close(fd[0]);
    close(fd[1]);
    close(file);
}

int main(void)
{
    char dir[] = "/tmp/probe-XXXXXX";

    P(mkdtemp(dir) != NULL);
    P(chdir(dir));
    P(close(open("f", O_CREAT | O_RDWR, 0644)));
    P(mkdir("d", 0755));
    P(symlink("f", "l"));
    P(symlink("target", "dangling"));
    P(symlink("loop", "loop"));
    P(mkfifo("fifo", 0600));
    opening();
    names();
    P(close(open("f", O_CREAT | O_RDWR, 0644)));
    stats();
    io();
    descriptors();
    events();
    limits();
    fflush(stdout);
    packets();
    return 0;
}

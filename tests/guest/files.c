/* SPDX-License-Identifier: BSD-2-Clause */
/* Regular files, directories, names, links, locks: as Linux has them. */
#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/random.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

#define FAILS(call, code) CHECK((call) == -1 && errno == (code))

static char dir[] = "/tmp/files.XXXXXX";

static void put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    CHECK(close(fd) == 0);
}

static int has(const char *path, const char *text)
{
    char buf[256];
    int fd = open(path, O_RDONLY);
    ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf));

    if (fd >= 0)
        close(fd);
    return n == (ssize_t)strlen(text) && memcmp(buf, text, n) == 0;
}

/* 9P has no words for holes and exchanges: docs/volumes.md. */
static int is_volume(void)
{
    struct statfs sf;

    return statfs(".", &sf) == 0 && sf.f_type == 0x01021997;
}

static void test_open_flags(void)
{
    struct stat st;
    int fd;

    FAILS(open("none", O_RDONLY), ENOENT);
    FAILS(open("", O_RDONLY), ENOENT);
    put("a", "hello");
    FAILS(open("a", O_CREAT | O_EXCL | O_RDWR, 0600), EEXIST);
    FAILS(open("a", O_RDONLY | O_DIRECTORY), ENOTDIR);
    FAILS(open("a/", O_RDONLY), ENOTDIR);
    FAILS(open("a/b", O_RDONLY), ENOTDIR);
    FAILS(open("new/", O_CREAT | O_WRONLY, 0600), EISDIR);
    FAILS(open(".", O_WRONLY), EISDIR);
    FAILS(open(".", O_CREAT | O_RDONLY, 0600), EISDIR);
    fd = open("a", O_WRONLY | O_APPEND);
    CHECK(fd >= 0 && write(fd, "!", 1) == 1 && lseek(fd, 0, SEEK_CUR) == 6);
    FAILS(read(fd, &st, 1), EBADF);
    CHECK((fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND)) ==
          (O_WRONLY | O_APPEND));
    CHECK(close(fd) == 0);
    CHECK(has("a", "hello!"));
    umask(027);
    fd = open("m", O_CREAT | O_RDWR, 0666);
    CHECK(fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & 07777) == 0640);
    umask(022);
    FAILS(syscall(SYS_getdents64, fd, &st, sizeof(st)), ENOTDIR);
    close(fd);
    fd = open("a", O_PATH);
    CHECK(fd >= 0);
    FAILS(read(fd, &st, 1), EBADF);
    CHECK(fstat(fd, &st) == 0 && st.st_size == 6);
    CHECK(fstatat(fd, "", &st, AT_EMPTY_PATH) == 0 && st.st_size == 6);
    close(fd);
    FAILS(close(fd), EBADF);
}

static void test_io(void)
{
    void *volatile nowhere = (void *)8; /* what the compiler need not see */
    struct iovec iov[3] = {{"ab", 2}, {"", 0}, {"cdef", 4}};
    char buf[16];
    int fd = open("io", O_RDWR | O_CREAT | O_TRUNC, 0600);

    CHECK(fd >= 0 && writev(fd, iov, 3) == 6);
    CHECK(pread(fd, buf, 16, 4) == 2 && memcmp(buf, "ef", 2) == 0);
    CHECK(pread(fd, buf, 16, 6) == 0 && pread(fd, buf, 16, 100) == 0);
    FAILS(pread(fd, buf, 16, -1), EINVAL);
    CHECK(lseek(fd, 0, SEEK_CUR) == 6 && lseek(fd, -2, SEEK_END) == 4);
    FAILS(lseek(fd, -1, SEEK_SET), EINVAL);
    FAILS(lseek(fd, 0, 99), EINVAL);
    CHECK(pwrite(fd, "Z", 1, 8192) == 1 && lseek(fd, 0, SEEK_END) == 8193);
    CHECK(pread(fd, buf, 4, 6) == 4 && memcmp(buf, "\0\0\0", 4) == 0);
    CHECK(ftruncate(fd, 3) == 0 && ftruncate(fd, 16) == 0);
    CHECK(pread(fd, buf, 16, 0) == 16 && memcmp(buf, "abc\0\0\0", 6) == 0);
    FAILS(ftruncate(fd, -1), EINVAL);
    FAILS(write(fd, nowhere, 4), EFAULT);
    CHECK(read(fd, nowhere, 4) == 0 || errno == EFAULT);
    CHECK(lseek(fd, 0, SEEK_SET) == 0);
    FAILS(read(fd, nowhere, 4), EFAULT);
    CHECK(fsync(fd) == 0 && fdatasync(fd) == 0);
    close(fd);
}

static void test_big(void)
{
    enum { SIZE = 3 << 20 };
    char *data = malloc(SIZE), *back = malloc(SIZE);
    int fd = open("big", O_RDWR | O_CREAT, 0600), out;
    off_t off = 0;

    for (int i = 0; i < SIZE; i++)
        data[i] = (char)(i * 7 + (i >> 9));
    for (int i = 0; i < SIZE; i += 65521) {
        int n = SIZE - i < 65521 ? SIZE - i : 65521;

        CHECK(write(fd, data + i, n) == n);
    }
    CHECK(pread(fd, back, SIZE, 0) == SIZE && !memcmp(data, back, SIZE));
    out = open("copy", O_RDWR | O_CREAT, 0600);
    while (off < SIZE)
        CHECK(sendfile(out, fd, &off, SIZE - off) > 0);
    CHECK(pread(out, back, SIZE, 0) == SIZE && !memcmp(data, back, SIZE));
    if (!is_volume()) {
        CHECK(fallocate(out, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                        4096 * 3 + 5, 4096 * 10) == 0);
        memset(data + 4096 * 3 + 5, 0, 4096 * 10);
    }
    CHECK(pread(out, back, SIZE, 0) == SIZE && !memcmp(data, back, SIZE));
    close(out);
    close(fd);
    CHECK(unlink("big") == 0 && unlink("copy") == 0);
    free(data);
    free(back);
}

static void test_mapped(void)
{
    int fd = open("map", O_RDWR | O_CREAT | O_TRUNC, 0600);
    char *s, *p, c;

    CHECK(ftruncate(fd, 8192) == 0);
    s = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    CHECK(s != MAP_FAILED && p != MAP_FAILED);
    s[5000] = 'x';
    CHECK(pread(fd, &c, 1, 5000) == 1 && c == 'x');
    CHECK(pwrite(fd, "y", 1, 10) == 1 && s[10] == 'y');
    p[10] = 'z';
    CHECK(s[10] == 'y');
    CHECK(msync(s, 8192, MS_SYNC) == 0);
    close(fd);
    CHECK(unlink("map") == 0 && s[5000] == 'x');
    munmap(s, 8192);
    munmap(p, 8192);
}

static void test_names(void)
{
    struct stat a, b;
    char buf[PATH_MAX];

    put("n1", "one");
    CHECK(link("n1", "n2") == 0 && stat("n1", &a) == 0 && stat("n2", &b) == 0);
    CHECK(a.st_ino == b.st_ino && a.st_nlink == 2);
    FAILS(link("n1", "n2"), EEXIST);
    FAILS(link(".", "d"), EPERM);
    CHECK(rename("n1", "n2") == 0 && rename("n1", "n1") == 0);
    CHECK(unlink("n1") == 0 && has("n2", "one"));
    put("n3", "three");
    CHECK(rename("n3", "n2") == 0 && has("n2", "three"));
    FAILS(stat("n3", &a), ENOENT);
    CHECK(symlink("n2", "s") == 0 && has("s", "three"));
    CHECK(readlink("s", buf, 1) == 1 && readlink("s", buf, 99) == 2);
    CHECK(lstat("s", &a) == 0 && S_ISLNK(a.st_mode) && a.st_size == 2);
    FAILS(readlink("n2", buf, 9), EINVAL);
    FAILS(open("s", O_RDONLY | O_NOFOLLOW), ELOOP);
    CHECK(symlink("loop", "loop") == 0);
    FAILS(open("loop", O_RDONLY), ELOOP);
    CHECK(symlink("to-be", "dangling") == 0);
    FAILS(open("dangling", O_CREAT | O_EXCL | O_RDWR, 0600), EEXIST);
    put("dangling", "made");
    CHECK(has("to-be", "made"));
    FAILS(unlink("none"), ENOENT);
    FAILS(unlink("."), EISDIR);
    FAILS(rmdir("n2"), ENOTDIR);
    memset(buf, 'x', 300);
    buf[256] = 0;
    FAILS(open(buf, O_RDONLY), ENAMETOOLONG);
    buf[255] = 0;
    FAILS(open(buf, O_RDONLY), ENOENT);
    CHECK(unlink("s") == 0 && unlink("loop") == 0 && unlink("n2") == 0);
}

static void test_unlinked(void)
{
    struct stat st;
    char buf[8];
    int fd;

    put("u", "still");
    fd = open("u", O_RDWR);
    CHECK(unlink("u") == 0 && fstat(fd, &st) == 0 && st.st_nlink == 0);
    CHECK(read(fd, buf, 8) == 5 && pwrite(fd, "S", 1, 0) == 1);
    put("u", "new");
    CHECK(pread(fd, buf, 8, 0) == 5 && buf[0] == 'S' && has("u", "new"));
    close(fd);
    fd = open(".", O_TMPFILE | O_RDWR, 0600);
    if (fd >= 0) {
        CHECK(write(fd, "tmp", 3) == 3);
        close(fd);
    }
}

static int count(const char *path, const char *wanted)
{
    DIR *d = opendir(path);
    struct dirent *e;
    int n = 0;

    CHECK(d);
    while ((e = readdir(d)))
        n += wanted ? !strcmp(e->d_name, wanted) : 1;
    closedir(d);
    return n;
}

static void test_dirs(void)
{
    char name[32], cwd[PATH_MAX], here[PATH_MAX];
    struct stat st;
    int fd;

    CHECK(mkdir("d", 0755) == 0);
    FAILS(mkdir("d", 0755), EEXIST);
    FAILS(mkdir("x/y", 0755), ENOENT);
    CHECK(mkdir("d/e/", 0700) == 0 && stat("d", &st) == 0);
    FAILS(rmdir("d"), ENOTEMPTY);
    FAILS(rmdir("d/."), EINVAL);
    FAILS(rename("d", "d/e/f"), EINVAL);
    FAILS(rename("d/e", "d"), ENOTEMPTY);
    for (int i = 0; i < 500; i++) {
        snprintf(name, sizeof(name), "d/file-%d", i);
        put(name, name);
    }
    CHECK(count("d", NULL) == 503 && count("d", "file-499") == 1);
    CHECK(rename("d", "d2") == 0 && has("d2/file-7", "d/file-7"));
    CHECK(getcwd(here, sizeof(here)) && chdir("d2/e") == 0);
    CHECK(getcwd(cwd, sizeof(cwd)));
    CHECK(!strncmp(cwd, here, strlen(here)) &&
          !strcmp(cwd + strlen(here), "/d2/e"));
    CHECK(has("../file-9", "d/file-9") && has(".././/file-9", "d/file-9"));
    FAILS(getcwd(cwd, 2) ? 0 : -1, ERANGE);
    fd = open("..", O_RDONLY | O_DIRECTORY);
    CHECK(fd >= 0 && chdir(here) == 0);
    CHECK(fstatat(fd, "file-1", &st, 0) == 0 && st.st_size == 8);
    CHECK(unlinkat(fd, "e", AT_REMOVEDIR) == 0);
    CHECK(mkdirat(fd, "g", 0755) == 0 && symlinkat("x", fd, "l") == 0);
    FAILS(unlinkat(fd, "g", 0), EISDIR);
    CHECK(renameat(fd, "g", AT_FDCWD, "g") == 0 && rmdir("g") == 0);
    CHECK(unlinkat(fd, "l", 0) == 0);
    for (int i = 0; i < 500; i++) {
        snprintf(name, sizeof(name), "file-%d", i);
        CHECK(unlinkat(fd, name, 0) == 0);
    }
    CHECK(count("d2", NULL) == 2 && fchdir(fd) == 0 && rmdir(here) == -1);
    CHECK(chdir(here) == 0 && rmdir("d2") == 0);
    FAILS(openat(fd, "x", O_CREAT | O_RDWR, 0600), ENOENT);
    close(fd);
}

static void test_exchange(void)
{
    put("e1", "1");
    put("e2", "2");
    if (is_volume()) {
        FAILS(syscall(SYS_renameat2, AT_FDCWD, "e1", AT_FDCWD, "e2", 2),
              EINVAL);
    } else {
        CHECK(syscall(SYS_renameat2, AT_FDCWD, "e1", AT_FDCWD, "e2", 2) == 0);
        CHECK(has("e1", "2") && has("e2", "1"));
    }
    FAILS(syscall(SYS_renameat2, AT_FDCWD, "e1", AT_FDCWD, "e2", 1), EEXIST);
    CHECK(unlink("e1") == 0 && unlink("e2") == 0);
}

static void test_attributes(void)
{
    struct timespec ts[2] = {{1000, 5}, {2000, 7}};
    uint32_t sx[64];
    struct stat st;
    struct statfs sf;
    char buf[32];
    /* None runs as somebody else by a volume: docs/volumes.md. */
    mode_t mode = is_volume() ? 0751 : 04751;

    put("t", "x");
    CHECK(chmod("t", mode) == 0 && stat("t", &st) == 0);
    CHECK((st.st_mode & 07777) == mode && st.st_nlink == 1);
    CHECK(chown("t", 12, 34) == 0 && stat("t", &st) == 0);
    CHECK(st.st_uid == 12 && st.st_gid == 34);
    CHECK((st.st_mode & 07777) == 0751);
    CHECK(utimensat(AT_FDCWD, "t", ts, 0) == 0 && stat("t", &st) == 0);
    CHECK(st.st_atim.tv_sec == 1000 && st.st_mtim.tv_nsec == 7);
    ts[0].tv_nsec = UTIME_OMIT;
    ts[1].tv_nsec = UTIME_NOW;
    CHECK(utimensat(AT_FDCWD, "t", ts, 0) == 0 && stat("t", &st) == 0);
    CHECK(st.st_atim.tv_sec == 1000 && st.st_mtim.tv_sec > 100000);
    /* stx_uid, stx_size: what musl's headers do not have */
    CHECK(syscall(SYS_statx, AT_FDCWD, "t", 0, 0x7ff, sx) == 0);
    CHECK(sx[5] == 12 && sx[10] == 1 && sx[8] == (uint32_t)st.st_ino);
    CHECK(truncate("t", 100) == 0 && stat("t", &st) == 0 && st.st_size == 100);
    FAILS(truncate(".", 1), EISDIR);
    CHECK(access("t", R_OK | W_OK) == 0 && access(".", X_OK) == 0);
    FAILS(access("t", 99), EINVAL);
    CHECK(statfs(".", &sf) == 0 && sf.f_bsize > 0 && sf.f_namelen == 255);
    if (setxattr("t", "trusted.a", "val", 3, 0) == 0) {
        CHECK(getxattr("t", "trusted.a", buf, 32) == 3 &&
              !memcmp(buf, "val", 3));
        CHECK(getxattr("t", "trusted.a", NULL, 0) == 3);
        FAILS(getxattr("t", "trusted.a", buf, 1), ERANGE);
        FAILS(setxattr("t", "trusted.a", "v", 1, XATTR_CREATE), EEXIST);
        CHECK(listxattr("t", buf, 32) >= 10 &&
              removexattr("t", "trusted.a") == 0);
    }
    FAILS(getxattr("t", "trusted.none", buf, 32), ENODATA);
    unlink("t");
}

static void test_locks(void)
{
    struct flock l = {.l_type = F_WRLCK, .l_start = 10, .l_len = 10};
    struct flock q = {.l_type = F_RDLCK, .l_start = 15, .l_len = 1};
    int a = open("lk", O_RDWR | O_CREAT, 0600), b = open("lk", O_RDWR);

    CHECK(fcntl(a, F_SETLK, &l) == 0 && fcntl(b, F_SETLK, &l) == 0);
    CHECK(fcntl(b, F_GETLK, &q) == 0 && q.l_type == F_UNLCK);
    q = (struct flock){.l_type = F_RDLCK, .l_start = 15, .l_len = 1};
    CHECK(fcntl(b, F_OFD_GETLK, &q) == 0 && q.l_type == F_WRLCK);
    CHECK(q.l_start == 10 && q.l_len == 10 && q.l_whence == SEEK_SET);
    q = (struct flock){.l_type = F_RDLCK, .l_start = 15, .l_len = 1};
    FAILS(fcntl(b, F_OFD_SETLK, &q), EAGAIN);
    l.l_type = F_UNLCK;
    l.l_start = 15;
    l.l_len = 1;
    CHECK(fcntl(a, F_SETLK, &l) == 0 && fcntl(b, F_OFD_SETLK, &q) == 0);
    CHECK(flock(a, LOCK_EX) == 0);
    FAILS(flock(b, LOCK_SH | LOCK_NB), EWOULDBLOCK);
    CHECK(flock(a, LOCK_SH) == 0 && flock(b, LOCK_SH | LOCK_NB) == 0);
    close(a);
    CHECK(flock(b, LOCK_EX | LOCK_NB) == 0);
    close(b);
}

static void test_descriptors(void)
{
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC), other;

    CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
    other = dup(fd);
    CHECK(other == fd + 1 && fcntl(other, F_GETFD) == 0);
    CHECK(dup2(fd, 100) == 100 && dup2(fd, fd) == fd);
    FAILS(dup3(fd, fd, 0), EINVAL);
    FAILS(dup2(fd, -1), EBADF);
    CHECK(fcntl(fd, F_DUPFD, 50) == 50);
    CHECK(fcntl(fd, F_DUPFD_CLOEXEC, 50) == 51);
    CHECK(syscall(SYS_close_range, 50, 51, 0) == 0);
    FAILS(close(50), EBADF);
    CHECK(fcntl(other, F_SETFL, O_NONBLOCK) == 0);
    CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK);
    CHECK(close(100) == 0 && close(fd) == 0 && close(other) == 0);
    fd = open("/proc/self/fd", O_RDONLY | O_DIRECTORY);
    CHECK(fd >= 0 && close(fd) == 0);
}

static void test_memfd(void)
{
    int fd = memfd_create("mem", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    char link[64], text[64] = {0};
    char *p;

    CHECK(fd >= 0 && ftruncate(fd, 4096) == 0);
    p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(p != MAP_FAILED);
    p[0] = 'm';
    CHECK(pread(fd, link, 1, 0) == 1 && link[0] == 'm');
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    CHECK(readlink(link, text, sizeof(text)) > 0);
    CHECK(!strcmp(text, "/memfd:mem (deleted)"));
    CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) == 0);
    FAILS(ftruncate(fd, 0), EPERM);
    munmap(p, 4096);
    CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL) == 0);
    FAILS(write(fd, "x", 1), EPERM);
    FAILS(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW), EPERM);
    CHECK(fcntl(fd, F_GET_SEALS) ==
          (F_SEAL_SHRINK | F_SEAL_WRITE | F_SEAL_SEAL));
    close(fd);
}

static void test_devices(void)
{
    int bits = 0;
    char buf[64] = "x";
    int fd = open("/dev/zero", O_RDWR);

    CHECK(read(fd, buf, 64) == 64 && buf[0] == 0 && buf[63] == 0);
    close(fd);
    fd = open("/dev/null", O_RDWR);
    CHECK(read(fd, buf, 64) == 0 && write(fd, buf, 64) == 64);
    close(fd);
    fd = open("/dev/full", O_RDWR);
    FAILS(write(fd, buf, 64), ENOSPC);
    close(fd);
    fd = open("/dev/urandom", O_RDONLY);
    CHECK(read(fd, buf, 64) == 64);
    CHECK(ioctl(fd, RNDGETENTCNT, &bits) == 0 && bits > 0);
    close(fd);
}

static void test_sparse(void)
{
    int fd = open("sp", O_RDWR | O_CREAT | O_TRUNC, 0600);
    struct stat st;
    char c = 1;

    CHECK(ftruncate(fd, (off_t)1 << 32) == 0 && fstat(fd, &st) == 0);
    CHECK(st.st_size == (off_t)1 << 32 && st.st_blocks == 0);
    CHECK(pwrite(fd, "a", 1, (off_t)1 << 31) == 1);
    CHECK(pread(fd, &c, 1, ((off_t)1 << 31) + 1) == 1 && c == 0);
    if (!is_volume()) {
        CHECK(lseek(fd, 0, SEEK_DATA) == (off_t)1 << 31);
        CHECK(lseek(fd, 0, SEEK_HOLE) == 0);
    }
    FAILS(lseek(fd, (off_t)1 << 33, SEEK_DATA), ENXIO);
    close(fd);
    unlink("sp");
}

int main(void)
{
    mkdir("/tmp", 01777);
    CHECK(mkdtemp(dir) && chdir(dir) == 0);
    umask(022);
    test_open_flags();
    test_io();
    test_big();
    test_mapped();
    test_names();
    test_unlinked();
    test_dirs();
    test_exchange();
    test_attributes();
    test_locks();
    test_descriptors();
    test_memfd();
    test_devices();
    test_sparse();
    printf("files: ok\n");
    return 0;
}

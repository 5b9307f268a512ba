/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What programs expect of a directory that they may write to, in the working
 * directory: names, attributes, contents, mappings, locks. Run on Linux, on
 * the image's copy-up file system and on a volume.
 */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/guest/check.h"

static int make(const char *name, const char *text)
{
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);

    CHECK(fd >= 0);
    CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    return fd;
}

static bool holds(const char *name, const char *text)
{
    char buf[256] = {0};
    int fd = open(name, O_RDONLY);
    ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);

    if (fd >= 0) {
        close(fd);
    }
    return n == (ssize_t)strlen(text) && memcmp(buf, text, (size_t)n) == 0;
}

static struct stat stat_of(const char *name)
{
    struct stat st;

    CHECK(lstat(name, &st) == 0);
    return st;
}

static void test_names(void)
{
    struct stat a, b;
    char buf[64];

    close(make("a", "one"));
    CHECK(open("a", O_CREAT | O_EXCL | O_RDWR, 0600) < 0 && errno == EEXIST);
    CHECK(open("absent", O_RDONLY) < 0 && errno == ENOENT);
    CHECK(open("a/b", O_RDONLY) < 0 && errno == ENOTDIR);
    CHECK(link("a", "b") == 0);
    a = stat_of("a");
    b = stat_of("b");
    CHECK(a.st_ino == b.st_ino && a.st_nlink == 2);
    CHECK(link("a", "b") < 0 && errno == EEXIST);
    CHECK(unlink("a") == 0 && access("a", F_OK) < 0 && errno == ENOENT);
    CHECK(stat_of("b").st_nlink == 1 && holds("b", "one"));
    CHECK(symlink("b", "s") == 0 && holds("s", "one"));
    CHECK(readlink("s", buf, sizeof(buf)) == 1 && buf[0] == 'b');
    CHECK(open("s", O_RDONLY | O_NOFOLLOW) < 0 && errno == ELOOP);
    CHECK(S_ISLNK(stat_of("s").st_mode) && stat_of("s").st_size == 1);
    CHECK(symlink("nowhere", "dangling") == 0);
    CHECK(access("dangling", F_OK) < 0 && errno == ENOENT);
    CHECK(unlink("dangling") == 0 && unlink("s") == 0 && unlink("b") == 0);
    memset(buf, 'n', sizeof(buf));
    CHECK(unlink("b") < 0 && errno == ENOENT);
}

static void test_long_names(void)
{
    char name[257];

    memset(name, 'x', sizeof(name));
    name[255] = '\0';
    close(make(name, "long"));
    CHECK(holds(name, "long") && unlink(name) == 0);
    name[255] = 'x';
    name[256] = '\0';
    CHECK(open(name, O_CREAT | O_RDWR, 0600) < 0 && errno == ENAMETOOLONG);
}

static void test_directories(void)
{
    CHECK(mkdir("d", 0750) == 0 && mkdir("d", 0750) < 0 && errno == EEXIST);
    CHECK((stat_of("d").st_mode & 07777) == 0750);
    CHECK(mkdir("d/e", 0755) == 0 && stat_of("d").st_nlink == 3);
    CHECK(rmdir("d") < 0 && errno == ENOTEMPTY);
    CHECK(unlink("d/e") < 0 && (errno == EISDIR || errno == EPERM));
    close(make("d/e/f", "deep"));
    CHECK(holds("d/./e/../e/f", "deep"));
    CHECK(rename("d/e", "moved") == 0 && holds("moved/f", "deep"));
    CHECK(access("d/e/f", F_OK) < 0);
    CHECK(mkdir("d/sub", 0755) == 0);
    CHECK(rename("d", "d/sub/x") < 0 && errno == EINVAL);
    CHECK(rename("moved", "d/sub") == 0 && holds("d/sub/f", "deep"));
    CHECK(rename("d/sub/f", "d") < 0 &&
          (errno == EISDIR || errno == ENOTEMPTY));
    CHECK(rmdir("d/sub/f") < 0 && errno == ENOTDIR);
    CHECK(unlink("d/sub/f") == 0 && rmdir("d/sub") == 0 && rmdir("d") == 0);
    CHECK(access("d", F_OK) < 0 && errno == ENOENT);
}

static int rename_noreplace(const char *from, const char *to)
{
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 1);
}

static void test_rename(void)
{
    int fd = make("old", "new content");
    char buf[32];

    close(make("target", "replaced"));
    CHECK(rename("old", "target") == 0 && holds("target", "new content"));
    CHECK(access("old", F_OK) < 0);
    CHECK(pread(fd, buf, 3, 0) == 3 && memcmp(buf, "new", 3) == 0);
    CHECK(rename_noreplace("target", "other") == 0);
    close(make("target", "second"));
    CHECK(rename_noreplace("target", "other") < 0 && errno == EEXIST);
    CHECK(rename("absent", "other") < 0 && errno == ENOENT);
    CHECK(rename("other", "other") == 0 && holds("other", "new content"));
    CHECK(unlink("target") == 0 && unlink("other") == 0);
    CHECK(pwrite(fd, "N", 1, 0) == 1 && pread(fd, buf, 3, 0) == 3);
    CHECK(memcmp(buf, "New", 3) == 0);
    close(fd);
}

static void test_unlinked_file(void)
{
    int fd = make("gone", "still here");
    char buf[32];
    struct stat st;

    CHECK(unlink("gone") == 0);
    CHECK(fstat(fd, &st) == 0 && st.st_nlink == 0 && st.st_size == 10);
    CHECK(pread(fd, buf, 10, 0) == 10 && memcmp(buf, "still here", 10) == 0);
    CHECK(pwrite(fd, "xx", 2, 10) == 2 && ftruncate(fd, 11) == 0);
    CHECK(fsync(fd) == 0);
    CHECK(fstat(fd, &st) == 0 && st.st_size == 11);
    close(make("gone", "another"));
    CHECK(pread(fd, buf, 11, 0) == 11 && buf[10] == 'x');
    CHECK(holds("gone", "another") && unlink("gone") == 0);
    close(fd);
}

static void test_attributes(void)
{
    struct timespec times[2] = {{1000000000, 5}, {1100000000, 123456789}};
    int fd = make("f", "12345");
    struct stat st;

    CHECK(fchmod(fd, 0604) == 0 && (stat_of("f").st_mode & 07777) == 0604);
    CHECK(chmod("f", 0640) == 0 && (stat_of("f").st_mode & 07777) == 0640);
    CHECK(utimensat(AT_FDCWD, "f", times, 0) == 0);
    st = stat_of("f");
    CHECK(st.st_atim.tv_sec == 1000000000 && st.st_mtim.tv_sec == 1100000000);
    CHECK(st.st_mtim.tv_nsec == 123456789);
    CHECK(write(fd, "6", 1) == 1);
    CHECK(stat_of("f").st_mtim.tv_sec > 1100000000);
    CHECK(stat_of("f").st_size == 6);
    st = stat_of("f");
    CHECK(memcmp(&st.st_mtim, &(struct timespec){0}, sizeof(st.st_mtim)));
    CHECK(stat_of("f").st_mtim.tv_nsec == st.st_mtim.tv_nsec);
    if (geteuid() == 0) {
        CHECK(chown("f", 12, 34) == 0);
        CHECK(stat_of("f").st_uid == 12 && stat_of("f").st_gid == 34);
    }
    CHECK(st.st_blksize >= 512 && st.st_blocks >= 0);
    close(fd);
    CHECK(unlink("f") == 0);
}

static void test_sizes(void)
{
    int fd = make("f", "0123456789");
    char buf[32];

    CHECK(ftruncate(fd, 4) == 0 && holds("f", "0123"));
    CHECK(ftruncate(fd, 8) == 0 && pread(fd, buf, 32, 0) == 8);
    CHECK(memcmp(buf, "0123\0\0\0\0", 8) == 0);
    CHECK(pwrite(fd, "end", 3, 20000) == 3 && stat_of("f").st_size == 20003);
    CHECK(pread(fd, buf, 32, 19990) == 13 && buf[0] == 0 && buf[12] == 'd');
    CHECK(truncate("f", 0) == 0 && pread(fd, buf, 32, 0) == 0);
    CHECK(lseek(fd, 0, SEEK_END) == 0);
    CHECK(pwrite(fd, "abc", 3, 0) == 3 && lseek(fd, -1, SEEK_END) == 2);
    CHECK(read(fd, buf, 32) == 1 && buf[0] == 'c');
    close(open("f", O_WRONLY | O_TRUNC));
    CHECK(stat_of("f").st_size == 0);
    close(fd);
    CHECK(unlink("f") == 0);
}

static void test_append(void)
{
    int a = open("log", O_WRONLY | O_CREAT | O_APPEND, 0644);
    int b = open("log", O_WRONLY | O_APPEND);

    CHECK(write(a, "one ", 4) == 4 && write(b, "two ", 4) == 4);
    CHECK(write(a, "three", 5) == 5 && holds("log", "one two three"));
    CHECK(lseek(a, 0, SEEK_SET) == 0 && write(a, "!", 1) == 1);
    CHECK(holds("log", "one two three!"));
    close(a);
    close(b);
    CHECK(unlink("log") == 0);
}

static void test_vectors(void)
{
    char x[3], y[8];
    struct iovec out[2] = {{"head", 4}, {"tail", 4}};
    struct iovec in[2] = {{x, 3}, {y, 8}};
    int fd = open("v", O_RDWR | O_CREAT, 0600);

    CHECK(writev(fd, out, 2) == 8 && preadv(fd, in, 2, 0) == 8);
    CHECK(memcmp(x, "hea", 3) == 0 && memcmp(y, "dtail", 5) == 0);
    in[0] = out[0] = (struct iovec){(void *)8, 4};
    CHECK(preadv(fd, in, 1, 0) < 0 && errno == EFAULT);
    CHECK(pwritev(fd, out, 1, 0) < 0 && errno == EFAULT);
    close(fd);
    CHECK(unlink("v") == 0);
}

/* More than fits into any message or cache block. */
static void test_large(void)
{
    enum { LEN = 3000000 };
    uint32_t *out = malloc(LEN), *in = malloc(LEN);
    int fd = open("big", O_RDWR | O_CREAT, 0600);

    for (uint32_t i = 0; i < LEN / 4; i++) {
        out[i] = i * 2654435761u;
    }
    CHECK(write(fd, out, LEN) == LEN && stat_of("big").st_size == LEN);
    CHECK(pread(fd, in, LEN, 0) == LEN && memcmp(in, out, LEN) == 0);
    for (int i = 0; i < 300; i++) {
        size_t off = (size_t)(i * 7919 * 131) % (LEN - 5000);

        CHECK(pread(fd, in, 5000, (off_t)off) == 5000);
        CHECK(memcmp(in, (char *)out + off, 5000) == 0);
        CHECK(pwrite(fd, (char *)out + off / 2, 100, (off_t)off) == 100);
        memmove((char *)out + off, (char *)out + off / 2, 100);
    }
    CHECK(pread(fd, in, LEN, 0) == LEN && memcmp(in, out, LEN) == 0);
    CHECK(fsync(fd) == 0 && fdatasync(fd) == 0);
    close(fd);
    fd = open("big", O_RDONLY);
    CHECK(read(fd, in, LEN) == LEN && memcmp(in, out, LEN) == 0);
    CHECK(write(fd, "x", 1) < 0 && errno == EBADF);
    close(fd);
    free(in);
    free(out);
    CHECK(unlink("big") == 0);
}

static void test_listing(void)
{
    enum { NR = 300 };
    char name[300];
    bool seen[NR] = {false};
    int nr = 0, dots = 0;
    struct dirent *e;
    DIR *d;

    CHECK(mkdir("many", 0755) == 0);
    for (int i = 0; i < NR; i++) {
        snprintf(name, sizeof(name), "many/file-with-a-long-name-%03d", i);
        close(make(name, ""));
    }
    d = opendir("many");
    while ((e = readdir(d)) != NULL) {
        int i;

        if (e->d_name[0] == '.') {
            dots++;
            continue;
        }
        CHECK(sscanf(e->d_name, "file-with-a-long-name-%d", &i) == 1);
        CHECK(i >= 0 && i < NR && !seen[i]);
        seen[i] = true;
        nr++;
        snprintf(name, sizeof(name), "many/%s", e->d_name);
        CHECK(e->d_ino == stat_of(name).st_ino);
        CHECK(e->d_type == DT_REG || e->d_type == DT_UNKNOWN);
    }
    CHECK(nr == NR && dots == 2);
    rewinddir(d);
    CHECK(readdir(d) != NULL);
    CHECK(fsync(dirfd(d)) == 0);
    closedir(d);
    for (int i = 0; i < NR; i++) {
        snprintf(name, sizeof(name), "many/file-with-a-long-name-%03d", i);
        CHECK(unlink(name) == 0);
    }
    CHECK(rmdir("many") == 0);
}

static void test_shared_mapping(void)
{
    int fd = make("m", "");
    char *p, *q, buf[16];

    CHECK(ftruncate(fd, 10000) == 0);
    p = mmap(NULL, 10000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(p != MAP_FAILED);
    memcpy(p + 9000, "mapped", 6);
    CHECK(pread(fd, buf, 6, 9000) == 6 && memcmp(buf, "mapped", 6) == 0);
    CHECK(pwrite(fd, "written", 7, 4090) == 7);
    CHECK(memcmp(p + 4090, "written", 7) == 0);
    CHECK(msync(p, 10000, MS_SYNC) == 0);
    q = mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, 4096);
    CHECK(q != MAP_FAILED && memcmp(q, "n", 1) == 0);
    p[4100] = 'Z';
    CHECK(q[4] == 'Z');
    CHECK(ftruncate(fd, 20000) == 0);
    close(fd);
    p = mremap(p, 10000, 20000, MREMAP_MAYMOVE);
    CHECK(p != MAP_FAILED && p[15000] == 0);
    p[19999] = 'E';
    CHECK(munmap(p, 20000) == 0 && munmap(q, 8192) == 0);
    fd = open("m", O_RDONLY);
    CHECK(pread(fd, buf, 1, 19999) == 1 && buf[0] == 'E');
    CHECK(pread(fd, buf, 1, 4100) == 1 && buf[0] == 'Z');
    close(fd);
    CHECK(unlink("m") == 0);
}

static void test_private_mapping(void)
{
    int fd = make("m", "private");
    char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

    CHECK(p != MAP_FAILED && memcmp(p, "private\0\0", 9) == 0);
    p[0] = 'P';
    CHECK(holds("m", "private"));
    close(fd);
    CHECK(unlink("m") == 0 && p[1] == 'r' && munmap(p, 4096) == 0);
    fd = open("m", O_RDONLY | O_CREAT, 0600);
    CHECK(mmap(NULL, 1, PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED &&
          errno == EACCES);
    close(fd);
    CHECK(unlink("m") == 0);
}

static void test_locks(void)
{
    struct flock all = {.l_type = F_WRLCK}, ask = {.l_type = F_RDLCK};
    int a = make("l", "x"), b = open("l", O_RDWR);

    CHECK(fcntl(a, F_OFD_SETLK, &all) == 0);
    CHECK(fcntl(b, F_OFD_SETLK, &ask) < 0 && errno == EAGAIN);
    CHECK(fcntl(b, F_OFD_GETLK, &ask) == 0 && ask.l_type == F_WRLCK);
    close(a);
    ask.l_type = F_RDLCK;
    ask.l_pid = 0;
    CHECK(fcntl(b, F_OFD_SETLK, &ask) == 0);
    a = open("l", O_RDWR);
    CHECK(flock(a, LOCK_EX) == 0);
    CHECK(flock(b, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK);
    CHECK(flock(a, LOCK_UN) == 0 && flock(b, LOCK_SH | LOCK_NB) == 0);
    close(a);
    close(b);
    CHECK(unlink("l") == 0);
}

static void test_special(void)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "sock"};
    int s = socket(AF_UNIX, SOCK_STREAM, 0), c, rw, peer;
    char buf[4];

    CHECK(mkfifo("fifo", 0600) == 0 && S_ISFIFO(stat_of("fifo").st_mode));
    rw = open("fifo", O_RDWR);
    CHECK(rw >= 0 && write(rw, "hi", 2) == 2 && read(rw, buf, 2) == 2);
    close(rw);
    CHECK(bind(s, (void *)&name, sizeof(name)) == 0 && listen(s, 1) == 0);
    CHECK(S_ISSOCK(stat_of("sock").st_mode));
    c = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK(connect(c, (void *)&name, sizeof(name)) == 0);
    peer = accept(s, NULL, NULL);
    CHECK(write(c, "yo", 2) == 2 && read(peer, buf, 2) == 2);
    close(c);
    close(peer);
    close(s);
    CHECK(unlink("fifo") == 0 && unlink("sock") == 0);
}

static void *append_lines(void *arg)
{
    int fd = open("shared", O_WRONLY | O_APPEND);
    char line[8];

    snprintf(line, sizeof(line), "%6d\n", (int)(intptr_t)arg);
    for (int i = 0; i < 50; i++) {
        CHECK(write(fd, line, 7) == 7);
    }
    close(fd);
    return NULL;
}

static void test_threads(void)
{
    enum { NR = 8 };
    pthread_t threads[NR];
    char buf[NR * 50 * 7 + 1];
    int counts[NR] = {0}, fd = make("shared", "");

    for (intptr_t i = 0; i < NR; i++) {
        CHECK(pthread_create(&threads[i], NULL, append_lines, (void *)i) == 0);
    }
    for (int i = 0; i < NR; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
    CHECK(pread(fd, buf, sizeof(buf), 0) == NR * 50 * 7);
    for (int i = 0; i < NR * 50; i++) {
        int who = atoi(buf + i * 7);

        CHECK(who >= 0 && who < NR && buf[i * 7 + 6] == '\n');
        counts[who]++;
    }
    for (int i = 0; i < NR; i++) {
        CHECK(counts[i] == 50);
    }
    close(fd);
    CHECK(unlink("shared") == 0);
}

static void test_working_directory(void)
{
    char before[256], buf[256];
    struct statvfs fs;

    CHECK(getcwd(before, sizeof(before)) != NULL);
    CHECK(mkdir("w", 0755) == 0 && chdir("w") == 0);
    close(make("here", "relative"));
    CHECK(getcwd(buf, sizeof(buf)) != NULL);
    CHECK(strcmp(buf + strlen(buf) - 2, "/w") == 0);
    CHECK(holds("../w/here", "relative") && unlink("here") == 0);
    CHECK(chdir("..") == 0 && rmdir("w") == 0);
    CHECK(getcwd(buf, sizeof(buf)) != NULL && strcmp(buf, before) == 0);
    CHECK(statvfs(".", &fs) == 0 && fs.f_bsize >= 512 && fs.f_namemax >= 255);
}

int main(void)
{
    umask(022);
    CHECK(mkdir("dirtree.test", 0755) == 0 && chdir("dirtree.test") == 0);
    test_names();
    test_long_names();
    test_directories();
    test_rename();
    test_unlinked_file();
    test_attributes();
    test_sizes();
    test_append();
    test_vectors();
    test_large();
    test_listing();
    test_shared_mapping();
    test_private_mapping();
    test_locks();
    test_special();
    test_threads();
    test_working_directory();
    CHECK(chdir("..") == 0 && rmdir("dirtree.test") == 0);
    printf("ok\n");
    return 0;
}

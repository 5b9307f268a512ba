/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * files DIRECTORY make MB | read | make-read MB | churn ROUNDS
 *
 * make writes a file; read reads it in order (after one pass that warms) and
 * at random; churn does what compilers do. Prints JSON, MB/s or units/s.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    BLOCK = 65536,
    SMALL = 4096,
    RANDOM_READS = 20000,
    HEADERS = 40,
    LOOKED_AT = 12,
    OBJECT_BYTES = 20000,
};

static char buffer[BLOCK];

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void must(int ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "files: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void write_file(const char *name, long bytes)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    must(fd >= 0, name);
    while (bytes > 0) {
        size_t part = bytes < BLOCK ? (size_t)bytes : BLOCK;

        must(write(fd, buffer, part) == (ssize_t)part, "write");
        bytes -= (long)part;
    }
    close(fd);
}

static double read_in_order(int fd)
{
    double start = now(), bytes = 0;
    ssize_t got;

    must(lseek(fd, 0, SEEK_SET) == 0, "lseek");
    while ((got = read(fd, buffer, BLOCK)) > 0)
        bytes += (double)got;
    must(got == 0, "read");
    return bytes / (now() - start) / 1e6;
}

static double read_at_random(int fd)
{
    uint64_t state = 88172645463325252ULL;
    double start = now();
    struct stat st;
    off_t blocks;

    must(fstat(fd, &st) == 0, "fstat");
    blocks = st.st_size / SMALL;
    for (int i = 0; i < RANDOM_READS; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        must(pread(fd, buffer, SMALL,
                   (off_t)(state % (uint64_t)blocks) * SMALL) == SMALL,
             "pread");
    }
    return (double)RANDOM_READS * SMALL / (now() - start) / 1e6;
}

static void read_all(void)
{
    int fd = open("big", O_RDONLY);
    double in_order, at_random;

    must(fd >= 0, "big");
    read_in_order(fd);
    in_order = read_in_order(fd);
    at_random = read_at_random(fd);
    printf("{\"in order\": %.1f, \"4 KB at random\": %.1f}\n", in_order,
           at_random);
    close(fd);
}

static void read_header(const char *name)
{
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    struct stat st;

    must(fd >= 0, name);
    must(fstat(fd, &st) == 0, "fstat");
    while (read(fd, buffer, BLOCK) > 0)
        continue;
    close(fd);
}

/* One translation unit: a search along folders, headers, an object. */
static void compile_one(int unit)
{
    char name[64], final[64];
    struct stat st;

    for (int i = 0; i < LOOKED_AT; i++) {
        int header = (unit * 7 + i) % HEADERS;

        for (int folder = 0; folder < 3; folder++) {
            snprintf(name, sizeof(name), "inc%d/h%d.h", folder, header);
            if (folder < 2)
                must(stat(name, &st) < 0 && errno == ENOENT, "stat");
        }
        read_header(name);
    }
    snprintf(name, sizeof(name), "u%d.tmp", unit);
    snprintf(final, sizeof(final), "u%d.o", unit);
    write_file(name, OBJECT_BYTES);
    must(rename(name, final) == 0, "rename");
    if (unit >= 20) {
        snprintf(final, sizeof(final), "u%d.o", unit - 20);
        must(unlink(final) == 0, "unlink");
    }
}

static void churn(int rounds)
{
    char name[64];
    double start;

    for (int folder = 0; folder < 3; folder++) {
        snprintf(name, sizeof(name), "inc%d", folder);
        must(mkdir(name, 0755) == 0 || errno == EEXIST, name);
    }
    for (int i = 0; i < HEADERS; i++) {
        snprintf(name, sizeof(name), "inc2/h%d.h", i);
        write_file(name, 3000 + i * 500);
    }
    start = now();
    for (int i = 0; i < rounds; i++)
        compile_one(i);
    printf("{\"\": %.1f}\n", rounds / (now() - start));
}

int main(int argc, char **argv)
{
    const char *verb = argc > 2 ? argv[2] : "";
    long number = argc > 3 ? atol(argv[3]) : 0;

    if (argc < 3 || chdir(argv[1]) != 0) {
        fprintf(stderr, "usage: files DIRECTORY make MB | read | make-read MB "
                        "| churn ROUNDS\n");
        return 2;
    }
    memset(buffer, 'x', sizeof(buffer));
    if (strncmp(verb, "make", 4) == 0)
        write_file("big", number << 20);
    if (strcmp(verb, "read") == 0 || strcmp(verb, "make-read") == 0)
        read_all();
    if (strcmp(verb, "churn") == 0)
        churn((int)number);
    return 0;
}

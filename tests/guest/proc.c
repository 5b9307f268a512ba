/* SPDX-License-Identifier: BSD-2-Clause */
/* What programs read of /proc and /sys to start: it parses and is true. */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/guest/check.h"

static char text[1 << 16];

static const char *slurp(const char *path)
{
    int fd = open(path, O_RDONLY);
    ssize_t n, len = 0;

    if (fd < 0) {
        printf("open %s failed\n", path);
        exit(1);
    }
    while ((n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
        len += n;
    text[len] = 0;
    close(fd);
    return text;
}

static void test_exe(const char *argv0)
{
    char link[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", link, sizeof(link) - 1);
    const char *base = strrchr(argv0, '/');

    CHECK(n > 0);
    link[n] = 0;
    CHECK(link[0] == '/');
    CHECK(strcmp(strrchr(link, '/'), base ? base : argv0) == 0);
}

static void test_maps(void)
{
    uintptr_t here = (uintptr_t)&here, code = (uintptr_t)test_maps;
    int stack = 0, exec = 0, vdso = !getauxval(AT_SYSINFO_EHDR);

    slurp("/proc/self/maps");
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        unsigned long start, end, off, ino;
        char prot[5], dev[16];

        CHECK(sscanf(line, "%lx-%lx %4s %lx %15s %lu", &start, &end, prot, &off,
                     dev, &ino) == 6);
        CHECK(start < end);
        if (here >= start && here < end)
            stack = strstr(line, "[stack]") != NULL && prot[1] == 'w';
        if (start == getauxval(AT_SYSINFO_EHDR))
            vdso = strstr(line, "[vdso]") != NULL && prot[2] == 'x';
        if (code >= start && code < end)
            exec = prot[2] == 'x' && prot[1] == '-';
    }
    CHECK(stack);
    CHECK(vdso);
    CHECK(exec);
}

static void test_status(void)
{
    int pid, n;
    char comm[32], state;

    slurp("/proc/self/stat");
    n = sscanf(text, "%d (%31[^)]) %c", &pid, comm, &state);
    CHECK(n == 3 && pid == getpid());
    CHECK(strstr(slurp("/proc/self/status"), "\nThreads:\t1\n"));
    CHECK(strstr(text, "\nVmRSS:"));
}

static void test_fd(void)
{
    char link[PATH_MAX], name[64];
    int fd = open("/dev/null", O_RDONLY), found = 0;
    DIR *dir = opendir("/proc/self/fd");
    struct dirent *e;
    ssize_t n;

    CHECK(fd >= 0 && dir);
    while ((e = readdir(dir)))
        found |= atoi(e->d_name) == fd && e->d_name[0] != '.';
    closedir(dir);
    CHECK(found);
    snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    n = readlink(name, link, sizeof(link) - 1);
    CHECK(n == 9 && memcmp(link, "/dev/null", 9) == 0);
    CHECK(close(fd) == 0);
    CHECK(readlink(name, link, sizeof(link)) < 0);
}

static void test_system(void)
{
    unsigned long kib = 0;

    CHECK(sscanf(slurp("/proc/meminfo"), "MemTotal: %lu kB", &kib) == 1);
    CHECK(kib > 1024);
    CHECK(strstr(slurp("/proc/cpuinfo"), "processor\t: 0"));
    CHECK(strstr(text, "model name"));
    CHECK(strncmp(slurp("/proc/stat"), "cpu  ", 5) == 0);
    CHECK(strtol(slurp("/proc/sys/net/core/somaxconn"), NULL, 10) > 0);
    CHECK(strtol(slurp("/proc/sys/vm/overcommit_memory"), NULL, 10) >= 0);
    CHECK(slurp("/sys/devices/system/cpu/online")[0] == '0');
}

static void test_comm(void)
{
    int fd = open("/proc/self/comm", O_WRONLY);

    CHECK(fd >= 0);
    CHECK(write(fd, "grain", 5) == 5);
    close(fd);
    CHECK(strcmp(slurp("/proc/self/comm"), "grain\n") == 0);
}

static void test_cmdline(const char *argv0)
{
    CHECK(strcmp(slurp("/proc/self/cmdline"), argv0) == 0);
}

int main(int argc, char **argv)
{
    struct stat st;

    (void)argc;
    test_exe(argv[0]);
    test_maps();
    test_status();
    test_fd();
    test_system();
    test_comm();
    test_cmdline(argv[0]);
    CHECK(stat("/proc/self/no-such", &st) < 0);
    CHECK(stat("/proc/self", &st) == 0 && S_ISDIR(st.st_mode));
    return 0;
}

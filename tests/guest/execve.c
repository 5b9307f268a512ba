/* SPDX-License-Identifier: BSD-2-Clause */
/* execve(2): the program replaces itself twice, the second time through a
 * "#!" script; what must survive does, what must not does not. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/guest/check.h"

extern char **environ;

static const char script[] = "/tmp/execve-test-script";

static void write_file(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);

    CHECK(fd >= 0);
    CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    CHECK(fchmod(fd, mode) == 0 && close(fd) == 0);
}

static void *sleeper(void *arg)
{
    for (;;)
        pause();
    return arg;
}

static void on_signal(int signo)
{
    (void)signo;
}

static void check_errors(char *self)
{
    char *argv[] = {self, NULL};
    static char big[140000];

    CHECK(execve("/nowhere/at/all", argv, environ) == -1 && errno == ENOENT);
    CHECK(execve("/tmp", argv, environ) == -1 && errno == EACCES);
    write_file(script, "not a program", 0700);
    CHECK(execve(script, argv, environ) == -1 && errno == ENOEXEC);
    write_file(script, "#!/nowhere/at/all\n", 0700);
    CHECK(execve(script, argv, environ) == -1 && errno == ENOENT);
    write_file(script, "#!\n", 0700);
    CHECK(execve(script, argv, environ) == -1 && errno == ENOEXEC);
    write_file(script, "\177ELF and then nothing", 0700);
    CHECK(execve(script, argv, environ) == -1 && errno == ENOEXEC);
    write_file(script, "#!/bin/true\n", 0600);
    CHECK(execve(script, argv, environ) == -1 && errno == EACCES);
    memset(big, 'x', sizeof(big) - 1);
    argv[0] = big;
    CHECK(execve(self, argv, environ) == -1 && errno == E2BIG);
    CHECK(syscall(SYS_execve, self, 8, environ) == -1 && errno == EFAULT);
}

static void first(char *self)
{
    char kept[12], closed[12];
    char *argv[] = {"zero", "second", kept, closed, self, "", NULL};
    char *envp[] = {"A=1", "EMPTY=", NULL};
    pthread_t thread;

    check_errors(self);
    snprintf(kept, sizeof(kept), "%d", open("/", O_RDONLY));
    snprintf(closed, sizeof(closed), "%d", open("/", O_RDONLY | O_CLOEXEC));
    CHECK(pthread_create(&thread, NULL, sleeper, NULL) == 0);
    signal(SIGUSR1, SIG_IGN);
    signal(SIGUSR2, on_signal);
    execve(self, argv, envp);
    CHECK(!"execve came back");
}

static void check_auxv(const char *self)
{
    const Elf64_Phdr *phdr = (const void *)getauxval(AT_PHDR);
    int loads = 0;

    CHECK(getauxval(AT_PAGESZ) == 4096 && getauxval(AT_CLKTCK) == 100);
    CHECK(getauxval(AT_SECURE) == 0 && getauxval(AT_UID) == getuid());
    CHECK(getauxval(AT_RANDOM) != 0 && getauxval(AT_ENTRY) != 0);
    CHECK(strcmp((char *)getauxval(AT_EXECFN), self) == 0);
    CHECK(strcmp((char *)getauxval(AT_PLATFORM), "x86_64") == 0);
    CHECK(getauxval(AT_PHENT) == sizeof(*phdr));
    for (unsigned long i = 0; i < getauxval(AT_PHNUM); i++)
        loads += phdr[i].p_type == PT_LOAD;
    CHECK(loads > 0);
}

static void second(int argc, char **argv)
{
    struct sigaction sa;
    char text[300];
    char *next[] = {"lost", "third", NULL};

    CHECK(argc == 6 && strcmp(argv[0], "zero") == 0 && argv[5][0] == '\0');
    CHECK(strcmp(environ[0], "A=1") == 0 && strcmp(environ[1], "EMPTY=") == 0);
    CHECK(environ[2] == NULL);
    CHECK(fcntl(atoi(argv[2]), F_GETFD) == 0);
    CHECK(fcntl(atoi(argv[3]), F_GETFD) == -1 && errno == EBADF);
    CHECK(sigaction(SIGUSR1, NULL, &sa) == 0 && sa.sa_handler == SIG_IGN);
    CHECK(sigaction(SIGUSR2, NULL, &sa) == 0 && sa.sa_handler == SIG_DFL);
    CHECK(gettid() == getpid());
    check_auxv(argv[4]);
    snprintf(text, sizeof(text), "#! %s \t one argument \n", argv[4]);
    write_file(script, text, 0700);
    execve(script, next, environ);
    CHECK(!"execve of a script came back");
}

static int third(int argc, char **argv)
{
    CHECK(argc == 4 && strcmp(argv[1], "one argument") == 0);
    CHECK(strcmp(argv[2], script) == 0 && strcmp(argv[3], "third") == 0);
    unlink(script);
    puts("execve: ok");
    return 0;
}

int main(int argc, char **argv)
{
    CHECK(argc > 2 ||
          (open("/proc/self/exe", O_WRONLY) < 0 && errno == ETXTBSY));
    CHECK(argc > 2 || (truncate("/proc/self/exe", 0) < 0 && errno == ETXTBSY));
    if (argc == 1)
        first(argv[0]);
    if (strcmp(argv[1], "second") == 0)
        second(argc, argv);
    return third(argc, argv);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Asking einkorn-kvm: see kvm_probe.h. */
#include "host/instance/kvm_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/instance/launch.h"

#define DEVICE "/dev/kvm"
#define CACHE_NAME "kvm"

/* Runs einkorn-kvm --probe; whatever it says is the answer. */
static int start_probe(const struct dirs *dirs, int out_fd, struct err *err)
{
    static char *no_env[] = {NULL};
    char path[DIR_MAX + 32];
    char *argv[] = {path, "--probe", NULL};
    struct launch launch;

    snprintf(path, sizeof(path), "%s/einkorn-kvm", dirs->libexec);
    launch_init(&launch);
    launch.path = path;
    launch.argv = argv;
    launch.envp = no_env;
    launch.stdio[1] = launch.stdio[2] = out_fd;
    return launch_start(&launch, err);
}

static void read_answer(int fd, char answer[BOOT_CACHE_MAX])
{
    size_t len = 0;
    ssize_t n;

    while (len < BOOT_CACHE_MAX - 1 &&
           ((n = read(fd, answer + len, BOOT_CACHE_MAX - 1 - len)) > 0 ||
            (n < 0 && errno == EINTR))) {
        len += n > 0 ? (size_t)n : 0;
    }
    answer[len] = '\0';
    answer[strcspn(answer, "\n")] = '\0';
}

static void ask(const struct dirs *dirs, char answer[BOOT_CACHE_MAX])
{
    struct err err = {0};
    int fds[2];
    pid_t pid;

    if (pipe2(fds, O_CLOEXEC) < 0) {
        snprintf(answer, BOOT_CACHE_MAX, "pipe: %s", strerror(errno));
        return;
    }
    pid = start_probe(dirs, fds[1], &err);
    close(fds[1]);
    if (pid < 0) {
        snprintf(answer, BOOT_CACHE_MAX, "%.*s", BOOT_CACHE_MAX - 1, err.text);
    } else {
        read_answer(fds[0], answer);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    close(fds[0]);
}

static bool is_answer(const char *text)
{
    return strncmp(text, "fast: ", 6) == 0 || strncmp(text, "slow: ", 6) == 0;
}

void kvm_probe(const struct dirs *dirs, char answer[BOOT_CACHE_MAX])
{
    static char inside[DIR_MAX + 16]; /* seldom: not of a start's stack */
    struct err ignored = {0};

    if (access(DEVICE, R_OK | W_OK) < 0) {
        snprintf(answer, BOOT_CACHE_MAX, "none: " DEVICE ": %s%s",
                 strerror(errno),
                 errno == EACCES ? " (be in group kvm)"
                                 : " (load kvm_amd or kvm_intel)");
        return;
    }
    if (boot_cache_read(dirs->run, CACHE_NAME, answer) == 0 &&
        is_answer(answer)) {
        return;
    }
    ask(dirs, answer);
    snprintf(inside, sizeof(inside), "%s/instances", dirs->run);
    if (is_answer(answer) && dirs_make_run(dirs->run, inside, &ignored) == 0) {
        boot_cache_write(dirs->run, CACHE_NAME, answer);
    }
}

enum platform_kind kvm_probe_choose(const struct dirs *dirs,
                                    const struct spec *spec)
{
    char answer[BOOT_CACHE_MAX];

    if (spec->tty) {
        return PLATFORM_PROC;
    }
    kvm_probe(dirs, answer);
    return strncmp(answer, "fast: ", 6) == 0 ? PLATFORM_KVM : PLATFORM_PROC;
}

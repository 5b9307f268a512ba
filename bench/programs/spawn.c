/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Times commands from start to exit, taking turns so that a noisy machine
 * hits all alike: spawn RUNS -- CMD ARG... -- CMD ARG... prints one JSON array
 * of nanoseconds for each command. Output of the commands is thrown away; "%"
 * at an argument's end becomes the round's number, the warming one's 0.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

enum { MAX_COMMANDS = 8, MAX_ARGUMENTS = 32 };

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Puts the number in place of a "%" at the end. */
static void number_arguments(char **argv, int round)
{
    for (; *argv; argv++) {
        size_t len = strlen(*argv);
        char *numbered;

        if (len == 0 || (*argv)[len - 1] != '%')
            continue;
        if (asprintf(&numbered, "%.*s%d", (int)(len - 1), *argv, round) < 0)
            exit(1);
        *argv = numbered; /* of a copy, and few: never freed */
    }
}

static uint64_t run_once(char *const *command, int round,
                         posix_spawn_file_actions_t *quiet)
{
    extern char **environ;
    char *argv[MAX_ARGUMENTS];
    uint64_t start;
    int status, err;
    pid_t pid;

    for (int i = 0; i < MAX_ARGUMENTS; i++)
        if (!(argv[i] = command[i]))
            break;
    argv[MAX_ARGUMENTS - 1] = NULL;
    number_arguments(argv, round);
    start = now_ns();
    err = posix_spawnp(&pid, argv[0], quiet, NULL, argv, environ);
    if (err) {
        fprintf(stderr, "spawn: %s: %s\n", argv[0], strerror(err));
        exit(1);
    }
    if (waitpid(pid, &status, 0) < 0 || status != 0) {
        fprintf(stderr, "spawn: %s: wait status %#x\n", argv[0], status);
        exit(1);
    }
    return now_ns() - start;
}

int main(int argc, char **argv)
{
    char **commands[MAX_COMMANDS];
    posix_spawn_file_actions_t quiet;
    int nr = 0, runs = argc > 1 ? atoi(argv[1]) : 0;
    uint64_t *times;

    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--") != 0)
            continue;
        argv[i] = NULL;
        if (nr < MAX_COMMANDS && i + 1 < argc)
            commands[nr++] = argv + i + 1;
    }
    if (runs <= 0 || nr == 0 || !commands[0][0]) {
        fprintf(stderr, "usage: spawn RUNS -- CMD ARG... [-- CMD ARG...]\n");
        return 2;
    }
    times = calloc((size_t)runs * (size_t)nr, sizeof(*times));
    if (!times)
        return 1;
    posix_spawn_file_actions_init(&quiet);
    posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
    for (int c = 0; c < nr; c++) /* warm caches */
        run_once(commands[c], 0, &quiet);
    for (int r = 0; r < runs; r++)
        for (int c = 0; c < nr; c++)
            times[c * runs + r] = run_once(commands[c], r + 1, &quiet);
    printf("[");
    for (int c = 0; c < nr; c++) {
        printf("%s[", c ? "],\n" : "");
        for (int r = 0; r < runs; r++)
            printf("%s%lu", r ? "," : "", (unsigned long)times[c * runs + r]);
    }
    printf("]]\n");
    return 0;
}

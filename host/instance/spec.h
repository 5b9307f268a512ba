/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the user asked `run` for, parsed and checked as far as that goes
 * without looking at the host.
 */
#ifndef EINKORN_HOST_INSTANCE_SPEC_H
#define EINKORN_HOST_INSTANCE_SPEC_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/platform.h"
#include "host/common/err.h"

enum network_kind { NETWORK_AUTO, NETWORK_NONE, NETWORK_BRIDGE, NETWORK_USER };
enum platform_kind {
    PLATFORM_AUTO,
    PLATFORM_PROC,
    PLATFORM_KVM,
    PLATFORM_QEMU
};

/* What QEMU emulates. */
enum machine_kind { MACHINE_DEFAULT, MACHINE_MICROVM, MACHINE_Q35 };

enum { MAX_ENV = 1024, MAX_PORTS = 64, MAX_GROUPS = 32 };

/* Less than this and the kernel has no room for a program. */
#define MEM_MIN_BYTES (UINT64_C(4) << 20)
/* Of a core file, if nothing else is said. */
#define CORE_BYTES (UINT64_C(4) << 30)

struct port {
    uint32_t host_ip; /* network order; 0: all addresses */
    uint16_t host_port;
    uint16_t guest_port;
    bool is_udp;
};

struct volume {
    const char *host;  /* an absolute path; NULL: of a named one, until
                          host/volume/named.h finds it */
    const char *name;  /* of a named one, or NULL */
    const char *guest; /* an absolute path */
    bool read_only;
    int lock_fd; /* of a named one, once it is found */
};

/* A file with a file system of its own; host/disk/disk.h. */
struct disk {
    const char *path, *target; /* absolute */
    bool read_only;
    int fd;               /* -1 until it is opened */
    const char *partuuid; /* of a partition wherever it is; NULL: all of it */
};

enum { MAX_DISKS = ABI_MAX_BLK - 1 }; /* the last is for a core file */

struct spec {
    const char *name; /* NULL: made from the id */
    const char *target;
    char **command; /* nr_command strings, argv[0] included */
    int nr_command;
    int nr_env, nr_ports, nr_volumes, nr_groups, nr_disks;
    const char *cwd;        /* NULL: / */
    const char *entrypoint; /* NULL: the image's; "": none */
    const char *user;       /* NULL: the image's, or root */
    uint32_t uid, gid;
    const char *home;   /* that user's */
    bool command_given; /* by the user, not by the image */
    uint64_t mem_bytes; /* 0: no limit asked for */
    uint32_t vcpus;     /* 0: not said, which is 1 */
    enum network_kind network;
    uint32_t ip; /* on the bridge, network order; 0: any */
    enum platform_kind platform;
    enum machine_kind machine;
    int stop_signal; /* 0: the image's, or SIGTERM */
    bool detach, remove, no_jit, interactive, tty, stats, publish_all;
    bool trace;
    const char *core;    /* directory or file for a core; NULL: none */
    uint64_t core_bytes; /* its largest size */
    int trace_fd;        /* where trace lines go; 0: with the errors */
    uint16_t gdb_port;   /* where a machine waits for gdb; 0: nowhere */
    /* Last what is seldom touched. */
    uint32_t groups[MAX_GROUPS]; /* supplementary */
    struct port ports[MAX_PORTS];
    struct volume volumes[ABI_MAX_CHAN];
    struct disk disks[MAX_DISKS];
    const char *env[MAX_ENV]; /* K=V */
};

/* Values of options. Each adds to the spec what it parsed; strings stay the
 * caller's (volumes are cut in place). */
int spec_add_env(struct spec *spec, const char *value, struct err *err);
/* The same, in place of the variable's value until now. */
int spec_set_env(struct spec *spec, const char *value, struct err *err);
/* A variable's value, or NULL; the name has len bytes. */
const char *spec_env(const struct spec *spec, const char *name, size_t len);
int spec_add_port(struct spec *spec, const char *value, struct err *err);
int spec_add_volume(struct spec *spec, char *value, struct err *err);
/* --mount TYPE,... (mount_option.c). */
int spec_add_mount(struct spec *spec, char *value, struct err *err);
/* 512, 64m, 1g; -1 if it is none. */
int spec_size(const char *value, uint64_t *bytes);
int spec_set_mem(struct spec *spec, const char *value, struct err *err);
/* At most as many as the host's processors that we may use. */
int spec_set_vcpus(struct spec *spec, const char *value, struct err *err);
/* --core and --core-size; corefile.h. */
int spec_set_core(struct spec *spec, const char *value, struct err *err);
int spec_set_core_size(struct spec *spec, const char *value, struct err *err);
int spec_set_gdb(struct spec *spec, const char *value, struct err *err);
int spec_set_network(struct spec *spec, const char *value, struct err *err);
int spec_set_ip(struct spec *spec, const char *value, struct err *err);
int spec_set_platform(struct spec *spec, const char *value, struct err *err);
int spec_set_machine(struct spec *spec, const char *value, struct err *err);

const char *network_name(enum network_kind network);
const char *platform_name(enum platform_kind platform);

/* A signal by number or name ("TERM", "SIGTERM"), or -1. */
int signal_parse(const char *text);

#endif

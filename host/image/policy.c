/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What goes into a program's image; see policy.h.
 */
#include "host/image/policy.h"

#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

const struct policy_dir policy_dirs[] = {
    {"/dev", 0755},      {"/etc", 0755},       {"/proc", 0555},
    {"/root", 0700},     {"/run", 0755},       {"/sys", 0555},
    {"/tmp", 01777},     {"/var/lib", 0755},   {"/var/log", 0755},
    {"/var/tmp", 01777}, {"/run/lock", 01777},
};
const size_t policy_nr_dirs = COUNT(policy_dirs);

const struct policy_dir policy_mount_points[] = {
    {"/dev", 0755}, {"/etc", 0755}, {"/proc", 0555},
    {"/run", 0755}, {"/sys", 0555}, {"/tmp", 01777},
};
const size_t policy_nr_mount_points = COUNT(policy_mount_points);

/* Not hosts, hostname and resolv.conf: the kernel makes those for each
 * instance. */
const char *const policy_base_files[] = {
    "/bin",
    "/sbin",
    "/lib",
    "/lib64",
    "/var/run",
    "/etc/passwd",
    "/etc/group",
    "/etc/nsswitch.conf",
    "/etc/host.conf",
    "/etc/gai.conf",
    "/etc/services",
    "/etc/protocols",
    "/etc/rpc",
    "/etc/mime.types",
    "/etc/localtime",
    "/etc/timezone",
    "/etc/os-release",
    "/etc/debian_version",
    "/etc/ssl/openssl.cnf",
    "/etc/ssl/certs/ca-certificates.crt",
};
const size_t policy_nr_base_files = COUNT(policy_base_files);

const char *const policy_glibc_trees[] = {
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/usr/lib/ssl/openssl.cnf",
    "/usr/lib/locale/C.utf8",
    /* libc opens it by name when a thread ends or is cancelled. */
    "/lib/x86_64-linux-gnu/libgcc_s.so.1",
};
const size_t policy_nr_glibc_trees = COUNT(policy_glibc_trees);

static const struct {
    const char *package, *why;
} skipped_packages[] = {
    {"adduser", "makes users when a package is installed"},
    {"cdebconf", "asks questions when a package is installed"},
    {"debconf", "asks questions when a package is installed"},
    {"dpkg", "installs packages"},
    {"init-system-helpers", "registers services when a package is installed"},
    {"install-info", "indexes documentation when a package is installed"},
    {"iproute2", "commands of start scripts; the network is set from outside"},
    {"lsb-base", "shell functions of start scripts"},
    {"passwd", "makes users when a package is installed"},
    {"perl", "commands of maintainer scripts; libperl is another package"},
    {"procps", "commands of start scripts"},
    {"psmisc", "commands of start scripts"},
    {"python3-minimal", "byte-compiles when a package is installed"},
    {"sensible-utils", "chooses editors for people"},
    {"systemd", "an init system"},
    {"systemd-sysv", "an init system"},
    {"sysvinit-utils", "commands of start scripts"},
    {"ucf", "merges settings when a package is installed"},
    {"udev", "devices are set from outside"},
};

const char *policy_skip_package(const char *name)
{
    for (size_t i = 0; i < COUNT(skipped_packages); i++)
        if (strcmp(name, skipped_packages[i].package) == 0)
            return skipped_packages[i].why;
    return NULL;
}

/* Documentation, translations, development files, and what belongs to shells,
 * init systems, cron and desktops. */
static const char *const skipped_paths[] = {
    "/etc/X11",
    "/etc/apparmor.d",
    "/etc/apport",
    "/etc/bash_completion.d",
    "/etc/cron.d",
    "/etc/cron.daily",
    "/etc/cron.hourly",
    "/etc/cron.monthly",
    "/etc/cron.weekly",
    "/etc/init.d",
    "/etc/logcheck",
    "/etc/logrotate.d",
    "/etc/profile.d",
    "/etc/resolvconf",
    "/etc/systemd",
    "/etc/ufw",
    "/lib/systemd/system",
    "/lib/udev",
    "/usr/include",
    "/usr/lib/systemd/system",
    "/usr/lib/sysusers.d",
    "/usr/lib/tmpfiles.d",
    "/usr/lib/x86_64-linux-gnu/pkgconfig",
    "/usr/share/applications",
    "/usr/share/apport",
    "/usr/share/bash-completion",
    "/usr/share/bug",
    "/usr/share/doc",
    "/usr/share/doc-base",
    "/usr/share/fish",
    "/usr/share/gcc",
    "/usr/share/gdb",
    "/usr/share/icons",
    "/usr/share/info",
    "/usr/share/lintian",
    "/usr/share/locale",
    "/usr/share/man",
    "/usr/share/menu",
    "/usr/share/pixmaps",
    "/usr/share/pkgconfig",
    "/usr/share/reportbug",
    "/usr/share/vim",
    "/usr/share/zsh",
};

static bool is_below(const char *path, const char *dir)
{
    size_t len = strlen(dir);

    return strncmp(path, dir, len) == 0 &&
           (path[len] == '/' || path[len] == '\0');
}

bool policy_skip_path(const char *path)
{
    size_t len = strlen(path);

    for (size_t i = 0; i < COUNT(skipped_paths); i++)
        if (is_below(path, skipped_paths[i]))
            return true;
    return len > 2 && strcmp(path + len - 2, ".a") == 0;
}

/* Of these, packages own single files, not the whole. */
static const char *const shared_dirs[] = {
    "/etc/alternatives", "/etc/default",  "/etc/ld.so.conf.d",
    "/etc/pam.d",        "/etc/security", "/etc/ssl/private",
};

bool policy_take_subtree(const char *path)
{
    if (strcmp(path, "/etc") == 0 || !is_below(path, "/etc"))
        return false;
    for (size_t i = 0; i < COUNT(shared_dirs); i++)
        if (is_below(path, shared_dirs[i]))
            return false;
    return !policy_skip_path(path);
}

bool policy_may_bring_plugins(const char *name)
{
    static const char *const marks[] = {"-dev", "-dbg", "-demo",
                                        "-doc", "-jdk", "-testsuite"};

    for (size_t i = 0; i < COUNT(marks); i++)
        if (strstr(name, marks[i]))
            return false;
    return true;
}

/* Registers of plug-ins, without which they are not found. */
static const struct {
    const char *dir, *file;
} registers[] = {
    {"/usr/lib/x86_64-linux-gnu/gdk-pixbuf-2.0/2.10.0", "loaders.cache"},
    {"/usr/lib/x86_64-linux-gnu/gio/modules", "giomodule.cache"},
    {"/usr/lib/x86_64-linux-gnu/graphviz", "config6a"},
    {"/usr/share/glib-2.0/schemas", "gschemas.compiled"},
    {"/usr/share/mime", "mime.cache"},
};

const char *policy_register(const char *dir)
{
    for (size_t i = 0; i < COUNT(registers); i++)
        if (strcmp(dir, registers[i].dir) == 0)
            return registers[i].file;
    return NULL;
}

bool policy_watch_whole(const char *dir)
{
    return strcmp(dir, "/usr/lib/x86_64-linux-gnu/gconv") == 0;
}

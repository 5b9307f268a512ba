# SPDX-License-Identifier: BSD-2-Clause
"""Images laid out like those that people pull: Debian's programs, a shell
script as entrypoint that works as root and then changes user."""
from tests.integration.oci_layout import (Layout, debian, directory, program,
                                          script, symlink, tar)

SHELL = [f"/usr/bin/{name}" for name in (
    "dash", "bash", "id", "find", "chown", "sed", "grep", "env", "ls", "cat",
    "mkdir", "basename", "sort", "touch", "cp", "rm", "ln", "chmod")]
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

REDIS_ENTRYPOINT = """#!/bin/sh
set -e

# Options alone, or a configuration file, are for the server.
case "$1" in
    -*|*.conf) set -- redis-server "$@" ;;
esac

# As root: give the data directory away and begin anew as its owner.
if [ "$1" = redis-server ] && [ "$(id -u)" = 0 ]; then
    find . ! -user redis -exec chown redis '{}' +
    exec gosu redis "$0" "$@"
fi

if [ "$(umask)" = 0022 ]; then
    umask 0077
fi
exec "$@"
"""

NGINX_ENTRYPOINT = """#!/bin/sh
set -e
say() { [ -n "$QUIET" ] || echo "$@"; }

if [ "$1" = nginx ] && ls /docker-entrypoint.d/*.sh > /dev/null 2>&1; then
    find /docker-entrypoint.d/ -follow -type f -name '*.sh' | sort |
    while read -r part; do
        say "$0: running $part"
        "$part"
    done
    say "$0: configuration complete"
fi
exec "$@"
"""

NGINX_PART = """#!/bin/bash
set -eu -o pipefail
file=/etc/nginx/conf.d/default.conf
sed -i -e "s/@GREETING@/${GREETING:-none}/" "$file"
grep -q greeting "$file" || { echo "no greeting" >&2; exit 1; }
touch /var/log/nginx/prepared
"""

NGINX_CONF = b"""user www-data;
worker_processes auto;
error_log /var/log/nginx/error.log notice;
pid /run/nginx.pid;
events { worker_connections 1024; }
http {
    default_type text/html;
    access_log /var/log/nginx/access.log;
    include /etc/nginx/conf.d/*.conf;
}
"""

NGINX_SITE = b"""server {
    listen 80;
    location /greeting { return 200 "@GREETING@\\n"; }
    location / { root /usr/share/nginx/html; index index.html; }
}
"""

PASSWD = b"""root:x:0:0:root:/root:/bin/bash
www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin
redis:x:999:1000::/home/redis:/bin/sh
"""
GROUP = b"root:x:0:\nwww-data:x:33:\nredis:x:1000:\n"


def system():
    return tar(*debian(*SHELL), symlink("usr/bin/sh", "dash"),
               ("etc/passwd", PASSWD), ("etc/group", GROUP),
               directory("tmp", 0o1777), directory("root", 0o700))


def redis(path, gosu="/usr/sbin/gosu"):
    server = tar(*debian("/usr/bin/redis-server"),
                 directory("data", uid=999, gid=1000),
                 ("data/left", b"root's\n"))
    entry = tar(program("usr/local/bin/gosu", gosu),
                script("usr/local/bin/docker-entrypoint.sh", REDIS_ENTRYPOINT))
    return Layout(path).make([system(), server, entry], {
        "Entrypoint": ["docker-entrypoint.sh"], "Cmd": ["redis-server"],
        "Env": [PATH, "REDIS_VERSION=7"], "WorkingDir": "/data",
        "Volumes": {"/data": {}}, "ExposedPorts": {"6379/tcp": {}}}, "7")


def nginx(path):
    server = tar(*debian("/usr/sbin/nginx"), ("etc/nginx/nginx.conf", NGINX_CONF),
                 ("etc/nginx/conf.d/default.conf", NGINX_SITE),
                 directory("var/log/nginx"), directory("var/lib/nginx"),
                 directory("run"),
                 symlink("var/log/nginx/access.log", "/dev/stdout"),
                 symlink("var/log/nginx/error.log", "/dev/stderr"),
                 ("usr/share/nginx/html/index.html", b"<h1>Welcome</h1>\n"))
    entry = tar(script("docker-entrypoint.sh", NGINX_ENTRYPOINT),
                script("docker-entrypoint.d/10-greeting.sh", NGINX_PART))
    return Layout(path).make([system(), server, entry], {
        "Entrypoint": ["/docker-entrypoint.sh"],
        "Cmd": ["nginx", "-g", "daemon off;"], "Env": [PATH],
        "ExposedPorts": {"80/tcp": {}}, "StopSignal": "SIGQUIT"}, "1")

# SPDX-License-Identifier: BSD-2-Clause
"""Servers that keep data: redis, memcached, sqlite, MariaDB."""
import contextlib
import functools
import os
import pathlib
import re
import time

from harness import EINKORN, OURS, need, sh
from peers import (NETNS, Server, client, containers, pinned, start, volume_options,
                   wait_reachable)

from . import case

REDIS = "/usr/bin/redis-server"
MEMCACHED = "/usr/bin/memcached"
SQLITE = "/usr/bin/sqlite3"
MARIADB = "/usr/sbin/mariadbd"


def ready_with(request):
    return functools.partial(wait_reachable, request=request)


def redis_server():
    return Server("redis", [REDIS, "--save", "", "--dir", "/tmp",
                            "--protected-mode", "no"], 6379,
                  ready=ready_with(b"PING\r\n"))


def memcached_server():
    return Server("memcached", [MEMCACHED, "-u", "root", "-m", "64", "-t", "1"],
                  11211, ready=ready_with(b"version\r\n"))


def redis_benchmark(server, pipeline, size, requests=40000):
    """Requests a second of SET and GET, their mean."""
    out = client("redis-benchmark", "-h", server.address, "-c", "50", "-P",
                 pipeline, "-d", size, "-n", requests, "-t", "set,get", "-r",
                 "10000", "--csv")
    rates = [float(r) for r in re.findall(r'^"[GS]ET","([\d.]+)"', out, re.M)]
    if len(rates) != 2:
        raise RuntimeError(f"redis-benchmark said: {out}")
    return 2 / sum(1 / r for r in rates)


class RedisLoad:
    """redis-benchmark counts requests, not time: so many are asked for that a
    run lasts about a second, of all servers as many."""

    def __init__(self, pipeline, size):
        self.pipeline, self.size, self.requests = pipeline, size, 8000

    def __call__(self, server):
        rate = redis_benchmark(server, self.pipeline, self.size,
                               self.requests)
        if rate > 3 * self.requests:
            self.requests = int(rate / 2)
            return self(server)
        return rate


# Name, pipelined requests, bytes in a value.
REDIS_VARIANTS = [("GET, SET, -P 1", 1, 16), ("GET, SET, -P 16", 16, 16),
                  ("GET, SET, 4 KB values", 1, 4096),
                  ("GET, SET, 4 KB values, -P 16", 16, 4096)]


@case(16, "redis-benchmark -c 50 -P N -d SIZE -t set,get -r 10000")
def redis(run):
    """redis: requests a second, harmonic mean of SET and GET."""
    need(REDIS, "redis-benchmark")
    with contextlib.ExitStack() as stack:
        servers = start(run, stack, redis_server(),
                        {} if run.quick else containers())
        for name, pipeline, size in run.pick(REDIS_VARIANTS, 3):
            load = RedisLoad(pipeline, size)
            run.compare(name, "requests/s", {
                peer: lambda s=s: load(s) for peer, s in servers.items()})


def memaslap(server, connections):
    out = client("memcaslap", "-s", f"{server.address}:11211", "-T", "1",
                 "-c", connections, "-t", "1s", timeout=20)
    return float(re.search(r"TPS: *(\d+)", out)[1])


@case(8, "memcaslap -s SERVER:11211 -T 1 -c N -t 1s", most=120)
def memcached(run):
    """memcached: operations a second, one set for nine gets, 1 KB values."""
    need(MEMCACHED, "memcaslap")
    with contextlib.ExitStack() as stack:
        servers = start(run, stack, memcached_server())
        for name, connections in run.pick((("get and set", 16),
                                           ("get and set, 256 connections",
                                            256))):
            run.compare(name, "operations/s", {
                peer: lambda s=s: memaslap(s, connections)
                for peer, s in servers.items()})


# ---- sqlite ------------------------------------------------------------
def sql_script(path, rows, transaction):
    lines = [".timer on", "create table t(id integer primary key, a, b);"]
    if transaction:
        lines.append("begin;")
    lines += [f"insert into t(a, b) values({i * 7919 % 10007}, "
              f"'{'x' * 60}{i}');" for i in range(rows)]
    if transaction:
        lines.append("commit;")
    lines += ["create index i on t(a);", "select sum(length(b)) from t;"]
    pathlib.Path(path).write_text("\n".join(lines) + "\n")


def sqlite_rate(command, rows):
    """Rows a second, by sqlite's own watch: starting is measured elsewhere."""
    out = sh(*command).stdout
    times = [float(t) for t in re.findall(r"real ([\d.]+)", out)]
    return rows / max(sum(times), 1e-6)


def fresh(path):
    for name in (path, path + "-journal"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)


@case(10, "sqlite3 FILE '.read inserts.sql' (.timer on)", most=120)
def sqlite(run):
    """sqlite: inserted rows a second, index and sum included."""
    need(SQLITE)
    disk = f"{run.disk}/sqlite"
    os.makedirs(disk)
    os.makedirs("/run/sql")
    variants = [("inserts in one transaction, memory", "/run/sql", 20000, True),
                ("inserts in one transaction, volume", disk, 20000, True),
                ("a transaction for each insert, volume", disk, 200, False),
                ("a transaction for each insert, memory", "/run/sql", 3000,
                 False)]
    for name, folder, rows, transaction in run.pick(variants, 3):
        script = f"{disk}/script{rows}.sql"
        sql_script(script, rows, transaction)
        compare_sqlite(run, name, folder, script, rows, disk)


def compare_sqlite(run, name, folder, script, rows, disk):
    # In memory: a tmpfs, ours inside, Linux's outside.
    ours_db = f"{disk}/ours.db" if folder == disk else "/tmp/ours.db"
    ours = pinned(EINKORN, "run", "--rm", "--network", "none",
                  *volume_options([disk]), SQLITE, "sqlite3", ours_db,
                  f".read {script}")
    bare = pinned(SQLITE, f"{folder}/bare.db", f".read {script}")

    def measure(command, database):
        fresh(database)
        return sqlite_rate(command, rows)

    run.compare(name, "rows/s", {
        OURS: lambda: measure(ours, ours_db if folder == disk
                              else "/run/none"),
        "Linux": lambda: measure(bare, f"{folder}/bare.db")})


# ---- MariaDB -----------------------------------------------------------
BOOTSTRAP = """use mysql;
update global_priv set host = '%' where user = 'root' and host = 'localhost';
create database shop;
"""


def mariadb_data(folder):
    """A data directory in which root may come from anywhere."""
    here = ("--no-defaults", "--user=root", f"--datadir={folder}")
    sh("mariadb-install-db", *here, "--skip-test-db",
       "--auth-root-authentication-method=normal", timeout=120)
    sh(MARIADB, *here, "--bootstrap", input=BOOTSTRAP)


def mariadb_server(folder):
    return Server("mariadb", [
        MARIADB, "--no-defaults", "--user=root", f"--datadir={folder}",
        "--socket=/tmp/mysqld-bench.sock", "--bind-address=0.0.0.0",
        "--skip-name-resolve", "--innodb-buffer-pool-size=64M",
        "--innodb-flush-log-at-trx-commit=2"], 3306,
        ready=ready_with(None), volumes=[folder], options=("-m", "1g"))


def mariadb_rate(server, script, statements):
    start_time = time.monotonic()
    client("mariadb", "--no-defaults", "-h", server.address, "-u", "root",
           "shop", input=script)
    return statements / (time.monotonic() - start_time)


@case(14, "mariadb -h SERVER < statements.sql", most=120)
def mariadb(run):
    """MariaDB: statements a second of one client (insert, update, select)."""
    need(MARIADB, "mariadb", "mariadb-install-db")
    template = f"{run.disk}/mariadb"
    mariadb_data(template)
    folders = {peer: f"{template}-{peer}" for peer in (OURS, NETNS)}
    for folder in folders.values():
        sh("cp", "-a", template, folder)
    rows = 300 if run.quick else 1000
    script = ("drop table if exists t;\n"
              "create table t(id int primary key, a int, b varchar(80));\n")
    for i in range(rows):
        script += (f"insert into t values({i}, {i % 97}, '{'y' * 60}');\n"
                   f"update t set a = a + 1 where id = {i // 2};\n"
                   f"select b from t where id = {i};\n")
    with contextlib.ExitStack() as stack:
        servers = start(run, stack, lambda peer: mariadb_server(folders[peer]))
        run.plan(1)
        run.compare("statements", "statements/s", {
            peer: lambda s=s: mariadb_rate(s, script, rows * 3)
            for peer, s in servers.items()})

# SPDX-License-Identifier: BSD-2-Clause
"""Clients of what keeps data: redis, memcached, MariaDB, SQLite."""
import concurrent.futures
import os
import sqlite3 as sqlite
import subprocess
import urllib.request

from tests.integration.conftest import wait_for
from tests.programs.lab import run

ROWS = 400


def redis(server):
    """What SAVE wrote is there after the restart; BGSAVE is refused."""
    cli = ["redis-cli", "-h", server.address]
    if not server.first:
        assert run(*cli, "get", "kept") == "yes\n"
        assert int(run(*cli, "dbsize")) > 1000
        return
    for pipeline, count in ((1, 5000), (16, 30000)):
        out = run("redis-benchmark", "-h", server.address, "-n", count, "-r",
                  10000, "-c", 50, "-P", pipeline, "--csv", "-t",
                  "set,get,incr,lpush,lrange_100,zadd,mset")
        assert len(out.splitlines()) == 9, out
    assert run(*cli, "set", "kept", "yes") == "OK\n"
    assert run(*cli, "save") == "OK\n"
    refused = run(*cli, "bgsave")
    assert refused.startswith("ERR")
    wait_for(lambda: "fork" in server.log())
    assert run(*cli, "ping") == "PONG\n"


def memcached(server):
    peer = f"--servers={server.address}"
    run("memcping", peer)
    if server.first:
        for test in ("set", "get", "mget"):
            run("memcslap", peer, f"--test={test}", "--concurrency=8",
                "--execute-number=500", "--initial-load=2000")
        run("memccapable", "-h", server.address, "-b")
    assert "curr_connections" in run("memcstat", peer)


def slapd(server):
    """Entries added by several clients are found, also after a restart."""
    url = ["-x", "-H", f"ldap://{server.address}/"]
    login = [*url, "-D", "cn=admin,dc=example,dc=test", "-w", "secret"]
    base = "dc=example,dc=test"
    if server.first:
        run("ldapadd", *login, input=f"dn: {base}\nobjectClass: dcObject\n"
            "objectClass: organization\ndc: example\no: einkorn\n")
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda client: run("ldapadd", *login, input="\n".join(
                f"dn: cn={client}-{i},{base}\nobjectClass: person\n"
                f"cn: {client}-{i}\nsn: {i}\n" for i in range(ROWS))),
                range(4)))
    found = run("ldapsearch", *url, "-LLL", "-b", base, "(cn=*-*)", "sn",
                "-z", "0", "-E", "pr=500/noprompt")
    assert found.count("dn: ") == 4 * ROWS, found
    assert f"sn: {ROWS - 1}" in run("ldapsearch", *url, "-LLL", "-b", base,
                                    f"(cn=3-{ROWS - 1})")


def etcd(server):
    """Keys put and read; the first ones outlive the restart."""
    ctl = ["etcdctl", f"--endpoints=http://{server.address}:2379"]
    env = {**os.environ, "ETCDCTL_API": "3"}
    if server.first:
        for i in range(50):
            assert run(*ctl, "put", f"key/{i}", f"{i}", env=env) == "OK\n"
    out = run(*ctl, "get", "--prefix", "key/", env=env)
    assert len(out.split()) == 100, out
    assert "is healthy" in subprocess.run(
        [*ctl, "endpoint", "health"], env=env, capture_output=True, text=True,
        check=True).stderr


def sql(server, text):
    return run("mariadb", "--no-defaults", "-h", server.address, "-u", "root",
               "-N", "-B", "shop", "-e", text)


def insert_rows(server, client):
    """One client's transactions, some of them rolled back."""
    lines = ["begin; insert into item (client, n) values "
             f"({client}, {i}); {'rollback' if i % 4 == 0 else 'commit'};"
             for i in range(ROWS)]
    run("mariadb", "--no-defaults", "-h", server.address, "-u", "root",
        "shop", input="\n".join(lines))


def mariadb(server):
    count = "select count(*), sum(n) from item"
    sums = f"{8 * ROWS * 3 // 4}\t"
    if server.first:
        sql(server, "create table item (id integer auto_increment primary key,"
                    " client integer, n integer, key (client)) engine=innodb")
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda i: insert_rows(server, i), range(8)))
    assert sql(server, count).startswith(sums)
    assert "OK" in run("mariadb-check", "--no-defaults", "-h", server.address,
                       "-u", "root", "shop")


def sqlite_http(server):
    """Rows added by many threads inside; none is lost."""
    def get(path):
        url = f"http://{server.address}{path}"
        return urllib.request.urlopen(url, timeout=240).read().decode()

    if server.first:
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda i: get(f"/add/{i}"), range(ROWS)))
    assert get("/sum") == f"{ROWS} {sum(range(ROWS))}"
    database = sqlite.connect(server.folder / "numbers.db")
    assert database.execute("pragma integrity_check").fetchone() == ("ok",)


def pairs(server):
    """Rows of complete transactions, as the host reads the file."""
    out = subprocess.run(["sqlite3", "-readonly", "-cmd", ".timeout 9000",
                          server.folder / "pairs.db",
                          "select count(*), sum(side = 'left') from pair"],
                         capture_output=True, text=True, check=False).stdout
    return [int(x or 0) for x in out.strip().split("|")] if out else [0, 0]


def sqlite3(server):
    """Killed while it writes; the restarted one recovers and goes on."""
    at_start = pairs(server)[0]
    wait_for(lambda: pairs(server)[0] > at_start + 20, 120)
    if server.first:
        server.kill()
        again = server.lab.start(server.name)
        wait_for(lambda: pairs(again)[0] > at_start + 40, 120)
    both, left = pairs(server)
    assert both == 2 * left, "half a transaction"
    server = server.lab.servers[server.name]
    server.stop()
    check = sqlite.connect(server.folder / "pairs.db")
    assert check.execute("pragma integrity_check").fetchone() == ("ok",)

# SPDX-License-Identifier: BSD-2-Clause
"""Runs inside an instance under Debian's python3: inside.py WHAT ARG..."""
import asyncio
import concurrent.futures
import contextlib
import functools
import http.server
import os
import pathlib
import signal
import sqlite3
import ssl
import sys
import threading
import time


def end_on_sigterm():
    """The program's own clean end, whatever thread has the signal."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


def echo():
    """asyncio: gives back what it gets on port 7 until SIGTERM."""
    async def serve_one(reader, writer):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def main():
        end = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end.set)
        server = await asyncio.start_server(serve_one, "0.0.0.0", 7)
        async with server:
            await end.wait()

    asyncio.run(main())


def https(certificate, key):
    """http.server behind TLS, a thread for each connection."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler,
                                directory="/srv/www")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = http.server.ThreadingHTTPServer(("", 443), handler)
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True,
                                        do_handshake_on_connect=False)
    server.serve_forever()


class Numbers(http.server.BaseHTTPRequestHandler):
    """GET /add/N adds a row, /sum tells count and sum of all rows."""
    path_of_db = ""
    here = threading.local()

    def database(self):
        if not hasattr(self.here, "db"):
            self.here.db = sqlite3.connect(self.path_of_db, timeout=60)
        return self.here.db

    def do_GET(self):  # noqa: N802 (the library's name)
        if self.path.startswith("/add/"):
            with self.database() as db:
                db.execute("insert into number values (?)",
                           (int(self.path[5:]),))
        row = self.database().execute("select count(*), total(n) "
                                      "from number")
        text = " ".join(str(int(x)) for x in row.fetchone()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_args):
        """Says nothing."""


def sqlite(path):
    Numbers.path_of_db = path
    with sqlite3.connect(path) as db:
        db.execute("pragma journal_mode=delete")
        db.execute("create table if not exists number (n integer)")
    server = http.server.ThreadingHTTPServer(("", 80), Numbers)
    server.daemon_threads = True
    server.serve_forever()


def count(path, rounds):
    """Adds to one number of a database that others add to, too."""
    for _ in range(int(rounds)):
        with contextlib.closing(sqlite3.connect(path, timeout=240)) as db:
            with db:
                db.execute("begin immediate")
                (n,) = db.execute("select n from number").fetchone()
                db.execute("update number set n = ?", (n + 1,))


def append(path, name, rounds):
    """Lines at the end of a file where others append, too."""
    with open(path, "a") as file:
        for i in range(int(rounds)):
            file.write(f"{name} {i}\n")
            file.flush()


def pass_on(folder, mine, other, rounds):
    """A token goes to and fro: a file that one renames into place and the
    other one waits for, reads and removes."""
    folder = pathlib.Path(folder)
    for i in range(int(rounds)):
        new = folder / f"{mine}.new"
        new.write_text(f"{i}")
        new.rename(folder / mine)
        while not (folder / other).exists():
            time.sleep(0.001)
        assert (folder / other).read_text() == f"{i}"
        (folder / other).unlink()
        while (folder / mine).exists():
            time.sleep(0.001)


def lose(folder, rounds):
    """Knows a file that somebody else removes, then makes another, which the
    host may give the same number."""
    for i in range(int(rounds)):
        assert os.stat(f"{folder}/old{i}").st_nlink == 1
        print(i, flush=True)
        input()
        with open(f"{folder}/new{i}", "w") as file:
            file.write("new")
        assert os.stat(f"{folder}/new{i}").st_size == 3


def work(folder, number):
    """One thread's share: write, rename, read back, list, remove."""
    for i in range(50):
        new = folder / f"{number}.new"
        text = f"{number} {i}\n" * 1000
        with new.open("w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.rename(folder / f"{number}.{i}")
        assert (folder / f"{number}.{i}").read_text() == text
        assert f"{number}.{i}" in os.listdir(folder)
        if i % 2:
            (folder / f"{number}.{i}").unlink()


def threads(path):
    folder = pathlib.Path(path)
    folder.mkdir(exist_ok=True)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(functools.partial(work, folder), range(8)))
    print("ready", len(os.listdir(folder)), flush=True)
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    end_on_sigterm()
    globals()[sys.argv[1]](*sys.argv[2:])

# SPDX-License-Identifier: BSD-2-Clause
"""What some programs need before they start; named by `needs` in
programs.toml. Each takes the lab and the program's folder."""
import http.server
import itertools
import os
import pathlib
import shutil
import subprocess
import threading

HERE = pathlib.Path(__file__).resolve().parent
DOWNLOAD_BYTES = 20_000_000


def certificate(_lab, folder):
    """A certificate for the name `einkorn.test`, signed by itself."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
                    "/CN=einkorn.test", "-addext",
                    "subjectAltName=DNS:einkorn.test", "-keyout",
                    folder / "key.pem", "-out", folder / "cert.pem"],
                   check=True, capture_output=True)
    (folder / "both.pem").write_text((folder / "key.pem").read_text()
                                     + (folder / "cert.pem").read_text())


def directory(_lab, folder):
    """Where slapd keeps its entries."""
    (folder / "db").mkdir()


def inside(_lab, folder):
    """The script with what python3 does inside."""
    shutil.copy(HERE / "inside.py", folder)


def java(_lab, folder):
    subprocess.run(["javac", "-d", folder, HERE / "Hello.java"], check=True)


def netserver(_lab, folder):
    subprocess.run(["musl-gcc", "-static", "-O2", "-o", folder / "netserver",
                    HERE.parent / "integration/netserver.c"], check=True)


def go(lab, folder):
    """Without cgo, so static; the compiler's cache is the lab's."""
    subprocess.run(["go", "build", "-o", folder / "server",
                    HERE / "server.go"], check=True,
                   env={**os.environ, "CGO_ENABLED": "0",
                        "GOCACHE": str(lab.base / "go-cache")})


def mariadb(_lab, folder):
    """A data directory, as Debian's package makes it."""
    subprocess.run(["mariadb-install-db", "--no-defaults", "--user=root",
                    f"--datadir={folder}/data", "--skip-test-db",
                    "--auth-root-authentication-method=normal"],
                   check=True, capture_output=True)
    subprocess.run(["mariadbd", "--no-defaults", "--user=root", "--bootstrap",
                    f"--datadir={folder}/data"], text=True, check=True,
                   capture_output=True, input="""
        use mysql;
        update global_priv set host = '%' where user = 'root'
            and host = 'localhost';
        create database shop;
        """)


def pairs(_lab, folder):
    """Many transactions of two rows each, for sqlite3."""
    (folder / "work.sql").write_text(
        ".bail on\n.timeout 60000\n"  # the host's reader locks it too
        "create table if not exists pair (n integer, side text);\n"
        ".print ready\n"
        + "begin; insert into pair values (1, 'left');"
          " insert into pair values (1, 'right'); commit;\n" * 200_000)


def zone(lab, _folder):
    """Text that makes an answer larger than a UDP datagram may be."""
    lab.values["filler"] = "x" * 250


def anchor(lab, _folder):
    """The zone's key, as knot in the instance behind publishes it."""
    out = subprocess.run(["kdig", f"@{lab.values['knot']}", "+short", "+tcp",
                          "+retry=5", "example.test", "DNSKEY"], text=True,
                         check=True, capture_output=True).stdout
    key = next(x for x in out.splitlines() if x.startswith("257 "))
    lab.values["anchor"] = f"example.test. DNSKEY {key}"


class Downloads(http.server.BaseHTTPRequestHandler):
    """GET /1, /2, ...: the same 20 MB; /endless: what never ends."""
    protocol_version = "HTTP/1.1"
    content = os.urandom(DOWNLOAD_BYTES)

    def do_GET(self):  # noqa: N802 (the library's name)
        self.send_response(200)
        if self.path != "/endless":
            self.send_header("Content-Length", str(DOWNLOAD_BYTES))
            self.end_headers()
            self.wfile.write(self.content)
            return
        self.server.endless.set()
        self.send_header("Connection", "close")
        self.end_headers()
        for _ in itertools.count():
            self.wfile.write(self.content[:65536])

    def log_message(self, *_args):
        """Says nothing."""

    def handle(self):
        try:
            super().handle()
        except OSError:
            self.close_connection = True  # the client ended


def downloads(lab, _folder):
    """A web server on the host, for clients that run inside."""
    server = http.server.ThreadingHTTPServer(("", 80), Downloads)
    server.daemon_threads = True
    server.endless = threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    lab.stack.callback(server.server_close)
    lab.stack.callback(server.shutdown)
    lab.downloads = server

# SPDX-License-Identifier: BSD-2-Clause
"""Clients of web servers: curl, one and many, plain and with TLS."""
import collections
import hashlib
import os
import resource
import socket
import struct

from tests.integration.conftest import wait_for
from tests.programs.lab import run
from tests.programs.prepare import DOWNLOAD_BYTES, Downloads

REQUESTS = 2000
IDLE = 10_000


def digest(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def put_large(server, nr_bytes):
    """A file of random bytes among what the server serves."""
    path = server.folder / "www/large"
    if not path.exists():
        path.write_bytes(os.urandom(nr_bytes))
    return path


def get_large(server, url, nr_bytes, *options):
    """Three downloads at the same time are what lies in the volume."""
    wanted = digest(put_large(server, nr_bytes))
    copies = server.lab.base / f"{server.name}-copy"
    run("curl", "-sSfZ", *options, "-o", f"{copies}-#1", f"{url}/large#[1-3]")
    for i in (1, 2, 3):
        path = copies.with_name(f"{copies.name}-{i}")
        assert digest(path) == wanted
        path.unlink()


def many(url, *options):
    """Thousands of requests, 32 at a time; all must be answered."""
    out = run("curl", "-sSZ", "--parallel-max", "32", "-w", "%{http_code}\n",
              "-o", os.devnull, *options, f"{url}#[1-{REQUESTS}]")
    found = collections.Counter(out.split())
    assert found == {"200": REQUESTS}, found


def is_missing(url):
    assert run("curl", "-sS", "-o", os.devnull, "-w", "%{http_code}",
               url) == "404"


def web(server):
    url = f"http://{server.address}"
    assert run("curl", "-sSf", f"{url}/") == f"served by {server.name}\n"
    is_missing(f"{url}/no/such")
    if server.first:
        many(f"{url}/")
        get_large(server, url, 20_000_000)


def lighttpd(server):
    web(server)
    part(server)


def part(server):
    url = f"http://{server.address}/index.html"
    assert run("curl", "-sSf", "-r", "2-5", url) == "rved"


def raise_limit():
    """Root may raise the hard limit too (Linux begins with 4,096)."""
    most = max(resource.getrlimit(resource.RLIMIT_NOFILE)[1], IDLE + 2000)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def reset(sock):
    """No TIME_WAIT on our side for thousands of them."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                    struct.pack("ii", 1, 0))
    sock.close()


def idle_connections(server):
    """Ten thousand open connections: new ones and old ones are served."""
    raise_limit()
    idle = [socket.create_connection((server.address, 80), 60)
            for _ in range(IDLE)]
    many(f"http://{server.address}/index.html")
    for sock in idle[::500]:
        sock.settimeout(60)
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"200 OK" in sock.recv(4096)
    for sock in idle:
        reset(sock)


def nginx(server):
    web(server)
    part(server)
    url = f"http://{server.address}/connection"
    numbers = run("curl", "-sSf", url, url).split()
    assert numbers[0] == numbers[1], "not the same connection"
    if server.first:
        idle_connections(server)
        (server.folder / "www/large").unlink()
        get_large(server, f"http://{server.address}", 100_000_000)


def served(url):
    """Who answered twenty requests; those that nobody did are left out."""
    out = run("curl", "-sS", *[url] * 20)
    return collections.Counter(x for x in out.splitlines()
                               if x.startswith("served"))


def haproxy(server):
    """Both servers behind it answer; one dies, then one is enough."""
    url = f"http://{server.address}/"
    if not server.first:
        wait_for(lambda: served(url) == {"served by nginx": 20}, 120)
        return
    assert set(served(url)) == {"served by nginx", "served by lighttpd"}
    many(f"{url}index.html")
    server.lab.servers["lighttpd"].kill()
    wait_for(lambda: served(url) == {"served by nginx": 20}, 120)


def origin(server):
    """Whose files it serves: its own, or those of who runs behind it."""
    behind = server.spec.get("behind")
    return server.lab.servers[behind[0]] if behind else server


def trust(server):
    """What curl must know of its certificate."""
    return ["--cacert", server.folder / "cert.pem", "--resolve",
            f"einkorn.test:443:{server.address}"]


def tls(server):
    """TLS 1.2 and 1.3, the certificate verified."""
    page = "https://einkorn.test/index.html"
    for version in (["--tls-max", "1.2"], ["--tlsv1.3"]):
        assert run("curl", "-sSf", *version, *trust(server),
                   page) == f"served by {origin(server).name}\n"
    if server.first:
        out = run("curl", "-sSfZ", "--parallel-max", "8", *trust(server),
                  f"{page}#[1-100]")
        assert out.count("served by") == 100, out
        get_large(origin(server), "https://einkorn.test", 20_000_000,
                  *trust(server))


def http2(server):
    """Many streams in few connections."""
    page = "https://einkorn.test/index.html"
    assert run("curl", "-sSf", "-o", os.devnull, "-w", "%{http_version}",
               *trust(server), page) == "2"
    tls(server)
    if server.first:
        nr = 2000 if server.lab.platform == "qemu" else 20000
        out = run("h2load", "-n", nr, "-c", 20, "-m", 10,
                  f"https://{server.address}/index.html")
        assert f"{nr} succeeded, 0 failed" in out, out


def download(server):
    """A client inside: three files, then one without end, until SIGTERM."""
    endless = server.lab.downloads.endless
    assert endless.wait(240), server.log()
    endless.clear()
    wanted = hashlib.sha256(Downloads.content).hexdigest()
    for i in "123":
        path = server.folder / i
        assert path.stat().st_size == DOWNLOAD_BYTES
        assert digest(path) == wanted
        path.unlink()
    assert server.running(), server.log()
    (server.folder / "endless").unlink(missing_ok=True)

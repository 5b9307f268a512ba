# SPDX-License-Identifier: BSD-2-Clause
"""Debian's nginx in the own monitor: bridge, published port, a volume with a
large file, logs, stop."""
import hashlib
import os
import subprocess

import pytest

from tests.conftest import TEST_ALL, why_no_kvm
from tests.integration.conftest import wait_for
from tests.integration.test_tool_nginx import COMMAND, NGINX, web_host

MIB = 1 << 20
FILE_BYTES = (100 if TEST_ALL else 4) * MIB

pytestmark = pytest.mark.skipif(why_no_kvm() is not None,
                                reason=str(why_no_kvm()))


@pytest.fixture
def host(tmp_path):
    with web_host(tmp_path, "ekkvm", "10.96.0.0/24") as tool:
        yield tool


def random_file(path):
    """Writes it, returns its hash."""
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for _ in range(FILE_BYTES // MIB):
            block = os.urandom(MIB)
            digest.update(block)
            file.write(block)
    return digest.hexdigest()


def hash_of(space, url):
    curl = subprocess.Popen([*space.enter, "curl", "-sS", "-m", "240", url],
                            stdout=subprocess.PIPE)
    digest = hashlib.sha256()
    while block := curl.stdout.read(MIB):
        digest.update(block)
    assert curl.wait() == 0
    return digest.hexdigest()


def test_nginx_on_kvm(host, tmp_path):
    www = tmp_path / "www"
    www.mkdir()
    (www / "index.html").write_text("from a volume")
    expected = random_file(www / "large")
    host.ok("run", "-d", "--name", "web", "--platform", "kvm", "-p", "8080:80",
            "-v", f"{www}:/var/www/html:ro", NGINX, *COMMAND)
    space = host.space
    for where in ("10.96.0.2", "127.0.0.1:8080"):
        url = f"http://{where}/"
        assert wait_for(lambda: space.fetch(url), 60) == "from a volume"
    assert hash_of(space, "http://127.0.0.1:8080/large") == expected
    (www / "index.html").write_text("changed")
    assert wait_for(lambda: space.fetch("http://10.96.0.2/") == "changed", 60)
    inspected = host.ok("inspect", "web")
    assert '"Runtime": "kvm"' in inspected
    host.ok("stop", "web")
    assert host.ok("wait", "web") == "0"


def test_logs_on_kvm(host):
    host.ok("run", "-d", "--name", "say", "--platform", "kvm", "/bin/sh", "sh",
            "-c", "echo out; echo err >&2; exit 3")
    assert host.ok("wait", "say") == "3"
    logs = host("logs", "say")
    assert (logs.stdout, logs.stderr) == ("out\n", "err\n")

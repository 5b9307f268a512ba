# SPDX-License-Identifier: BSD-2-Clause
"""An instance that asks busybox's DHCP server for its address, its router and
its name servers, as an exported disk does."""
import os
import shutil
import subprocess
import sys

import pytest

from tests.conftest import BUILD

BUSYBOX = "/bin/busybox"
SERVER = """start 10.96.0.50
end 10.96.0.50
interface dhcp0
lease_file {folder}/leases
pidfile {folder}/pid
option subnet 255.255.255.0
option router 10.96.0.1
option dns 10.96.0.7 10.96.0.8
"""
CONFIG = ["exe=/bin/busybox", "arg=busybox", "arg=cat",
          "arg=/etc/resolv.conf",
          "cwd=/", "net0.ip=dhcp", "net0.ip6=none"]
# Inside the namespace: the tap, the server, the tender in our place.
INSIDE = """
import fcntl, os, struct, subprocess, sys
folder, tender, *args = sys.argv[1:]
fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
TUNSETIFF, IFF_TAP, IFF_NO_PI, IFF_VNET_HDR = 0x400454ca, 2, 0x1000, 0x4000
fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", b"dhcp0", IFF_TAP | IFF_NO_PI
                                       | IFF_VNET_HDR))
for words in ("address add 10.96.0.1/24 dev dhcp0", "link set dhcp0 up"):
    subprocess.run(["ip", *words.split()], check=True)
server = subprocess.Popen(["busybox", "udhcpd", "-f", folder + "/udhcpd"],
                          stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL)
run = subprocess.run([tender, *args, f"net=tap,{fd},02:00:00:00:00:50,1500"],
                     pass_fds=[fd], timeout=60)
server.kill()
sys.exit(run.returncode)
"""


@pytest.mark.skipif(os.geteuid() != 0 or not os.path.exists("/dev/net/tun"),
                    reason="SKIP needs root and /dev/net/tun")
def test_name_servers_come_by_dhcp(tmp_path):
    root, image, config = (tmp_path / n for n in ("root", "image", "config"))
    (root / "bin").mkdir(parents=True)
    shutil.copy(BUSYBOX, root / "bin" / "busybox")
    subprocess.run(["mkfs.erofs", "-Enoinline_data", "-x-1", image, root],
                   check=True, stdout=subprocess.DEVNULL)
    config.write_bytes("\0".join([*CONFIG, "", ""]).encode())
    (tmp_path / "udhcpd").write_text(SERVER.format(folder=tmp_path))
    (tmp_path / "leases").touch()
    libexec = BUILD / "libexec"
    p = subprocess.run(
        ["unshare", "-n", sys.executable, "-c", INSIDE, tmp_path,
         libexec / "einkorn-proc", f"kernel={libexec}/kernel.elf",
         f"image={image}", f"config={config}", "mem=67108864"],
        capture_output=True, text=True, timeout=90, check=False)
    assert p.stdout.split() == [
        "nameserver", "10.96.0.7", "nameserver", "10.96.0.8"], p.stdout + p.stderr

# SPDX-License-Identifier: BSD-2-Clause
"""Entrypoint scripts: run once in a sandbox, what they come to is started."""
import os
import shutil
import stat
import subprocess

import pytest

from tests.conftest import needs_own_root
from tests.integration import oci_images
from tests.integration.conftest import installed
from tests.integration.oci_layout import (Layout, debian, directory,
                                          script, tar)

EXTRA = ["/usr/bin/stat", "/usr/bin/sleep", "/usr/bin/true", "/usr/bin/pwd",
         "/usr/bin/tini", "/usr/bin/dumb-init", "/usr/sbin/gosu",
         "/usr/bin/setpriv"]


pytestmark = needs_own_root


@pytest.fixture(scope="module")
def system():
    for path in oci_images.SHELL + ["/usr/bin/stat"]:
        if not os.path.exists(path):
            pytest.skip(f"SKIP needs {path}")
    more = [path for path in EXTRA if os.path.exists(path)]
    return [oci_images.system(), tar(*debian(*more))]


@pytest.fixture
def tool(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("SKIP needs root")
    with installed(tmp_path) as made:
        yield made


@pytest.fixture
def image(tool, system, tmp_path):
    """image(script text, configuration) -> name of an image with it."""

    def make(text, config=None, *entries):
        layer = tar(script("entry.sh", text), *entries)
        Layout(tmp_path / "layout").make(system + [layer], {
            "Entrypoint": ["/entry.sh"], "Env": [oci_images.PATH],
            **(config or {})})
        return f"oci:{tmp_path}/layout"

    return make


def run(tool, name, *command, options=()):
    return tool("run", "--rm", "--network", "none", *options, name, *command)


def test_script_is_recorded_once_and_said_so(tool, image):
    name = image("#!/bin/sh\nid -u > /made\nexport A=1\ncd /tmp\n"
                 'exec "$@"\n', {"Cmd": ["cat", "/made"]})
    p = run(tool, name)
    assert p.returncode == 0 and p.stdout == "0\n"
    assert "ran /entry.sh once in a sandbox" in p.stderr
    assert "`cat /made` as user 0" in p.stderr
    p = run(tool, name)
    assert (p.stdout, p.stderr) == ("0\n", "")
    # Other arguments or environment: another recording.
    p = run(tool, name, "env", options=["-e", "B=2"])
    lines = p.stdout.splitlines()
    assert "A=1" in lines and "B=2" in lines and "PWD=/tmp" in lines
    assert not any("einkorn-import" in line for line in lines)
    assert "once in a sandbox" in p.stderr
    assert run(tool, name, "pwd").stdout == "/tmp\n"


def test_changes_of_files_are_kept(tool, image):
    name = image("""#!/bin/sh
        rm /old/file; chown -R 33:44 /owned; chmod 600 /mode
        echo more >> /grown; ln -s /grown /link; mkdir -p /new/dir
        echo x > /new/dir/x; rm /swap; mkdir /swap; cp -p /twin.new /twin
        exec "$@"
        """, None, directory("old"), ("old/file", b""), directory("owned"),
        ("owned/a", b"a"), ("mode", b""), ("grown", b"some\n"), ("swap", b""),
        ("twin", b"1"), ("twin.new", b"2"), ("kept", b"kept"))
    p = run(tool, name, "stat", "-c", "%n %F %a %u:%g", "/owned/a", "/mode",
            "/link", "/new/dir", "/swap", "/kept")
    assert p.stdout.splitlines() == [
        "/owned/a regular file 644 33:44",
        "/mode regular empty file 600 0:0",
        "/link symbolic link 777 0:0", "/new/dir directory 755 0:0",
        "/swap directory 755 0:0", "/kept regular file 644 0:0"]
    assert run(tool, name, "cat", "/link", "/new/dir/x", "/twin", "/kept"
               ).stdout == "some\nmore\nx\n2kept"
    assert run(tool, name, "ls", "/old").stdout == ""


def test_script_changes_user_with_gosu(tool, image):
    if not os.path.exists("/usr/sbin/gosu"):
        pytest.skip("SKIP needs gosu")
    name = image('#!/bin/sh\n[ "$(id -u)" = 0 ] && exec gosu redis "$0" "$@"\n'
                 'exec "$@"\n')
    p = run(tool, name, "id")
    assert p.stdout == "uid=999(redis) gid=1000(redis) groups=1000(redis)\n"
    p = run(tool, name, "nobody", "id", options=["--entrypoint", "gosu"])
    assert p.returncode == 126
    assert "nobody: not in the image's /etc/passwd" in p.stderr


@pytest.mark.parametrize("wrapper", [
    ["tini", "-s", "--"], ["tini", "-g", "-p", "SIGTERM"],
    ["dumb-init"], ["dumb-init", "--single-child", "-r", "15:3", "--"],
    ["gosu", "redis"], ["env", "A=1"], ["tini", "--", "gosu", "redis"],
    ["tini", "/entry.sh"], ["/entry.sh", "tini", "--"]])
def test_wrappers_are_left_out(tool, image, wrapper):
    for word in wrapper:
        if word in ("tini", "dumb-init", "gosu") and not shutil.which(word):
            pytest.skip(f"SKIP needs {word}")
    name = image('#!/bin/sh\nexec "$@"\n', {"Entrypoint": wrapper})
    p = run(tool, name, "cat", "/proc/self/cmdline", "/proc/self/status")
    assert p.returncode == 0, p.stderr
    assert p.stdout.startswith("cat\0/proc/self/cmdline\0")
    user = "999" if "gosu" in wrapper else "0"
    assert f"\nUid:\t{user}\t" in p.stdout
    assert ("sandbox" in p.stderr) == ("/entry.sh" in wrapper)


def test_interpreters_other_than_shells_run_inside(tool, image):
    name = image("#!/usr/bin/cat\nthe text\n")
    p = run(tool, name)
    assert p.stdout == "#!/usr/bin/cat\nthe text\n" and p.stderr == ""


def test_shell_form_of_cmd(tool, image):
    name = image("", {"Entrypoint": None,
                      "Cmd": ["/bin/sh", "-c", "exec cat /etc/group"]})
    p = run(tool, name)
    assert p.stdout.encode() == oci_images.GROUP and p.stderr == ""
    name = image("", {"Entrypoint": None, "Cmd": [
        "/bin/sh", "-c", "touch /a && id -u > /b; exec cat /b"]})
    p = run(tool, name)
    assert p.stdout == "0\n" and "once in a sandbox" in p.stderr


# ---- what cannot be recorded ------------------------------------------------

def test_script_that_executes_nothing(tool, image):
    p = run(tool, image("#!/bin/sh\necho out of luck\nexit 3\n"))
    assert p.returncode == 126
    assert p.stderr.startswith("out of luck\n")
    assert "ended with status 3 without executing" in p.stderr
    assert "--entrypoint" in p.stderr
    p = run(tool, image("#!/bin/sh\nkill -9 $$; sleep 9\nkill -ABRT 0\n"))
    assert p.returncode == 126


def test_script_that_waits_forever(tool, image):
    tool.env["EINKORN_RECORD_SECONDS"] = "2"
    p = run(tool, image("#!/bin/sh\nsleep 1000\n"))
    assert p.returncode == 126
    assert "within 2 seconds" in p.stderr and "--entrypoint" in p.stderr


def test_missing_interpreter(tool, image):
    p = run(tool, image("#!/bin/zsh\n"))
    assert p.returncode in (126, 127)
    assert "/entry.sh" in p.stderr and "No such file" in p.stderr


# ---- what a script cannot do ------------------------------------------------

def said(tool, image, text):
    """What a script prints that ends without executing anything."""
    p = run(tool, image("#!/bin/bash\n" + text + "\nexit 1\n"))
    assert p.returncode == 126
    return p.stderr.rsplit("einkorn:", 1)[0]


def test_sandbox_has_no_network(tool, image):
    text = said(tool, image, "cat /proc/net/dev; "
                "(: < /dev/tcp/192.0.2.1/80) 2>&1; ls /sys")
    names = [line.split(":")[0].strip() for line in text.splitlines()
             if ":" in line and "entry.sh" not in line]
    assert names == ["lo"] and "unreachable" in text


def test_sandbox_shows_nothing_of_the_host(tool, image, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    secret.chmod(0o644)
    fd = os.open(secret, os.O_RDONLY)
    os.set_inheritable(fd, True)
    name = image(f"""#!/bin/bash
        cat {secret} /proc/self/fd/{fd} /proc/1/root/{secret}
        ls /proc | grep -c '^[0-9]'; cat /proc/sys/kernel/hostname
        cat /proc/self/uid_map; ls /dev; ls -A /; grep Cap /proc/self/status
        exit 1
        """)
    p = tool("run", "--rm", "--network", "none", name, pass_fds=[fd])
    os.close(fd)
    assert "secret\n" not in p.stderr.replace("/secret", "")
    assert "einkorn-import" in p.stderr
    words = p.stderr.split()
    assert "sda" not in words and "kvm" not in words and "home" not in words
    first = next(line.split() for line in p.stderr.splitlines()
                 if line.split()[-1:] == ["65536"])
    assert first[0] == "0" and int(first[1]) > 65536
    assert "CapBnd:\t00000000" in p.stderr


def test_sandbox_refuses_mounts_and_namespaces(tool, image):
    if not os.path.exists("/usr/bin/unshare"):
        pytest.skip("SKIP needs unshare")
    text = said(tool, lambda script_text: image(
        script_text, None, *debian("/usr/bin/unshare", "/usr/bin/mount",
                                   "/usr/bin/mknod", "/usr/sbin/chroot")),
        "unshare -U true; mount -t tmpfs x /tmp; mknod /n b 8 0; "
        "chroot / true; [ -e /n ] && echo made")
    assert text.count("not permitted") + text.count("denied") >= 4
    assert "made" not in text


def test_sandbox_leaves_no_process_and_no_mount(tool, image):
    run(tool, image("#!/bin/bash\n(exec -a left sleep 7007) &\n"
                    "exec cat /etc/group\n"))
    assert subprocess.run(["pgrep", "-f", "^left 7007"], check=False,
                          capture_output=True).returncode == 1
    with open("/proc/mounts") as mounts:
        assert not any(line.startswith("image ") for line in mounts)


def test_record_with_environment_is_private(tool, image, tmp_path):
    run(tool, image('#!/bin/sh\nexec "$@"\n'), "cat", "/etc/group",
        options=["-e", "PASSWORD=sesame"])
    files = [path for path in (tmp_path / "data").rglob("*.inputs")
             if "sesame" in path.read_text()]
    assert len(files) == 1
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600


NOBODY = 65534
AS_NOBODY = f"""
    mount --bind "$1" /etc/subuid && mount --bind "$1" /etc/subgid || exit 99
    shift
    exec setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups -- "$@"
"""


@pytest.fixture
def users_tool(tmp_path):
    """The tool as an ordinary user calls it who has ids of his own; only in
    this test's mount namespace, where /etc/subuid says so."""
    if os.geteuid() != 0:
        pytest.skip("SKIP needs root")
    if shutil.which("newuidmap") is None:
        pytest.skip("SKIP needs newuidmap (package uidmap)")
    ranges = tmp_path / "ranges"
    ranges.write_text("nobody:200000:65536\n")
    base = tmp_path / "user"
    base.mkdir()
    os.chown(base, NOBODY, NOBODY)
    for folder in tmp_path.parents:
        if folder.stat().st_mode & 0o005 != 0o005:
            folder.chmod(folder.stat().st_mode | 0o055)
        if str(folder) == "/tmp":
            break
    with installed(base, prefix=["unshare", "-m", "sh", "-c", AS_NOBODY, "sh",
                                 str(ranges)],
                   HOME=str(base), XDG_RUNTIME_DIR=str(base)) as made:
        yield made


def test_ordinary_user_records_too(users_tool, system, tmp_path):
    """Owners inside are the image's; nothing belongs to others outside."""
    Layout(tmp_path / "layout").make(
        system + [tar(script("entry.sh", "#!/bin/sh\nset -e\n"
                             "touch /made; chown 33:44 /made\n"
                             "exec stat -c %u:%g /made /bin/sh\n"))],
        {"Entrypoint": ["/entry.sh"], "Env": [oci_images.PATH]})
    for path in [tmp_path / "layout", *(tmp_path / "layout").rglob("*")]:
        path.chmod(0o755)
    tmp_path.chmod(0o755)
    p = run(users_tool, f"oci:{tmp_path}/layout")
    assert p.returncode == 0, p.stderr
    assert p.stdout == "33:44\n0:0\n"
    assert "once in a sandbox" in p.stderr
    made = list((tmp_path / "user").rglob("*"))
    assert any(path.suffix == ".erofs" for path in made)
    assert {path.lstat().st_uid for path in made} == {NOBODY}

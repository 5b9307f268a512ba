# SPDX-License-Identifier: BSD-2-Clause
"""An initial RAM disk for Linux: files in cpio's "newc" format."""
import os
import pathlib
import re
import subprocess


class Initrd:
    def __init__(self):
        self.parts = []
        self.folders = set()

    def _entry(self, name, mode, data=b""):
        name = name.encode() + b"\0"
        fields = [len(self.parts) + 1, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0,
                  len(name), 0]
        head = b"070701" + b"".join(b"%08x" % f for f in fields) + name
        self.parts.append(head + bytes(-len(head) % 4) + data +
                          bytes(-len(data) % 4))

    def add(self, name, data, mode=0o100755):
        """A file, and the folders that it lies in."""
        name = name.lstrip("/")
        for folder in reversed(pathlib.PurePath(name).parents):
            if str(folder) not in (".", *self.folders):
                self.folders.add(str(folder))
                self._entry(str(folder), 0o40755)
        self._entry(name, mode, data)

    def add_file(self, name, path):
        self.add(name, pathlib.Path(os.path.realpath(path)).read_bytes())

    def add_libraries(self, program):
        """What the dynamic linker will look for."""
        ldd = subprocess.run(["ldd", program], capture_output=True, text=True,
                             check=False)
        for line in ldd.stdout.splitlines():
            path = re.search(r"/\S+", line)
            if path:
                self.add_file(path[0], path[0])

    def write(self, path):
        self._entry("TRAILER!!!", 0)
        pathlib.Path(path).write_bytes(b"".join(self.parts))

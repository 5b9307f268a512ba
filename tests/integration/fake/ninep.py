# SPDX-License-Identifier: BSD-2-Clause
"""A small 9P2000.L client over the channel that a fake tender was handed; for
programs of tests/integration/test_volume.py."""
import os
import socket
import struct


class Refused(Exception):
    """Rlerror; errno is its number."""

    def __init__(self, number):
        super().__init__(os.strerror(number))
        self.errno = number


def string(text):
    data = text if isinstance(text, bytes) else text.encode()
    return struct.pack("<H", len(data)) + data


class Client:
    def __init__(self, index=0, msize=65536, dialect="9P2000.L"):
        fds = [line[5:] for line in os.environ["HANDOVER"].splitlines()
               if line.startswith("chan=")]
        self.sock = socket.socket(fileno=os.dup(int(fds[index])))
        self.next_fid = 1
        reply = self.call(100, struct.pack("<I", msize) + string(dialect))
        assert reply[4:] == string(dialect)
        self.call(104, struct.pack("<II", 0, 0xffffffff) + string("root")
                  + string("") + struct.pack("<I", 0))

    def raw(self, data):
        self.sock.send(data)
        return self.sock.recv(1 << 20)

    def call(self, kind, body=b""):
        reply = self.raw(struct.pack("<IBH", 7 + len(body), kind, 5) + body)
        size, got, tag = struct.unpack("<IBH", reply[:7])
        assert size == len(reply) and tag == 5
        if got == 7:
            raise Refused(struct.unpack("<I", reply[7:])[0])
        assert got == kind + 1
        return reply[7:]

    def walk(self, path, fid=0):
        names = [n for n in path.split("/") if n]
        new = self.next_fid
        self.next_fid += 1
        reply = self.call(110, struct.pack("<IIH", fid, new, len(names))
                          + b"".join(map(string, names)))
        if struct.unpack("<H", reply[:2])[0] < len(names):
            raise Refused(2)
        return new

    def clunk(self, fid):
        self.call(120, struct.pack("<I", fid))

    def open(self, path, flags=os.O_RDONLY):
        fid = self.walk(path)
        self.call(12, struct.pack("<II", fid, flags))
        return fid

    def create(self, folder, name, mode=0o644, flags=os.O_RDWR):
        fid = self.walk(folder)
        self.call(14, struct.pack("<I", fid) + string(name)
                  + struct.pack("<III", flags, mode, 0))
        return fid

    def read(self, fid, offset=0, count=65536):
        reply = self.call(116, struct.pack("<IQI", fid, offset, count))
        assert struct.unpack("<I", reply[:4])[0] == len(reply) - 4
        return reply[4:]

    def write(self, fid, data, offset=0):
        reply = self.call(118, struct.pack("<IQI", fid, offset, len(data))
                          + data)
        return struct.unpack("<I", reply)[0]

    def list(self, path, count=4096):
        fid, offset, names = self.open(path), 0, []
        while True:
            data = self.call(40, struct.pack("<IQI", fid, offset, count))[4:]
            if not data:
                return sorted(set(names) - {".", ".."})
            while data:
                offset, _, size = struct.unpack("<QBH", data[13:24])
                names.append(data[24:24 + size].decode())
                data = data[24 + size:]

    def stat(self, path):
        reply = self.call(24, struct.pack("<IQ", self.walk(path), 0x7ff))
        mode, uid, gid, nlink, _, size = struct.unpack("<IIIQQQ",
                                                       reply[21:57])
        return {"mode": mode, "uid": uid, "gid": gid, "nlink": nlink,
                "size": size}

    def setattr(self, path, valid, mode=0, uid=0, gid=0, size=0):
        self.call(26, struct.pack("<IIIIIQQQQQ", self.walk(path), valid, mode,
                                  uid, gid, size, 1, 0, 1, 0))

    def refused(self, action, *args, **kwargs):
        """The errno with which the server refuses."""
        try:
            action(*args, **kwargs)
        except Refused as e:
            return e.errno
        raise AssertionError("was not refused")

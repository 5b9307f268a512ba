# SPDX-License-Identifier: BSD-2-Clause
"""For gdb, attached to an instance: reads the kernel's book of mappings and
loads the symbols of the program's files. `einkorn debug` passes ROOT, the
host directory that the image's paths begin in, as $einkorn_root."""
import os
import struct

import gdb


def outer(member, kind, name):
    """container_of(member, struct kind, name)"""
    whole = gdb.lookup_type("struct " + kind)
    off = next(f.bitpos for f in whole.fields() if f.name == name) // 8
    address = gdb.Value(int(member.address) - off)
    return address.cast(whole.pointer()).dereference()


def vmas(node=None, top=True):
    """All mappings, in order of address."""
    if top:
        node = gdb.parse_and_eval("'kernel/mm/vma.c'::tree.root")
    if not int(node):
        return
    yield from vmas(node.dereference()["child"][0], False)
    yield outer(node.dereference(), "vma", "node")
    yield from vmas(node.dereference()["child"][1], False)


def path_of(dentry):
    names = []
    while int(dentry):
        if int(dentry["parent"]) == int(dentry):
            dentry = dentry["super"]["covered"]
            continue
        names.append(dentry["name"].string())
        dentry = dentry["parent"]
    return "/" + "/".join(reversed(names))


def name_of(vma):
    """The mapped file's path in the instance, or None."""
    backing = vma["backing"]
    if not int(backing):
        return None
    for ops, kind in (("tmpfs_backing_ops", "tnode"),
                      ("v9_backing_ops", "v9_inode")):
        if int(backing["ops"]) == int(gdb.parse_and_eval("&" + ops)):
            dentry = outer(backing.dereference(), kind, "backing")["map_name"]
            return path_of(dentry) if int(dentry) else None
    return None


def bias(header, phdrs, start, off):
    """What to add to the file's addresses, if off is mapped at start."""
    size = struct.unpack_from("<H", header, 54)[0]
    for at in range(0, len(phdrs), size):
        kind, _, poff, vaddr = struct.unpack_from("<IIQQ", phdrs, at)
        if kind == 1 and poff & ~0xfff == off:
            return start - (vaddr & ~0xfff)
    return None


def load(path, start, off, memory):
    """Symbols of one file; says so if the host's copy is not the image's."""
    try:
        with open(path, "rb") as f:
            header = f.read(64)
            phoff, = struct.unpack_from("<Q", header, 32)
            size, number = struct.unpack_from("<HH", header, 54)
            f.seek(phoff)
            phdrs = f.read(size * number)
    except (OSError, struct.error) as why:
        print(f"einkorn: no symbols of {path}: {why}")
        return
    if header[:4] != b"\x7fELF":
        return
    if memory is not None and memory != header:
        print(f"einkorn: no symbols of {path}: not the file in the image")
        return
    offset = bias(header, phdrs, start, off)
    if offset is not None:
        gdb.execute(f"add-symbol-file '{path}' -o {offset:#x}",
                    to_string=True)


def peek(start, length):
    """Memory, or None where QEMU cannot read what nobody has touched."""
    try:
        return bytes(gdb.selected_inferior().read_memory(start, length))
    except gdb.MemoryError:
        return None


def reach_program():
    """A machine that waits for gdb has no program yet: on to where it is
    loaded, just before its first instruction."""
    try:
        started = int(gdb.parse_and_eval("'kernel/mm/vma.c'::tree.root"))
    except gdb.MemoryError:
        started = 0
    if not started:
        gdb.Breakpoint("thread_enter_user", temporary=True)
        gdb.execute("continue")


def load_all():
    root = gdb.convenience_variable("einkorn_root").string()
    first = {}
    for vma in vmas():
        name = name_of(vma)
        start, off = int(vma["start"]), int(vma["off"])
        if name and name not in first:
            memory = None
            if off == 0 and int(vma["prot"]) & 1:
                memory = peek(start, 64)
            first[name] = True
            load(root + name, start, off, memory)


reach_program()
load_all()

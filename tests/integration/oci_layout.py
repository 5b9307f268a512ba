# SPDX-License-Identifier: BSD-2-Clause
"""Makes OCI image layouts: tar layers and JSON, good ones and bad ones."""
import gzip
import hashlib
import io
import json
import pathlib
import subprocess
import tarfile

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
REF_NAME = "org.opencontainers.image.ref.name"


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def tar(*entries, fmt=tarfile.PAX_FORMAT):
    """entries: (name, content or None, {TarInfo attribute: value})."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=fmt) as archive:
        for name, content, *more in entries:
            info = tarfile.TarInfo(name)
            for key, value in (more[0] if more else {}).items():
                setattr(info, key, value)
            if content is None:
                archive.addfile(info)
            else:
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def directory(name, mode=0o755, **more):
    return name, None, dict(type=tarfile.DIRTYPE, mode=mode, **more)


def symlink(name, target):
    return name, None, dict(type=tarfile.SYMTYPE, linkname=target)


def hardlink(name, target):
    return name, None, dict(type=tarfile.LNKTYPE, linkname=target)


def program(name, path):
    return name, pathlib.Path(path).read_bytes(), dict(mode=0o755)


def script(name, text):
    return name, text.encode(), dict(mode=0o755)


def zstd(data):
    return subprocess.run(["zstd", "-q", "-c"], input=data, check=True,
                          capture_output=True).stdout


PACK = {"": lambda data: data, "+gzip": lambda data: gzip.compress(data, 1),
        "+zstd": zstd}


class Layout:
    """One image layout directory."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        (self.path / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)
        (self.path / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
        self.manifests = []

    def blob_path(self, name):
        return self.path / "blobs" / "sha256" / name.split(":")[1]

    def blob(self, data, media):
        if not isinstance(data, bytes):
            data = json.dumps(data).encode()
        name = digest(data)
        self.blob_path(name).write_bytes(data)
        return {"mediaType": media, "digest": name, "size": len(data)}

    def image(self, layers, config=None, pack="+gzip", **top):
        """Writes an image; returns the descriptor of its manifest."""
        blobs = [self.blob(PACK[pack](data), LAYER + pack) for data in layers]
        whole = {"os": "linux", "architecture": "amd64",
                 "config": config or {},
                 "rootfs": {"type": "layers",
                            "diff_ids": [digest(data) for data in layers]},
                 **top}
        return self.blob({"schemaVersion": 2, "mediaType": MANIFEST,
                          "config": self.blob(whole, CONFIG),
                          "layers": blobs}, MANIFEST)

    def index(self, *descriptors):
        return self.blob({"schemaVersion": 2, "mediaType": INDEX,
                          "manifests": list(descriptors)}, INDEX)

    def tag(self, descriptor, name="latest"):
        self.manifests.append(dict(descriptor, annotations={REF_NAME: name}))
        (self.path / "index.json").write_text(json.dumps(
            {"schemaVersion": 2, "manifests": self.manifests}))
        return self

    def make(self, layers, config=None, name="latest", **more):
        return self.tag(self.image(layers, config, **more), name)


def libraries(path):
    """What ldd names, loader included."""
    text = subprocess.run(["ldd", path], capture_output=True, text=True,
                          check=False).stdout
    words = [word for line in text.splitlines() for word in line.split()]
    return {word for word in words if word.startswith("/")}


def debian(*paths):
    """Entries of these programs and what they load, on a merged /usr."""
    wanted = set(paths)
    for path in paths:
        wanted |= libraries(path)
    entries = [symlink(name, f"usr/{name}")
               for name in ("bin", "sbin", "lib", "lib64")]
    entries += [directory(f"usr/{name}")
                for name in ("bin", "sbin", "lib", "lib64")]
    seen = set()
    for path in sorted(wanted):
        inside = pathlib.Path(path)
        inside = str(inside.parent.resolve() / inside.name)
        if inside not in seen:
            seen.add(inside)
            entries.append(program(inside[1:], path))
    return entries

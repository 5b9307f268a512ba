# SPDX-License-Identifier: BSD-2-Clause
"""Programs of a test's own: compiled from the text that stands in it."""
import subprocess


def program(folder, name, source, *flags, compiler="gcc"):
    """The path of what the compiler makes of it."""
    (folder / f"{name}.c").write_text(source)
    subprocess.run([compiler, *flags, "-o", folder / name,
                    folder / f"{name}.c"], check=True)
    return folder / name


def image(base, source):
    """An image for a machine by hand: a static program as /p, nothing else."""
    (base / "root").mkdir()
    made = program(base, "p", source, "-static", "-O2", compiler="musl-gcc")
    made.rename(base / "root" / "p")
    subprocess.run(["mkfs.erofs", "-Enoinline_data", "-x-1", base / "image",
                    base / "root"], check=True, stdout=subprocess.DEVNULL)
    return base / "image"

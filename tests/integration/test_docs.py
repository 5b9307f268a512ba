# SPDX-License-Identifier: BSD-2-Clause
"""Generated documents say what their sources say."""
import re
import subprocess

from tests.conftest import ROOT


def test_docs_syscalls_fresh():
    made = subprocess.run([str(ROOT / "tools/gen-syscalls")], text=True,
                          capture_output=True, check=True).stdout
    kept = (ROOT / "docs/syscalls.md").read_text()
    assert kept == made, "run `make docs-syscalls`"


def test_docs_syscalls_cover_linux():
    header = open("/usr/include/x86_64-linux-gnu/asm/unistd_64.h").read()
    numbers = re.findall(r"#define __NR_(\w+) (\d+)", header)
    text = (ROOT / "docs/syscalls.md").read_text()
    missing = [name for name, number in numbers
               if f"| {number} | {name} |" not in text]
    assert not missing


def test_readme_links_exist():
    text = (ROOT / "README.md").read_text()
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (ROOT / target).exists(), target

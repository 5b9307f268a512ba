# SPDX-License-Identifier: BSD-2-Clause
"""Generated documents say what their sources say."""
import re
import subprocess

import pytest

from tests.conftest import ROOT


@pytest.mark.parametrize("name,target", [("syscalls", "docs-syscalls"),
                                         ("programs", "programs")])
def test_docs_fresh(name, target):
    made = subprocess.run([str(ROOT / f"tools/gen-{name}")], text=True,
                          capture_output=True, check=True).stdout
    kept = (ROOT / f"docs/{name}.md").read_text()
    assert kept == made, f"run `make {target}`"


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

# SPDX-License-Identifier: BSD-2-Clause
"""Generated documents say what their sources say."""
import re
import subprocess

import pytest

from tests.conftest import EINKORN, ROOT


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


def test_links_exist():
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)",
                                 page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_pages_that_sources_name_exist():
    named = set()
    for folder in ("abi", "lib", "kernel", "tender", "host", "cmd", "docs"):
        for path in (ROOT / folder).rglob("*.[chm]*"):
            named |= set(re.findall(r"docs/[a-z-]+\.md",
                                    path.read_text(errors="replace")))
    assert len(named) > 5
    missing = [name for name in named if not (ROOT / name).exists()]
    assert not missing


def test_cli_page_names_all_verbs_and_options():
    text = (ROOT / "docs/cli.md").read_text()
    told = subprocess.run([str(EINKORN), "help"], text=True,
                          capture_output=True, check=True).stdout
    verbs = re.findall(r"^  einkorn (\w+(?: \w+)?)", told, re.M)
    options = re.findall(r"(?<![\w-])--?[a-z][a-z-]*", told, re.I)
    assert "run" in verbs and {"--rm", "-P", "-v"} <= set(options)
    missing = [word for word in {*verbs, *options}
               if not re.search(rf"`[^`]*(?<![\w-]){word}(?![\w-])", text)]
    assert not missing

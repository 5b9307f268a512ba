# SPDX-License-Identifier: BSD-2-Clause
"""Boundary tests run kernels of their own, which plain `make` does not build:
an old one would fail, or pass, for what it was built from."""
import os
import subprocess

import pytest

from tests.conftest import ROOT


@pytest.fixture(scope="session", autouse=True)
def kernels():
    subprocess.run(["make", "-s", f"O={os.environ.get('O', 'build')}",
                    "abi-test"], cwd=ROOT, check=True)

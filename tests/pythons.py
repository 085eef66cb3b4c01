"""`make check-pythons`: unit tests on the Pythons that podtailor supports and `make test` does not use otherwise.

They run on the interpreters that this machine has, and those that it has not are named. `make unit PYTHON=...` leaves
nothing out.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
VERSIONS = ("3.11", "3.12", "3.13")
# What make hands down to another make would be of no use to one that a program starts.
ENVIRONMENT = {**os.environ, "MAKEFLAGS": ""}
# Of the rooms that meet files, clusters and users; what they are made of is imported, and asked by make check-elsewhere.
_TESTS = [
    f"tests/{name}"
    for name in (
        *("certificates", "certs", "cli", "cluster", "completion", "documents", "images", "usage"),
        *("server/test_wire.py", "test_interrupt.py", "test_main.py", "test_supervision.py"),
    )
]
# Whether this Python can run podtailor is asked, not whether laws hold; and each worker would import all tests.
_FEWER = {"PODTAILOR_EXAMPLES": "0.1", "PYTEST_XDIST_AUTO_NUM_WORKERS": "0"}


def main() -> int:
    """`make check-elsewhere` runs on the image's Python, and all else on this one."""
    used = {f"3.{sys.version_info.minor}", image_version()}
    failed = False
    for version in VERSIONS:
        python = next(interpreters(version), None)
        if python is None:
            print(f"NOT TRIED: Python {version}: it is not on this machine", file=sys.stderr)
        elif version not in used:
            print(f"Python {version}: {python}", flush=True)
            variables = [f"PYTHON={python}", f"TESTS={' '.join(_TESTS)}"]
            command = ["make", "--silent", "-C", str(ROOT), "unit", *variables]
            failed |= bool(subprocess.run(command, env={**ENVIRONMENT, **_FEWER}, check=False).returncode)
    return int(failed)


def image_version() -> str:
    """Of the image's base."""
    found = re.search(r"^ARG BASE=python:(\d+\.\d+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert found
    return found[1]


def interpreters(version: str) -> Iterator[Path]:
    name = f"python{version}"
    installed = sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/{name}"))
    for each in (shutil.which(name), *installed):
        # The one on the path may be a shim for a version that is not chosen.
        asked = [each, "-c", "import sys; print(sys.executable)"] if each else ["false"]
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            yield Path(done.stdout.strip())


if __name__ == "__main__":
    sys.exit(main())

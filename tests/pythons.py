"""`make check-pythons`: the unit tests on each Python that podtailor supports and `make test` does not use otherwise.

It runs on the interpreters that this machine has, and names those that it has not. `make unit PYTHON=...` leaves
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

from tests.support.examples import FEWER

ROOT = Path(__file__).parents[1]
VERSIONS = ("3.11", "3.12", "3.13")
# What make hands down to another make would be of no use to one that a program starts.
ENVIRONMENT = {**os.environ, "MAKEFLAGS": ""}
# What asks the repository, generates Pods and policies, or starts servers for minutes: the image's Python has done it.
_LEFT_OUT = (
    *("test_architecture.py", "test_docs.py", "test_pages.py", "test_translations.py", "messages"),
    *("edits", "export", "laws"),
    *(f"server/test_{name}.py" for name in ("hostile", "long_values", "memory", "not_ready", "service")),
)


def main() -> int:
    """`make check` runs on this one, `make check-elsewhere` on the image's."""
    used = {f"3.{sys.version_info.minor}": "check", image_version(): "check-elsewhere"}
    found = {version: next(interpreters(version), None) for version in VERSIONS}
    left_out = [f"--ignore=tests/{each}" for each in _LEFT_OUT] if found.get(image_version()) else []
    failed = False
    for version, python in found.items():
        if version in used:
            print(f"Python {version}: make {used[version]}")
        elif python is None:
            print(f"NOT TRIED: Python {version}: it is not on this machine", file=sys.stderr)
        else:
            print(f"Python {version}: {python}", flush=True)
            variables = [f"PYTHON={python}", f"LEFT_OUT={' '.join(left_out)}"]
            command = ["make", "--silent", "-C", str(ROOT), "unit", *variables]
            failed |= bool(subprocess.run(command, env={**ENVIRONMENT, **FEWER}, check=False).returncode)
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

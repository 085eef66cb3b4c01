"""Debian packages that tests need, installed where they are missing: by root, one installation at a time."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

_LOCK = Path(tempfile.gettempdir()) / "podtailor-apt.lock"


def program(name: str) -> str:
    """Installed where it is missing; without root the test is skipped, but never in CI."""
    if not shutil.which(name):
        if os.geteuid() == 0 and shutil.which("apt-get"):
            install(name)
        elif not os.environ.get("CI"):
            pytest.skip(f"there is no {name} here, and no root to install it")
    return name


def install(*programs: str) -> None:
    """Packages that are called as the program in them. Raises subprocess.CalledProcessError.

    Tests run in several processes, and apt ends at once where another holds its locks.
    """
    with _LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        missing = [each for each in programs if not shutil.which(each)]
        if not missing:
            return
        print(f"installing {', '.join(missing)}", file=sys.stderr, flush=True)
        command = ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *missing]
        if subprocess.run(command, stdout=sys.stderr, check=False).returncode:
            # A new machine knows of no packages, one of last month of others than there are.
            subprocess.run(["apt-get", "update", "--quiet"], stdout=sys.stderr, check=True)  # noqa: S607 (Debian's own)
            subprocess.run(command, stdout=sys.stderr, check=True)

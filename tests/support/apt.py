"""Debian packages that tests need: installed where they are missing, by root, or unpacked into a folder."""

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
    """Where it is: installed where it is missing; without root the test is skipped, but never in CI.

    Raises FileNotFoundError.
    """
    if not shutil.which(name):
        if os.geteuid() == 0 and shutil.which("apt-get"):
            install(name)
        elif not os.environ.get("CI"):
            pytest.skip(f"THIS IS NOT TESTED: there is no {name} here, and no root to install it")
    if not (found := shutil.which(name)):
        raise FileNotFoundError(name)
    return found


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
        _apt_get("install", "--no-install-recommends", *missing)


def unpack(folder: Path, *packages: str) -> None:
    """Into the folder, without what they depend on and without their scripts: nothing is installed.

    Raises subprocess.CalledProcessError.
    """
    with tempfile.TemporaryDirectory() as downloads:
        _apt_get("download", *packages, folder=downloads)
        _unpack(Path(downloads), folder)


def unpack_with_libraries(folder: Path, *packages: str) -> None:
    """As `unpack`, with what they depend on and this machine has not."""
    with tempfile.TemporaryDirectory() as downloads:
        # The packages also where they are installed: the programs run from the folder.
        only_here = [f"Dir::Cache::archives={downloads}", "Debug::NoLocking=1"]
        options = [f"--option={each}" for each in only_here]
        _apt_get("install", "--download-only", "--reinstall", "--no-install-recommends", *options, *packages)
        _unpack(Path(downloads), folder)


def _unpack(downloads: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for package in sorted(downloads.glob("*.deb")):
        subprocess.run(["dpkg", "--extract", str(package), str(folder)], check=True)  # noqa: S607 (Debian's own)


def _apt_get(verb: str, *arguments: str, folder: str | None = None) -> None:
    command = ["apt-get", verb, "--yes", "--quiet", *arguments]
    if subprocess.run(command, cwd=folder, stdout=sys.stderr, check=False).returncode:
        # A new machine knows of no packages, one of last month of others than there are.
        subprocess.run(["apt-get", "update", "--quiet"], stdout=sys.stderr, check=True)  # noqa: S607 (Debian's own)
        subprocess.run(command, cwd=folder, stdout=sys.stderr, check=True)

"""What is fetched for a Node: QEMU, a kernel, busybox, and a library in C, of Debian's packages.

They are unpacked into the cache outside the checkout. Nothing is installed.

    python -m tests.e2e.node.packages       # fetch, print where they are
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from tests.e2e.controlplane.build import Unavailable, cache, locked
from tests.support import apt

_QEMU = ("qemu-system-x86", "qemu-system-common", "qemu-system-data", "seabios")
_KERNEL = "linux-image-cloud-amd64"
_BUSYBOX = "busybox-static"
_LIBRARIES = ("libseccomp-dev", "libseccomp2")


class Packages(NamedTuple):
    folder: Path

    @property
    def busybox(self) -> Path:
        """Linked statically."""
        return self.folder / "bin" / "busybox"

    @property
    def kernel(self) -> Path:
        (kernel,) = (self.folder / "boot").glob("vmlinuz-*")
        return kernel

    @property
    def _libraries(self) -> Path:
        return self.folder / "usr" / "lib" / "x86_64-linux-gnu"

    def module(self, name: str) -> Path:
        """Of the kernel."""
        (module,) = (self.folder / "lib" / "modules").rglob(f"{name}.ko")
        return module

    def pkg_config(self) -> tuple[tuple[str, str], ...]:
        """The environment in which a C compiler finds the library that was fetched."""
        folder = self._libraries / "pkgconfig"
        return (("PKG_CONFIG_SYSROOT_DIR", str(self.folder)), ("PKG_CONFIG_PATH", str(folder)))

    def qemu(self) -> list[str]:
        """The command, to be continued."""
        libraries = self._libraries
        shared = self.folder / "usr" / "share"
        return [
            "/usr/bin/env",
            f"LD_LIBRARY_PATH={libraries}:{self.folder / 'lib' / 'x86_64-linux-gnu'}",
            f"QEMU_MODULE_DIR={libraries / 'qemu'}",
            str(self.folder / "usr" / "bin" / "qemu-system-x86_64"),
            *("-L", str(shared / "qemu"), "-L", str(shared / "seabios")),
        ]


def packages() -> Packages:
    """From the cache; fetched where they are missing.

    Raises Unavailable where there is no Debian for amd64; subprocess.CalledProcessError where apt fails.
    """
    names = " ".join(
        (
            *_QEMU,
            _KERNEL,
            _BUSYBOX,
            *_LIBRARIES,
            platform.freedesktop_os_release().get("VERSION_CODENAME", ""),
        )
    )
    folder = node_cache() / f"packages-{hashlib.sha256(names.encode()).hexdigest()[:12]}"
    with locked(node_cache() / "packages.lock"):
        if not folder.is_dir():
            if platform.machine() != "x86_64" or not shutil.which("apt-get"):
                raise Unavailable("a Node is made of Debian's packages for amd64, which this machine has not")
            part = folder.with_name(f"{folder.name}.part")
            shutil.rmtree(part, ignore_errors=True)
            apt.unpack_with_libraries(part, *_QEMU)
            apt.unpack(part, _newest_kernel(), _BUSYBOX, *_LIBRARIES)
            part.rename(folder)
    return Packages(folder)


def node_cache() -> Path:
    folder = cache().with_name("node")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _newest_kernel() -> str:
    """The package behind the one that only depends on it."""
    listed = subprocess.run(
        ["apt-cache", "depends", _KERNEL],  # noqa: S607 (Debian's own)
        check=True, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"},
    )  # fmt: skip
    (newest, *_) = re.findall(r"Depends: (linux-image-\d\S+)", listed.stdout)
    return str(newest)


if __name__ == "__main__":
    print(packages().folder)

"""What a Node boots from: kernel, initrd and disk, made once of packages and programs.

python -m tests.e2e.node.image 1.37     # make all that is missing, print where it is
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from tests.e2e.controlplane.build import VERSION, locked
from tests.e2e.node.containers import write_images
from tests.e2e.node.packages import Packages, node_cache, packages
from tests.e2e.node.programs import network_plugins, programs
from tests.support.processes import ends_with_us

_HERE = Path(__file__).parent
_GUEST = _HERE / "guest"
# In the order in which they need each other. ext4 is part of the kernel.
_MODULES = (
    "virtio_ring", "virtio", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci", "virtio_blk",
    "failover", "net_failover", "virtio_net", "overlay", "llc", "stp", "bridge", "veth",
)  # fmt: skip
_FOLDERS = (
    "bin sbin usr/bin opt/cni/bin etc/containerd etc/cni/net.d proc sys dev run tmp var/lib var/log root"
)
_FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
    "etc/group": "root:x:0:\n",
    "etc/hosts": "127.0.0.1 localhost\n",
    "etc/resolv.conf": "",
    "etc/machine-id": f"{'0123456789abcdef' * 2}\n",
    "etc/os-release": 'NAME="Node of the tests"\nID=node\nPRETTY_NAME="Node of the tests"\n',
}
_SIZE = "3G"
"""Of the disk, as the Node sees it; what is empty takes no room."""


class Image(NamedTuple):
    packages: Packages
    initrd: Path
    disk: Path
    containers: Path
    """Images of containers, an archive."""


def image(version: str = VERSION) -> Image:
    """From the cache; made where it is missing. Raises as `packages` and `binary`."""
    fetched, on_path, plugins = packages(), programs(version), network_plugins()
    ingredients = hashlib.sha256()
    for source in (Path(__file__), _HERE / "containers.py", *sorted(_GUEST.iterdir())):
        ingredients.update(source.read_bytes())
    # These lie in folders that are named by their own content.
    for path in (fetched.folder, *on_path.values(), *plugins.values()):
        ingredients.update(str(path).encode())
    folder = node_cache() / f"{version}-{ingredients.hexdigest()[:12]}"
    found = Image(fetched, folder / "initrd.gz", folder / "disk.img", folder / "containers.tar")
    with locked(node_cache() / "image.lock"):
        if not folder.is_dir():
            _make(found, {**{f"usr/bin/{name}": path for name, path in on_path.items()},
                          **{f"opt/cni/bin/{name}": path for name, path in plugins.items()}})  # fmt: skip
    return found


def _make(wanted: Image, binaries: dict[str, Path]) -> None:
    folder = wanted.disk.parent
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    busybox = wanted.packages.busybox
    listed = subprocess.run([busybox, "--list"], check=True, capture_output=True, text=True)
    names = [name for name in listed.stdout.split() if name != "busybox"]
    write_images(part / wanted.containers.name, busybox, names)
    _make_initrd(part / wanted.initrd.name, wanted.packages)
    root = part / "root"
    _fill(root, busybox, names, binaries)
    _run("mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-E", "root_owner=0:0", "-d", str(root),
         str(part / wanted.disk.name), _SIZE)  # fmt: skip
    shutil.rmtree(root)
    part.rename(folder)


def _make_initrd(target: Path, fetched: Packages) -> None:
    folder = target.with_suffix(".folder")
    for each in ("bin", "modules"):
        (folder / each).mkdir(parents=True)
    shutil.copy(fetched.busybox, folder / "bin")
    for name in _MODULES:
        shutil.copy(fetched.module(name), folder / "modules")
    (folder / "order").write_text(" ".join(_MODULES))
    _install(_GUEST / "initrd.sh", folder / "init")
    paths = "\n".join(str(path.relative_to(folder)) for path in sorted(folder.rglob("*")))
    archive = subprocess.run([fetched.busybox, "cpio", "-o", "-H", "newc"], input=paths.encode(), cwd=folder,
                             check=True, capture_output=True)  # fmt: skip
    target.write_bytes(gzip.compress(archive.stdout, compresslevel=1))
    shutil.rmtree(folder)


def _fill(root: Path, busybox: Path, names: list[str], binaries: dict[str, Path]) -> None:
    for each in _FOLDERS.split():
        (root / each).mkdir(parents=True, exist_ok=True)
    (root / "var" / "run").symlink_to("/run")
    shutil.copy(busybox, root / "bin")
    for name in names:
        (root / "bin" / name).symlink_to("busybox")
    for path, program in binaries.items():
        shutil.copy(program, root / path)
    for path, text in _FILES.items():
        (root / path).write_text(text)
    shutil.copy(_GUEST / "containerd.toml", root / "etc" / "containerd" / "config.toml")
    shutil.copy(_GUEST / "network.json", root / "etc" / "cni" / "net.d" / "10-pods.conflist")
    _install(_GUEST / "init.sh", root / "sbin" / "init")


def _install(script: Path, target: Path) -> None:
    shutil.copy(script, target)
    target.chmod(0o755)


def _run(*command: str) -> None:
    # Programs of an administrator are not on everybody's PATH.
    path = os.pathsep.join((os.environ["PATH"], "/usr/sbin", "/sbin"))
    subprocess.run(ends_with_us(command), check=True, stdout=sys.stderr, env={**os.environ, "PATH": path})


if __name__ == "__main__":
    for each in sys.argv[1:] or [VERSION]:
        print(image(each).disk.parent)

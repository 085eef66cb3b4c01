"""The images of the containers that a Node runs, each of busybox alone, as an archive of the OCI."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

BUSYBOX = "docker.io/library/busybox:1"
"""`busybox:1` in manifests. An image with a shell, and the programs of busybox on its PATH."""
PAUSE = "localhost/pause:1"
"""What holds the namespaces of a Pod; named in guest/containerd.toml."""

_CONFIGS: dict[str, Any] = {
    PAUSE: {"Entrypoint": ["/bin/sleep", "inf"]},
    BUSYBOX: {"Cmd": ["/bin/sh"], "Env": ["PATH=/bin"]},
}
_FOLDERS = ("bin", "etc", "proc", "sys", "dev", "var", "tmp")
_FILES = {
    "etc/passwd": "root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    "etc/group": "root:x:0:\nnobody:x:65534:\n",
}
_MEDIA = "application/vnd.oci.image"


class _Blobs:
    """What is found by its digest."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def add(self, data: bytes, kind: str) -> dict[str, Any]:
        """Its descriptor."""
        digest = hashlib.sha256(data).hexdigest()
        self.files[f"blobs/sha256/{digest}"] = data
        return {"mediaType": f"{_MEDIA}.{kind}", "digest": f"sha256:{digest}", "size": len(data)}


def write_images(target: Path, busybox: Path, programs: list[str]) -> None:
    """`programs` are names by which busybox is called."""
    blobs = _Blobs()
    layer = blobs.add(_layer(busybox, programs), "layer.v1.tar")
    manifests = []
    for name, settings in _CONFIGS.items():
        filesystem = {"type": "layers", "diff_ids": [layer["digest"]]}
        config = {"architecture": "amd64", "os": "linux", "config": settings, "rootfs": filesystem}
        manifest = {
            "schemaVersion": 2,
            "mediaType": f"{_MEDIA}.manifest.v1+json",
            "config": blobs.add(_json(config), "config.v1+json"),
            "layers": [layer],
        }
        named = {
            "io.containerd.image.name": name,
            "org.opencontainers.image.ref.name": name.partition(":")[2],
        }
        manifests.append({**blobs.add(_json(manifest), "manifest.v1+json"), "annotations": named})
    index = {"schemaVersion": 2, "manifests": manifests}
    layout = {"imageLayoutVersion": "1.0.0"}
    with tarfile.open(target, "w") as tar:
        for path, data in {"oci-layout": _json(layout), "index.json": _json(index), **blobs.files}.items():
            _add(tar, path, data)


def _layer(busybox: Path, programs: list[str]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for folder in _FOLDERS:
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if folder == "tmp" else 0o755
            tar.addfile(entry)
        _add(tar, "bin/busybox", busybox.read_bytes(), 0o755)
        for program in programs:
            entry = tarfile.TarInfo(f"bin/{program}")
            entry.type, entry.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(entry)
        for path, text in _FILES.items():
            _add(tar, path, text.encode())
    return made.getvalue()


def _add(tar: tarfile.TarFile, path: str, data: bytes, mode: int = 0o644) -> None:
    entry = tarfile.TarInfo(path)
    entry.size, entry.mode = len(data), mode
    tar.addfile(entry, io.BytesIO(data))


def _json(data: Any) -> bytes:
    return json.dumps(data).encode()

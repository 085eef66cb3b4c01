"""Write the Go module that pins a Kubernetes version, or move it to another patch release.

python -m tests.e2e.controlplane.pin 1.37.2     # writes kubernetes/1.37/go.mod and go.sum
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from tests.e2e.controlplane.build import KUBERNETES, go

PROGRAMS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "kubelet")


def main(version: str) -> None:
    """Raises subprocess.CalledProcessError where Go cannot get a module."""
    folder = KUBERNETES / version.rpartition(".")[0]
    folder.mkdir(parents=True, exist_ok=True)
    published = subprocess.run(
        [go(), "mod", "download", "-json", f"k8s.io/kubernetes@v{version}"],
        cwd=folder, check=True, capture_output=True, text=True,
    )  # fmt: skip
    theirs = Path(json.loads(published.stdout)["GoMod"]).read_text()
    # k8s.io/kubernetes asks for its own parts at v0.0.0, which only a replacement can satisfy.
    parts = sorted(set(re.findall(r"^\t(k8s\.io/\S+) v0\.0\.0(?!\S)", theirs, re.MULTILINE)))
    part_version = "v0" + version.removeprefix("1")
    lines = [
        "// Tools only: Kubernetes, built by tests/e2e/controlplane/build.py; written by pin.py beside it.",
        f"module podtailor.dev/e2e/controlplane/kubernetes/{folder.name}",
        "",
        "go 1.26.0",
        "",
        *re.findall(r"^godebug default=\S+$", theirs, re.MULTILINE),
        "",
        "tool (",
        *(f"\tk8s.io/kubernetes/cmd/{program}" for program in PROGRAMS),
        ")",
        "",
        f"require k8s.io/kubernetes v{version}",
        "",
        "replace (",
        *(f"\t{part} => {part} {part_version}" for part in parts),
        ")",
    ]
    (folder / "go.mod").write_text("\n".join(lines) + "\n")
    (folder / "go.sum").unlink(missing_ok=True)
    subprocess.run([go(), "mod", "tidy"], cwd=folder, check=True)


if __name__ == "__main__":
    main(sys.argv[1])

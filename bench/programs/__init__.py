"""What is written in Go: the load, and webhooks to measure against. Built once, where Go is or can be had."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from tests.e2e.controlplane.build import cache, go

HERE = Path(__file__).parent


def program(name: str) -> Path:
    """By its folder. Raises Unavailable without Go, CalledProcessError if it does not build."""
    sources = [HERE / "go.mod", HERE / "go.sum", *sorted((HERE / name).glob("*.go"))]
    digest = hashlib.sha256(b"".join(each.read_bytes() for each in sources))
    built = cache() / f"bench-{digest.hexdigest()[:12]}" / name
    if not built.is_file():
        print(f"building {name}", file=sys.stderr)
        environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly"}
        command = [go(), "build", "-trimpath", "-o", str(built), f"./{name}"]
        subprocess.run(command, cwd=HERE, env=environment, check=True, stdout=sys.stderr)
    return built

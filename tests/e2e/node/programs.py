"""What is built for a Node: the kubelet of a version of Kubernetes, containerd, runc, plugins of its network.

All are linked statically: nothing else but busybox is on the Node's disk.

    python -m tests.e2e.node.programs 1.37 1.33     # build, print where they are
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.e2e.controlplane.build import VERSION, Tool, binary, built
from tests.e2e.node.packages import packages

_HERE = Path(__file__).parent
_CONTAINERD = "github.com/containerd/containerd/v2/cmd"
_PLUGINS = "github.com/containernetworking/plugins/plugins"
# Without what asks for other file systems than the Node's.
_TAGS = "no_btrfs no_devmapper no_zfs netgo osusergo"

_TOOLS = {
    **{
        name: Tool(_HERE / "containerd", f"{_CONTAINERD}/{name}", _TAGS)
        for name in ("containerd", "containerd-shim-runc-v2", "ctr")
    },
}
_NETWORK = {
    name: Tool(_HERE / "cni", f"{_PLUGINS}/{kind}/{name}")
    for kind, name in (("main", "bridge"), ("main", "loopback"), ("ipam", "host-local"))
}


def programs(version: str = VERSION) -> dict[str, Path]:
    """Those of a PATH, by name. Raises as `binary`."""
    tools = {**_TOOLS, "runc": _runc()}
    return {
        "kubelet": binary("kubelet", version),
        **{name: built(name, tool) for name, tool in tools.items()},
    }


def _runc() -> Tool:
    """In part in C: it enters the namespaces of a container before Go runs. Takes a C compiler and pkg-config."""
    return Tool(
        _HERE / "runc",
        "github.com/opencontainers/runc",
        "seccomp netgo osusergo",
        "-extldflags=-static",
        (("CGO_ENABLED", "1"), *packages().pkg_config()),
    )


def network_plugins() -> dict[str, Path]:
    """Raises as `binary`."""
    return {name: built(name, tool) for name, tool in _NETWORK.items()}


if __name__ == "__main__":
    for each in (*network_plugins().values(), *(p for v in sys.argv[1:] for p in programs(v).values())):
        print(each)

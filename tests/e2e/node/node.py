"""A Node that is real: kubelet, containerd, runc and cgroup v2 in an emulated machine, of a control plane on loopback."""

from __future__ import annotations

import base64
import json
import shutil
import time
from pathlib import Path

from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.node.image import image
from tests.e2e.node.machine import HOST, Machine
from tests.support.pods import Json
from tests.support.processes import Started, eventually, free_port

NAME = "localhost"
"""Of the Node, as `ControlPlane.kubelet_token` has it."""
PATIENCE = 300
"""Seconds in which whatever a Node does is done, on a machine that has other work too."""


class Node(Started):
    """The one Node of a control plane without kwok, with the flags of `Egress`. `stop` ends what `start` began."""

    def __init__(self, cluster: ControlPlane, folder: Path, *, cpus: int = 2, mib: int = 2048) -> None:
        self._cluster, self._folder = cluster, folder
        self._image = image(cluster.version)
        self._cpus, self._mib = cpus, mib
        self._machine: Machine | None = None
        self.seconds = 0.0
        """From the start of the machine until the Node was Ready."""

    def start(self) -> None:
        """Up to a Node that is Ready."""
        port = free_port()
        files = self._folder / "files"
        files.mkdir(parents=True)
        (files / "name").write_text(f"{NAME}\n")
        (files / "kubelet.json").write_text(json.dumps(_configuration(port)))
        (files / "kubeconfig").write_text(json.dumps(self._kubeconfig()))
        shutil.copy(self._image.containers, files / "images.tar")
        started = time.monotonic()
        machine = Machine(self._image, files, port, self._folder, cpus=self._cpus, mib=self._mib)
        self._machine = machine

        def is_ready() -> bool:
            assert machine.running, f"the machine of the Node has ended:\n{machine.tail()}"
            return self._is_ready()

        try:
            eventually("the Node is Ready", is_ready, PATIENCE)
        except AssertionError as late:
            late.add_note(machine.tail())
            raise
        self.seconds = time.monotonic() - started

    def stop(self) -> None:
        if self._machine:
            self._machine.stop()

    @property
    def pid(self) -> int:
        """Of QEMU."""
        assert self._machine
        return self._machine.pid

    def tail(self) -> str:
        """The end of what machine, containerd and kubelet say."""
        return self._machine.tail() if self._machine else ""

    def _is_ready(self) -> bool:
        node = self._cluster.get(f"/api/v1/nodes/{NAME}")
        conditions = json.loads(node)["status"].get("conditions", []) if node else []
        return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)

    def _kubeconfig(self) -> Json:
        """The control plane's own, as the machine finds it, with the right of a kubelet."""
        config: Json = json.loads(self._cluster.kubeconfig.read_text())
        cluster = config["clusters"][0]["cluster"]
        authority = Path(cluster.pop("certificate-authority")).read_bytes()
        cluster["certificate-authority-data"] = base64.b64encode(authority).decode()
        cluster["server"] = f"https://{HOST}:{cluster['server'].rpartition(':')[2]}"
        cluster["tls-server-name"] = "kubernetes"
        config["users"][0]["user"] = {"token": self._cluster.kubelet_token}
        return config


def _configuration(port: int) -> Json:
    """A KubeletConfiguration. Who may ask is not looked at: only the loopback of this machine can."""
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "port": port,
        "cgroupDriver": "cgroupfs",
        "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
        "authentication": {"anonymous": {"enabled": True}, "webhook": {"enabled": False}},
        "authorization": {"mode": "AlwaysAllow"},
        # There is no iptables on the Node.
        "makeIPTablesUtilChains": False,
        "resolvConf": "/etc/resolv.conf",
        "evictionHard": {"memory.available": "50Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        # Images come with the machine and from nowhere else.
        "imageMaximumGCAge": "0s",
        "imageGCHighThresholdPercent": 100,
    }

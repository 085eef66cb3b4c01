"""Pods of one container on a Node: created, watched, resized, and looked into."""

from __future__ import annotations

import json
import time
from typing import Any

from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.node.containers import BUSYBOX
from tests.e2e.node.node import NAME, PATIENCE
from tests.support.pods import Json, pod
from tests.support.processes import eventually

# Ends when it is asked to, as a server does; a process 1 without a handler would not.
_UNTIL_ASKED = "trap 'exit 0' TERM; sleep inf & wait"
CGROUPS = "/sys/fs/cgroup"


class Pods:
    """Those of one namespace."""

    def __init__(self, cluster: ControlPlane, namespace: str) -> None:
        self._cluster, self.namespace = cluster, namespace

    def manifest(self, name: str, spec: str = "", *, labels: str = "{}", container: str = "") -> Json:
        """Of a Pod that runs until it is asked to end; each part is YAML that is merged in at its place."""
        made = pod(
            spec,
            metadata=f"{{name: {name}, namespace: {self.namespace}, labels: {labels}}}",
            container=container,
        )
        (app,) = made["spec"]["containers"]
        app |= {"image": BUSYBOX, "command": ["sh", "-c", _UNTIL_ASKED]}
        return made

    def create(self, manifest: Json) -> Json:
        """As the API server stores it."""
        stored: Json = self._cluster.kubectl_json("create", "-f", "-", stdin=json.dumps(manifest))
        return stored

    def run(self, manifest: Json) -> Json:
        """Created, and ready."""
        started = time.monotonic()
        name = self.create(manifest)["metadata"]["name"]
        ready = self.wait(name, "is ready", lambda pod: condition(pod, "Ready").get("status") == "True")
        print(f"\n{name}: ready after {time.monotonic() - started:.1f} s", end="")
        return ready

    def get(self, name: str) -> Json:
        text = self._cluster.get(f"/api/v1/namespaces/{self.namespace}/pods/{name}")
        assert text, f"no Pod {name}"
        found: Json = json.loads(text)
        return found

    def wait(self, name: str, state: str, reached: Any) -> Json:
        """The Pod, once it has come to a state. A wait that was in vain says how it is instead."""
        try:
            eventually(f"Pod {name} {state}", lambda: reached(self.get(name)), PATIENCE)
        except AssertionError as late:
            late.add_note(json.dumps(self.get(name)["status"]))
            raise
        return self.get(name)

    def resize(self, name: str, resources: Json) -> tuple[Json, float]:
        """The Pod once the kubelet says that its container has these, and the seconds until then."""
        started = time.monotonic()
        self.request_resize(name, resources)
        resized = self.wait(name, "is resized", lambda pod: _has(pod, resources))
        return resized, time.monotonic() - started

    def request_resize(self, name: str, resources: Json) -> None:
        """Raises KubectlError if the API server refuses it."""
        patch = {"spec": {"containers": [{"name": "app", "resources": resources}]}}
        self._cluster.kubectl("patch", "pod", name, f"--namespace={self.namespace}", "--subresource=resize",
                              f"--patch={json.dumps(patch)}")  # fmt: skip

    def sh(self, name: str, script: str) -> str:
        """What a shell in the container prints. Raises KubectlError where it fails."""
        return self._cluster.kubectl(
            "exec", name, f"--namespace={self.namespace}", "--", "sh", "-c", script
        ).strip()

    def cgroup(self, name: str, *files: str) -> list[str]:
        """What the container's own cgroup has in these files."""
        return self.sh(name, f"cd {CGROUPS} && cat {' '.join(files)}").splitlines()

    def measured(self) -> dict[str, Json]:
        """The memory of each container by the name of its Pod, once the kubelet has measured all of them again."""
        before: dict[str, str] = {}

        def newer() -> dict[str, Json] | None:
            text = self._cluster.get(f"/api/v1/nodes/{NAME}/proxy/stats/summary?only_cpu_and_memory=true")
            memory = {
                pod["podRef"]["name"]: pod["containers"][0]["memory"]
                for pod in (json.loads(text)["pods"] if text else ())
                if pod["podRef"]["namespace"] == self.namespace and pod.get("containers")
            }
            changed = [each["time"] != before.setdefault(name, each["time"]) for name, each in memory.items()]
            return memory if all(changed) else None

        return eventually("the kubelet measures again", newer, PATIENCE)

    def delete_all(self) -> None:
        self._cluster.kubectl("delete", "pods", "--all", f"--namespace={self.namespace}", "--grace-period=1",
                              f"--timeout={PATIENCE}s")  # fmt: skip


def container(pod: Json) -> Json:
    """The status of the one container."""
    (status,) = pod["status"]["containerStatuses"]
    found: Json = status
    return found


def _has(pod: Json, resources: Json) -> bool:
    """Whether a resize is over, and these are what the container has."""
    pending = [each for each in pod["status"]["conditions"] if each["type"].startswith("PodResize")]
    actual = container(pod).get("resources", {})
    return not pending and all(
        amounts.items() <= actual.get(kind, {}).items() for kind, amounts in resources.items()
    )


def condition(pod: Json, name: str) -> Json:
    """Empty if the Pod has none of this name."""
    return next((each for each in pod["status"].get("conditions", []) if each["type"] == name), {})

"""A neighbour whose own policies set the fields that podtailor sets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from tests.e2e.controlplane.cluster import ControlPlane, KubectlError
from tests.e2e.neighbours.neighbour import Neighbour
from tests.support.pods import Json, pod
from tests.support.processes import eventually, free_port

REQUESTS = {"cpu": "110m", "memory": "210Mi"}
LIMITS = {"memory": "410Mi"}
RESIZE = [{"resourceName": name, "restartPolicy": "NotRequired"} for name in ("cpu", "memory")]
NODE_SELECTOR = {"pool": "neighbour"}
# With those that the API server gives each Pod: a list is replaced as a whole.
TOLERATIONS = [
    {"key": "neighbour", "operator": "Exists"},
    *(
        {
            "key": f"node.kubernetes.io/{condition}",
            "operator": "Exists",
            "effect": "NoExecute",
            "tolerationSeconds": 300,
        }
        for condition in ("not-ready", "unreachable")
    ),
]
# Its policies, by the namespaces that they are for. They set regular containers only.
GAPS, ALL, UPDATES = POLICIES = "gaps", "all", "updates"
"""They set values where a Pod has none; whatever it has; the latter at each update too."""


def operations(policy: str) -> Json:
    return {} if policy == UPDATES else {"operations": ["CREATE"]}


class Rules(NamedTuple):
    """What they set."""

    requests: dict[str, str] = REQUESTS
    limits: dict[str, str] = LIMITS
    placement: bool = True
    """Whether NODE_SELECTOR and TOLERATIONS too."""
    keeps_resize_policy: bool = True
    """Else Kyverno replaces it: as it decides by the first container, it leaves out others of several."""


class Installed(NamedTuple):
    """What differs from one replica, which is asked about the Pods of every namespace."""

    policies: tuple[str, ...] = POLICIES
    rules: Rules = Rules()
    namespaces: dict[str, str] | None = None
    """Labels of those whose Pods the API server asks about: it asks about no others."""
    ports: tuple[int, ...] = ()
    """Of the replicas; without, there is one."""
    called: int = 0
    """Where the API server calls, if there are several."""


class PolicyEngine(Neighbour):
    policy = GAPS
    """What `enable` enables, one of POLICIES."""

    def __init__(self, cluster: ControlPlane, folder: Path, installed: Installed = Installed()) -> None:  # noqa: B008 (it cannot change)
        super().__init__(cluster, folder)
        self.installed = installed
        self.ports = installed.ports or (free_port(),)
        self.called = installed.called or self.ports[0]

    def selected(self, selector: Json) -> Json:
        """The selector of namespaces that its webhook configuration has, for those that are wanted."""
        wanted = self.installed.namespaces
        return {**selector, "matchLabels": wanted} if wanted else selector

    def enable(self, namespace: str) -> None:
        self.cluster.kubectl("label", "namespace", namespace, f"neighbour={self.policy}")
        eventually("its policies are in force", lambda: self._sets_all(namespace))

    def apply(self, *documents: Json) -> None:
        """Server-side: some of their definitions are too large for the annotation of a client's apply."""
        made = {"apiVersion": "v1", "kind": "List", "items": documents}
        self.cluster.kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps(made))

    def applied(self, *documents: Json) -> bool:
        """False while the API server does not serve their kinds yet, or a webhook that checks them is still starting."""
        try:
            self.apply(*documents)
        except KubectlError:
            return False
        return True

    def _sets_all(self, namespace: str) -> bool:
        """Of a Pod that podtailor does not touch."""
        exempt = pod(metadata="labels: {podtailor.dev/injection: disabled}")
        options = ("--dry-run=server", "--namespace", namespace)
        del exempt["metadata"]["namespace"]
        spec = self.cluster.kubectl_json("create", *options, "-f", "-", stdin=json.dumps(exempt))["spec"]
        (container,) = spec["containers"]
        rules = self.installed.rules
        return (
            container["resources"] == {"requests": rules.requests, "limits": rules.limits}
            and container.get("resizePolicy") == RESIZE
            and (not rules.placement or self._places(spec))
        )

    def _places(self, spec: Json) -> bool:
        return (
            spec.get("nodeSelector") == NODE_SELECTOR
            # The API server itself adds some to each Pod, so none is without.
            and (self.policy == GAPS or TOLERATIONS[0] in spec["tolerations"])
        )

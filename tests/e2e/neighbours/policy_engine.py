"""A neighbour whose own policies set the fields that podtailor sets."""

from __future__ import annotations

import json

from tests.e2e.controlplane.cluster import KubectlError
from tests.e2e.neighbours.neighbour import Neighbour
from tests.support.pods import Json, pod
from tests.support.processes import eventually

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


class PolicyEngine(Neighbour):
    policy = GAPS
    """What `enable` enables, one of POLICIES."""

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
        return (
            container["resources"] == {"requests": REQUESTS, "limits": LIMITS}
            and container.get("resizePolicy") == RESIZE
            and spec.get("nodeSelector") == NODE_SELECTOR
            # The API server itself adds some to each Pod, so none is without.
            and (self.policy == GAPS or TOLERATIONS[0] in spec["tolerations"])
        )

"""Exported policies put in force on an API server, each for the namespaces of a label of its own."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import Any

from tests.e2e.controlplane.build import VERSION, minor
from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.export.admission import PLAIN, Admission
from tests.e2e.export.comparison import Place, place
from tests.support.pods import Json, pod
from tests.support.processes import eventually
from webhook.export.document import Options, Reinvocation
from webhook.export.export import export
from webhook.model.accelerators import Accelerators
from webhook.model.policy import Policy

SET = "export.test/set"
"""The label of a namespace that says which policies are in force in it."""
_PROBED = "export-probed"
_NUMBERS = count()


def objects_of(policies: Iterable[Policy], name: str, reinvocation: str = "IfNeeded") -> tuple[Json, Json]:
    """As `podtailor export` makes them. Raises Refused."""
    options = Options(name=name, reinvocation=Reinvocation(reinvocation), kubernetes=minor(VERSION))
    made = export(policies, Accelerators(), options).exported
    policy, binding = made.objects
    return copy.deepcopy(policy), copy.deepcopy(binding)


class InForce:
    """All that are put in force go with `clear`."""

    def __init__(self, cluster: ControlPlane, admission: Admission) -> None:
        self._cluster, self._admission = cluster, admission
        self._names: list[str] = []
        for name in (PLAIN, _PROBED):
            self._namespace(name, {}, {})

    def put(self, objects: Mapping[str, tuple[Json, Json]], failure_policy: str = "Fail") -> None:
        """Of each set; back once they decide. An error in one refuses the Pod, so that none is overlooked.

        Without `failure_policy` each is as it says itself.
        """
        written: list[Json] = []
        for name, (policy, binding) in objects.items():
            policy["spec"]["failurePolicy"] = failure_policy or policy["spec"]["failurePolicy"]
            selector = policy["spec"]["matchConstraints"].setdefault("namespaceSelector", {})
            selector["matchLabels"] = {**selector.get("matchLabels", {}), SET: name}
            for each in (policy, binding):
                each["metadata"]["name"] = f"export-{name}"
            binding["spec"]["policyName"] = f"export-{name}"
            self._names.append(f"export-{name}")
            written += (policy, binding)
        self._apply(written)
        self.settle()

    def places(
        self, sets: Mapping[str, Sequence[Policy]], spoken: Mapping[str, tuple[Json, Json]] | None = None
    ) -> dict[str, Place]:
        """A namespace for each set, `export-NAME`, with the labels and annotations that are `spoken` of."""
        self.put({name: objects_of(policies, name) for name, policies in sets.items()})
        made = {}
        for name, policies in sets.items():
            labels, annotations = (spoken or {}).get(name, ({}, {}))
            made[name] = place(self.namespace(f"export-{name}", name, labels, annotations), policies)
        return made

    def settle(self) -> None:
        """Back once all that has been written is in force: the API server takes up changes in their order."""
        number = str(next(_NUMBERS))
        self._apply(_probe(number))
        sent = pod()

        def is_seen() -> bool:
            made = self._admission.create(_PROBED, sent).body
            return bool(made["metadata"].get("labels", {}).get("probed") == number)

        eventually("exported policies are in force", is_seen)

    def namespace(
        self, name: str, policies: str, labels: Json | None = None, annotations: Json | None = None
    ) -> Json:
        """A new one in which the policies of this name are in force. As the API server has it."""
        return self._namespace(name, {SET: policies, **(labels or {})}, annotations or {})

    def _namespace(self, name: str, labels: Json, annotations: Json) -> Json:
        metadata = {"name": name, "labels": labels, "annotations": annotations}
        made = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
        self._cluster.kubectl("apply", "-f", "-", stdin=json.dumps(made))
        self._cluster.wait_for_namespace(name)
        found: Json = self._cluster.object(f"/api/v1/namespaces/{name}")
        return found

    def _apply(self, objects: Iterable[Json]) -> None:
        made = {"apiVersion": "v1", "kind": "List", "items": [*objects]}
        self._cluster.kubectl(
            "apply", "--server-side", "--force-conflicts", "-f", "-", stdin=json.dumps(made)
        )

    def clear(self) -> None:
        kinds = "mutatingadmissionpolicies,mutatingadmissionpolicybindings"
        self._cluster.kubectl("delete", kinds, "--ignore-not-found", *self._names, "export-probe")
        self._names.clear()
        eventually("they are in force no longer", lambda: not self._is_probed())

    def _is_probed(self) -> bool:
        return "labels" in self._admission.create(_PROBED, pod()).body["metadata"]


def _probe(number: str) -> tuple[Json, Json]:
    rules = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
    mutation = f"[JSONPatch{{op: 'add', path: '/metadata/labels', value: {{'probed': '{number}'}}}}]"
    spec: dict[str, Any] = {
        "reinvocationPolicy": "Never",
        "matchConstraints": {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": _PROBED}},
            "resourceRules": [rules],
        },
        "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": mutation}}],
    }
    head = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": "export-probe"}}
    return (
        {**head, "kind": "MutatingAdmissionPolicy", "spec": spec},
        {**head, "kind": "MutatingAdmissionPolicyBinding", "spec": {"policyName": "export-probe"}},
    )

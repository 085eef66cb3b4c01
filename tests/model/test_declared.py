"""Lists that a bare Pod brings itself stay as they are, so that the same Pod can be applied again."""

from __future__ import annotations

import json

import pytest

from tests.support.pods import Json, decide, owned, pod, policy, snapshot, tailored, yaml
from webhook.model.declared import LAST_APPLIED
from webhook.model.draft import Reason

EVERYTHING = policy(
    """
    resizePolicy: {cpu: NotRequired, memory: NotRequired}
    nodeSelector: {disk: ssd}
    nodeAffinity:
      required: [{key: cores, operator: Exists}]
      preferred: [{weight: 1, matchExpressions: [{key: rack, operator: Exists}]}]
    tolerations: [{key: x, operator: Exists}]
    resources: {limits: [{type: Container, defaultRequest: {cpu: 100m}}]}
    """
)
ADDED = {"resizePolicy", "nodeSelector", "nodeAffinity.cores", "nodeAffinity.rack", "tolerations", "requests"}


def client_side(brought: str) -> Json:
    """As `kubectl apply` creates it; the manifest has these fields in its spec."""
    made = pod(brought)
    made["metadata"]["annotations"] = {LAST_APPLIED: json.dumps(pod(brought))}
    return made


def server_side(fields: str, brought: str = "") -> Json:
    made = pod(brought)
    entry = {"manager": "kubectl", "operation": "Apply", "fieldsType": "FieldsV1", "fieldsV1": yaml(fields)}
    made["metadata"]["managedFields"] = [entry]
    return made


def added(before: Json, *, controlled: bool = False) -> set[str]:
    if controlled:
        before["metadata"] |= yaml(owned("ReplicaSet"))
    changes = decide(before, snapshot(EVERYTHING)).outcome.changes
    names = [change.field.partition(":")[2] for change in changes]
    return {each if each.startswith("nodeAffinity.") else each.partition(".")[0] for each in names}


APP = '\'k:{"name":"app"}\''
OWN = "[{key: mine, operator: Exists}]"
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
TERMS = "{nodeSelectorTerms: [{matchExpressions: [{key: mine, operator: Exists}]}]}"
POLICY = "containers: [{name: app, resizePolicy: [{resourceName: cpu, restartPolicy: NotRequired}]}]"


@pytest.mark.parametrize(
    ("before", "left"),
    [
        pytest.param(client_side(f"tolerations: {OWN}"), {"tolerations"}, id="leaves tolerations that kubectl applied"),
        pytest.param(client_side("tolerations: []"), {"tolerations"}, id="leaves an empty list that kubectl applied"),
        pytest.param(client_side("tolerations: null"), {"tolerations"}, id="leaves a null list that kubectl applied"),
        pytest.param(client_side(POLICY), {"resizePolicy"}, id="leaves a resizePolicy that kubectl applied"),
        pytest.param(server_side("{'f:spec': {'f:tolerations': {}}}", f"tolerations: {OWN}"), {"tolerations"}, id="leaves tolerations of a server-side apply"),
        pytest.param(server_side("{'f:spec': {'f:nodeSelector': {}}}", "nodeSelector: {zone: a}"), {"nodeSelector"}, id="leaves the nodeSelector of a server-side apply"),
        pytest.param(server_side(f"{{'f:spec': {{'f:containers': {{{APP}: {{'f:resizePolicy': {{}}}}}}}}}}", POLICY), {"resizePolicy"}, id="leaves the resizePolicy of a server-side apply"),
        pytest.param(client_side(f"affinity: {{nodeAffinity: {{{REQUIRED}: {TERMS}}}}}"), {"nodeAffinity.cores"}, id="leaves required terms that kubectl applied"),
        pytest.param(client_side(f"affinity: {{nodeAffinity: {{{PREFERRED}: []}}}}"), {"nodeAffinity.rack"}, id="leaves an empty list of preferences that kubectl applied"),
        pytest.param(client_side("affinity: null"), {"nodeAffinity.cores", "nodeAffinity.rack"}, id="leaves a null affinity that kubectl applied"),
        pytest.param(client_side("affinity: {nodeAffinity: null}"), {"nodeAffinity.cores", "nodeAffinity.rack"}, id="leaves a null nodeAffinity that kubectl applied"),
        pytest.param(
            server_side(f"{{'f:spec': {{'f:affinity': {{'f:nodeAffinity': {{'f:{REQUIRED}': {{}}}}}}}}}}", f"affinity: {{nodeAffinity: {{{REQUIRED}: {TERMS}}}}}"),
            {"nodeAffinity.cores"},
            id="leaves required terms of a server-side apply",
        ),
        pytest.param(server_side(f"{{'f:spec': {{'f:affinity': {{'f:nodeAffinity': {{'f:{PREFERRED}': {{}}}}}}}}}}"), {"nodeAffinity.rack"}, id="leaves preferences of a server-side apply"),
    ],
)  # fmt: skip
def test_leaves(before: Json, left: set[str]) -> None:
    skips = decide(before, snapshot(EVERYTHING)).outcome.skips
    assert added(before) == ADDED - left
    assert {skip.reason for skip in skips} == {Reason.APPLIED}


def test_leaves_a_list_that_the_manifest_names_anywhere() -> None:
    """Its text is searched, not parsed: so a policy inside the API server can do the same."""
    before = pod(metadata=f"annotations: {{{LAST_APPLIED}: 'not JSON, but \"tolerations\"'}}")
    assert added(before) == ADDED - {"tolerations"}


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(client_side("nodeSelector: {zone: a}"), id="changes a nodeSelector that kubectl merges key by key"),
        pytest.param(client_side("affinity: {podAntiAffinity: {}}"), id="changes an affinity that kubectl merges field by field"),
        pytest.param(client_side(""), id="changes lists that the manifest does not have"),
        pytest.param(server_side("{'f:spec': {'f:containers': {}}}"), id="changes lists that a server-side apply does not have"),
        pytest.param(pod(f"tolerations: {OWN}"), id="changes lists of a Pod that was created, not applied"),
    ],
)  # fmt: skip
def test_changes(before: Json) -> None:
    assert added(before) == ADDED


@pytest.mark.parametrize(
    "before", [client_side(f"tolerations: {OWN}"), server_side("{'f:spec': {'f:tolerations': {}}}")]
)
def test_changes_pods_that_a_controller_makes(before: Json) -> None:
    """Their annotation came with the template: users do not apply them."""
    assert added(before, controlled=True) == ADDED


def test_lists_that_are_there_stay_to_the_letter() -> None:
    before = client_side(f"{POLICY}\ntolerations: {OWN}")
    after = tailored(before, EVERYTHING)
    assert after["spec"]["tolerations"] == before["spec"]["tolerations"]
    assert after["spec"]["containers"][0]["resizePolicy"] == before["spec"]["containers"][0]["resizePolicy"]

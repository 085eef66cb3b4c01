"""Facts about the API server that the exported policy is built around, each shown on a real one.

Where one of these fails on a newer Kubernetes, what is built around it may be made simpler; nothing is broken.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator

import pytest

from tests.e2e.controlplane.build import VERSION, minor
from tests.e2e.controlplane.cluster import ControlPlane, KubectlError
from tests.e2e.export.admission import PLAIN, Admission
from tests.e2e.export.comparison import Tally
from tests.e2e.export.equality import as_they_are, compare
from tests.e2e.export.in_force import InForce, objects_of
from tests.support.pods import Json, pod, policy
from webhook.policies.shipped import Profile, built_in

_RULES = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}


@pytest.fixture(autouse=True)
def _alive(cluster: ControlPlane) -> Iterator[None]:
    before = cluster.metric("process_start_time_seconds")
    yield
    assert cluster.metric("process_start_time_seconds") == before, "the API server has not ended"


def _made(mutation: str, *, failure_policy: str = "Ignore", **spec: object) -> tuple[Json, Json]:
    """A policy of one mutation, and its binding."""
    head = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": "made"}}
    made = {
        "failurePolicy": failure_policy,
        "reinvocationPolicy": "Never",
        "matchConstraints": {"resourceRules": [_RULES]},
        "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": mutation}}],
        **spec,
    }
    binding = {**head, "kind": "MutatingAdmissionPolicyBinding", "spec": {"policyName": "made"}}
    return {**head, "kind": "MutatingAdmissionPolicy", "spec": made}, binding


def _add(path: str, value: str) -> str:
    return f"[JSONPatch{{op: 'add', path: '{path}', value: {value}}}]"


def _applying(expression: str) -> tuple[Json, Json]:
    made, binding = _made("[]", failure_policy="Fail")
    made["spec"]["mutations"] = [
        {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": expression}}
    ]
    return made, binding


WRONG = _add("/metadata/labels", "{'a': string(1 / size(object.metadata.?labels.orValue({})))}")
ANY_LABEL = _add("/metadata/labels", "{'a': 'b'}")
MUCH = _add("/spec/containers/0/resources/requests", "{'cpu': 'much'}")
AGAIN = "object.spec.tolerations + [{'operator': 'Exists'}]"
BY_NAMESPACE = [{"name": "is", "expression": "namespaceObject.metadata.name != ''"}]
TRAPS: dict[str, tuple[Json, Json]] = {
    "wrong": _made(WRONG),
    "wrong-fail": _made(WRONG, failure_policy="Fail"),
    "quantity": _made(MUCH),
    "number": _made(_add("/spec/activeDeadlineSeconds", "'7'")),
    "objects": _made(_add("/spec/tolerations", "[Object.spec.tolerations{operator: 'Exists'}]")),
    "condition": _made(ANY_LABEL, matchConditions=BY_NAMESPACE),
    "apply": _applying("Object{spec: Object.spec{nodeSelector: {'a': 'b'}}}"),
    "again": _made(_add("/spec/tolerations", AGAIN)),
    "append": _made(_add("/spec/tolerations/-", "{'operator': 'Exists'}")),
}


@pytest.fixture(scope="module", autouse=True)
def _traps(in_force: InForce) -> None:
    """Each in a namespace of its own."""
    in_force.put(TRAPS, failure_policy="")
    for name in TRAPS:
        in_force.namespace(f"export-{name}", name)


def test_error_of_an_expression_is_ignored_where_policies_say_so(admission: Admission) -> None:
    """Then nothing of the Pod is tailored: so the metric of errors is the one to watch."""
    made = admission.create("export-wrong", pod())
    assert not made.is_refusal
    assert "labels" not in made.body["metadata"]
    refused = admission.create("export-wrong-fail", pod())
    assert refused.is_refusal
    assert "division by zero" in refused.body["message"]


@pytest.mark.parametrize("name", ["quantity", "number"])
def test_pod_that_cannot_be_read_is_refused_although_failures_are_ignored(
    admission: Admission, name: str
) -> None:
    """So whatever is written must be right for every Pod."""
    assert admission.create(f"export-{name}", pod()).is_refusal


@pytest.mark.only_if(minor(VERSION) == 36)
def test_list_of_objects_ends_the_request(admission: Admission) -> None:
    """kubernetes/kubernetes#142181: a panic, failures ignored or not. Hence maps, never `Object`."""
    with pytest.raises(ConnectionError):
        admission.create("export-objects", pod())


def test_variables_are_unknown_to_match_conditions(cluster: ControlPlane) -> None:
    conditions = [{"name": "is-not", "expression": "!variables.x"}]
    made, _ = _made(ANY_LABEL, matchConditions=conditions, variables=[{"name": "x", "expression": "false"}])
    with pytest.raises(KubectlError, match="undeclared reference to 'variables'"):
        _tried(cluster, made)


def test_namespace_is_missing_in_match_conditions(admission: Admission) -> None:
    """A condition about it would leave every Pod alone, and nobody would be told."""
    assert "labels" not in admission.create("export-condition", pod()).body["metadata"]


def test_apply_configurations_cannot_set_what_podtailor_sets(admission: Admission) -> None:
    """Lists and maps that are atomic: hence a JSON Patch for everything."""
    assert "atomic" in admission.create("export-apply", pod()).body["message"]


def test_empty_patch_has_no_type(cluster: ControlPlane) -> None:
    """Policies that set nothing are refused by the exporter, with a reason."""
    with pytest.raises(KubectlError, match="must evaluate to"):
        _tried(cluster, _made("[]")[0])


def test_values_are_bound_by_lists(cluster: ControlPlane) -> None:
    """Without the macro `cel.bind`: a list of one item, mapped."""
    add = "[JSONPatch{op: 'add', path: '/metadata/labels', value: {'a': x}}]"
    with pytest.raises(KubectlError, match="undeclared reference"):
        _tried(cluster, _made(f"cel.bind(x, 'b', {add})")[0])
    _tried(cluster, _made(f"['b'].map(x, {add})[0]")[0])


def _tried(cluster: ControlPlane, made: Json) -> None:
    cluster.kubectl("create", "--dry-run=server", "-f", "-", stdin=json.dumps(made))


def test_lists_of_the_pod_are_kept_by_appending(admission: Admission) -> None:
    """A list that is written again loses what JSON of floating-point numbers cannot say, or cannot be written."""
    large = 2**53 + 1
    sent = pod()
    sent["spec"]["tolerations"] = [
        {"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": large}
    ]
    written = admission.create("export-again", sent)
    assert written.is_refusal or {"operator": "Exists"} not in written.body["spec"]["tolerations"]
    tolerations = admission.create("export-append", sent).body["spec"]["tolerations"]
    assert large in [each.get("tolerationSeconds") for each in tolerations]
    assert tolerations[-1] == {"operator": "Exists"}


QUANTITIES = (
    *(
        "+5",
        "1.250",
        "1E3",
        "003Mi",
        "100Ti",
        "0.5Gi",
        ".5",
        "3.",
        "1e1",
        "1500u",
        "9007199254740993m",
        "8Ei",
    ),
    *("0.1Ki", "1n", "100m", "1k", "9223372036854775807", "1.000000001", "7Ei", "123456789012345678", "0"),
)


def test_amounts_are_read_as_texts(in_force: InForce, admission: Admission) -> None:
    """CEL multiplies no quantity, and prints none; and what is an integer it does not always say."""
    factors = policy(
        """
        resources:
          limitFactor: {cpu: "1.333", memory: "1.5"}
        """
    )
    where = in_force.places({"quantities": [factors]})["quantities"]
    sent = []
    for resource in ("cpu", "memory"):
        for amount in QUANTITIES:
            made = copy.deepcopy(pod())
            made["spec"]["containers"][0]["resources"] = {"requests": {resource: amount}}
            sent.append(made)
    taken = as_they_are(admission, sent)
    assert len(taken) > 1.5 * len(QUANTITIES)
    compare(admission, [(*each, where) for each in taken], Tally())


def test_objects_are_applied_without_a_copy_of_them_in_an_annotation(cluster: ControlPlane) -> None:
    """`kubectl apply --server-side` takes them, twice; what is applied again is unchanged."""
    objects = objects_of(built_in(Profile.STRICT), "applied")
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    try:
        for _ in range(2):
            cluster.kubectl("apply", "--server-side", "--warnings-as-errors", "-f", "-", stdin=text)
        stored = cluster.kubectl_json("get", "mutatingadmissionpolicy", "applied")
        assert stored["spec"] == objects[0]["spec"], "nothing is defaulted: it can be compared"
        assert stored["metadata"]["generation"] == 1
    finally:
        cluster.kubectl(
            "delete",
            "mutatingadmissionpolicy,mutatingadmissionpolicybinding",
            "applied",
            "--ignore-not-found",
        )


def test_nothing_is_in_force_elsewhere(admission: Admission, in_force: InForce) -> None:  # noqa: ARG001 (it makes the namespace)
    assert "labels" not in admission.create(PLAIN, pod()).body["metadata"]

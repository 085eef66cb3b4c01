"""The two objects: what the API server reads of them, and what tells one export from another."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec import structs

from webhook.export import document, marks
from webhook.export.compile import Compiled
from webhook.export.document import Exported, Options, Reinvocation, exported
from webhook.export.program import TooLarge, Variable
from webhook.model.selectors import Requirement
from webhook.policies.shipped import Profile, built_in

SAFE = built_in(Profile.SAFE)
COMPILED = Compiled(
    conditions=(Variable("not-critical", "true"),),
    variables=(Variable("labels", "{}"),),
    patch="variables.labels == {} ? [] : []",
)


def _exported(compiled: Compiled = COMPILED, **options: Any) -> Exported:
    return exported(compiled, SAFE, Options(**options))


def test_policy_is_what_the_api_server_takes() -> None:
    made = _exported(name="mine", reinvocation=Reinvocation.NEVER)
    spec = made.policy["spec"]
    assert (made.policy["apiVersion"], made.policy["kind"]) == (
        "admissionregistration.k8s.io/v1",
        "MutatingAdmissionPolicy",
    )
    assert (spec["failurePolicy"], spec["reinvocationPolicy"]) == ("Ignore", "Never")
    assert spec["matchConditions"] == [{"name": "not-critical", "expression": "true"}]
    assert spec["variables"] == [{"name": "labels", "expression": "{}"}]
    assert spec["mutations"] == [{"patchType": "JSONPatch", "jsonPatch": {"expression": COMPILED.patch}}]
    assert spec["matchConstraints"]["resourceRules"] == [
        {
            "apiGroups": [""],
            "apiVersions": ["v1"],
            "operations": ["CREATE"],
            "resources": ["pods"],
            "scope": "Namespaced",
        }
    ]


def test_binding_binds_the_policy_everywhere() -> None:
    made = _exported(name="mine")
    assert made.binding["kind"] == "MutatingAdmissionPolicyBinding"
    assert made.binding["spec"] == {"policyName": "mine"}
    assert made.binding["metadata"] == made.policy["metadata"]


def test_labels_and_annotations_say_what_it_was_made_from() -> None:
    metadata = _exported(flags=("--builtin=safe",)).policy["metadata"]
    assert metadata["labels"] == {
        "app.kubernetes.io/part-of": "podtailor",
        "app.kubernetes.io/managed-by": "podtailor-export",
    }
    assert [*marks.policies_of(metadata["annotations"])] == ["gpu", "stateful", "arm64", "general"]
    assert metadata["annotations"][marks.OPTIONS] == "--builtin=safe"


def test_comments_name_the_policy_of_each_position() -> None:
    assert [*_exported().comments][2:] == [
        "  0  gpu (built-in)",
        "  1  stateful (built-in)",
        "  2  arm64 (built-in)",
        "  3  general (built-in)",
    ]


def test_same_input_gives_the_same_bytes() -> None:
    one, other = (msgspec.json.encode(_exported().objects) for _ in range(2))
    assert one == other


def _hash(made: Exported) -> str:
    return str(made.policy["metadata"]["annotations"][marks.HASH])


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(_exported(reinvocation=Reinvocation.NEVER), id="the reinvocation"),
        pytest.param(_exported(name="other"), id="the name"),
        pytest.param(_exported(flags=("--builtin=strict",)), id="the options"),
        pytest.param(_exported(structs.replace(COMPILED, patch="[]")), id="the patch"),
        pytest.param(exported(COMPILED, SAFE[1:], Options()), id="the policies"),
        pytest.param(exported(COMPILED, SAFE[::-1], Options()), id="their order"),
    ],
)
def test_hash_changes_with(made: Exported) -> None:
    assert _hash(made) != _hash(_exported())


def test_object_that_etcd_would_refuse_is_refused() -> None:
    large = Variable("large", "x" * 99_000)
    with pytest.raises(TooLarge):
        _exported(structs.replace(COMPILED, variables=(large,) * (document.MAX_BYTES // 99_000 + 1)))


def test_namespaces_that_an_installation_selects_are_selected_too() -> None:
    opted_in = Requirement("podtailor.dev/injection", "In", ("enabled",))
    selected = _exported(namespaces=(opted_in,)).policy["spec"]["matchConstraints"]["namespaceSelector"]
    everywhere = _exported().policy["spec"]["matchConstraints"]["namespaceSelector"]["matchExpressions"]
    added = {"key": "podtailor.dev/injection", "operator": "In", "values": ["enabled"]}
    assert selected["matchExpressions"] == [*everywhere, added]


def test_namespaces_that_every_installation_spares_are_named_once() -> None:
    spared = Requirement(
        "kubernetes.io/metadata.name",
        "NotIn",
        ("podtailor-system", "kube-system", "kube-public", "kube-node-lease"),
    )
    assert _exported(namespaces=(spared,)).policy["spec"] == _exported().policy["spec"]

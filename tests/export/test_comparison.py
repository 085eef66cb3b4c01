"""What is applied against what policies compile to."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from webhook import __version__
from webhook.export import marks
from webhook.export.comparison import comparison
from webhook.export.compile import Compiled
from webhook.export.document import Exported, Json, Options, exported
from webhook.export.program import Variable
from webhook.policies.shipped import Profile, built_in

COMPILED = Compiled(conditions=(), variables=(Variable("a", "1"),), patch="[]")


def _made(profile: Profile = Profile.SAFE, patch: str = "[]", **options: Any) -> Exported:
    return exported(Compiled((), COMPILED.variables, patch), built_in(profile), Options(**options))


MADE = _made()


def _edited(obj: Json, *path: str, value: Any) -> Json:
    edited = copy.deepcopy(obj)
    at = edited
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return edited


def _found(policy: Json | None, binding: Json | None = MADE.binding) -> list[tuple[str, str]]:
    return [(each.name, each.text) for each in comparison(MADE, policy, binding)]


def test_namespaces_that_a_binding_selects_are_no_difference() -> None:
    moving = {"namespaceSelector": {"matchLabels": {"team": "a"}}}
    assert _found(MADE.policy, _edited(MADE.binding, "spec", "matchResources", value=moving)) == []


def test_edited_names_of_policies_are_a_difference() -> None:
    annotations = {**MADE.policy["metadata"]["annotations"], marks.POLICIES: "{}"}
    (found,) = _found(_edited(MADE.policy, "metadata", "annotations", value=annotations))
    assert found[0] == "export-edited"


def test_what_the_api_server_adds_is_no_difference() -> None:
    stored = _edited(MADE.policy, "metadata", "uid", value="7")
    assert _found(_edited(stored, "status", value={})) == []


@pytest.mark.parametrize(
    ("policy", "binding", "expected"),
    [
        pytest.param(None, MADE.binding, [("not-exported", "there is no MutatingAdmissionPolicy podtailor")], id="no policy"),
        pytest.param(MADE.policy, None, [("not-exported", "there is no MutatingAdmissionPolicyBinding podtailor")], id="no binding"),
        pytest.param(
            _edited(MADE.policy, "spec", "failurePolicy", value="Fail"),
            MADE.binding,
            [("export-edited", "MutatingAdmissionPolicy podtailor has been edited: spec.failurePolicy is not what its policies compile to")],
            id="a policy that somebody has edited",
        ),
        pytest.param(
            MADE.policy,
            _edited(MADE.binding, "spec", "policyName", value="another"),
            [("export-edited", "MutatingAdmissionPolicyBinding podtailor is not as it was exported")],
            id="a binding that somebody has edited",
        ),
        pytest.param(
            _made(Profile.STRICT).policy,
            MADE.binding,
            [("export-outdated", "MutatingAdmissionPolicy podtailor was made from other policies: changed since: gpu, stateful, arm64, general")],
            id="other policies",
        ),
        pytest.param(
            _made(flags=("--accelerator=a/b",)).policy,
            MADE.binding,
            [("export-outdated", "MutatingAdmissionPolicy podtailor was made with other options: --accelerator=a/b")],
            id="other options",
        ),
        pytest.param(
            _made(patch="[] + []").policy,
            MADE.binding,
            [("export-outdated", f"MutatingAdmissionPolicy podtailor was made from these policies by podtailor {__version__}, perhaps for another version of Kubernetes or with another --reinvocation: spec.mutations differ")],
            id="another compiler",
        ),
        pytest.param(
            _edited(MADE.policy, "metadata", "annotations", value={marks.HASH: "0"}),
            MADE.binding,
            [("export-outdated", "MutatingAdmissionPolicy podtailor was made from other policies: not in it: gpu, stateful, arm64, general")],
            id="annotations that are gone",
        ),
    ],
)  # fmt: skip
def test_says_how_it_differs(
    policy: Json | None, binding: Json | None, expected: list[tuple[str, str]]
) -> None:
    assert _found(policy, binding) == expected

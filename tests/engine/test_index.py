"""The index finds the policies that matching one by one would find, in the same order."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from tests.support.pods import owned, pod, policy_of, subject
from webhook.engine.index import PolicyIndex
from webhook.engine.match import clauses_of, holds
from webhook.model.names import Mode, WorkloadType
from webhook.model.policy import precedence

KEYS, VALUES = (
    st.sampled_from(("app", "tier")),
    st.sampled_from(("a", "b", "")),
)
LABELS = st.dictionaries(KEYS, VALUES, max_size=2)
REQUIREMENTS = st.one_of(
    st.builds(
        lambda key, operator, values: {"key": key, "operator": operator, "values": values},
        KEYS,
        st.sampled_from(("In", "NotIn")),
        st.lists(VALUES, min_size=1, max_size=2, unique=True),
    ),
    st.builds(lambda key: {"key": key, "operator": "Exists"}, KEYS),
)
SELECTORS = st.fixed_dictionaries(
    {}, optional={"matchLabels": LABELS, "matchExpressions": st.lists(REQUIREMENTS, max_size=2)}
)
TYPES = st.sampled_from([*WorkloadType])
OWNERS = ("Deployment", "ReplicaSet", "Pod", "Job")
MATCHES = st.fixed_dictionaries(
    {},
    optional={
        "workloadTypes": st.lists(TYPES.map(str), max_size=2, unique=True),
        "namespaceSelector": SELECTORS,
        "podSelector": SELECTORS,
        "annotations": LABELS,
        "ownerKinds": st.lists(st.sampled_from(OWNERS), max_size=2, unique=True),
        "images": st.lists(
            st.sampled_from(("app", "other", "example.com/app", "a*")), max_size=2, unique=True
        ),
        "resources": st.lists(
            st.sampled_from(("nvidia.com/gpu", "example.com/fpga", "nvidia.com/*")), max_size=2, unique=True
        ),
    },
)


# Selectors of a namespace are for ClusterWorkloadPolicies only.
_EXCLUDES = MATCHES.map(lambda match: {key: match[key] for key in match if key != "namespaceSelector"})


@st.composite
def documents(draw: st.DrawFn) -> list[Any]:
    made = []
    for number in range(draw(st.integers(0, 6))):
        kind = draw(st.sampled_from(("WorkloadPolicy", "ClusterWorkloadPolicy")))
        match = draw(MATCHES)
        metadata = {"name": f"p{number}"}
        if kind == "WorkloadPolicy":
            metadata["namespace"] = draw(st.sampled_from(("default", "elsewhere")))
            match.pop("namespaceSelector", None)
        mode = draw(st.sampled_from([str(mode) for mode in Mode]))
        spec = {"match": match, "exclude": draw(_EXCLUDES), "mode": mode, "priority": draw(st.integers(0, 2))}
        made.append(
            {"apiVersion": "podtailor.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}
        )
    return made


@given(
    documents(),
    documents(),
    LABELS,
    LABELS,
    LABELS,
    st.sampled_from(("ReplicaSet", "Job", "")),
    st.booleans(),
    st.lists(TYPES, min_size=1, max_size=3, unique=True),
    st.sampled_from(
        ("", "resources: {limits: {nvidia.com/gpu: 1}}", "resources: {limits: {example.com/fpga: 0}}")
    ),
)
def test_finds_what_matching_one_by_one_finds(
    made: list[Any],
    before: list[Any],
    of_namespace: dict[str, str],
    of_pod: dict[str, str],
    annotations: dict[str, str],
    owner: str,
    is_deployed: bool,
    types: list[WorkloadType],
    container: str,
) -> None:
    obj = pod(metadata=owned(owner) if owner else "", container=container)
    hash_of_template = {"pod-template-hash": "x"} if is_deployed else {}
    obj["metadata"] |= {"labels": {**of_pod, **hash_of_template}, "annotations": annotations}
    asking = structs.replace(subject(obj, of_namespace), types=tuple(types))
    policies = [policy_of(document) for document in made]
    expected = [
        each
        for each in sorted(policies, key=precedence)
        if each.mode is not Mode.OFF and holds(clauses_of(each), asking)
    ]
    assert PolicyIndex(policies).matching(asking) == expected
    # The same from another index, some of whose policies have the names of these.
    earlier = [policy_of(document) for document in before]
    whole = PolicyIndex(earlier)
    found = whole.matching(asking)
    changed = whole.replaced(earlier[:2], ()).replaced(earlier[2:], policies)
    assert changed.matching(asking) == expected
    assert list(changed) == sorted(policies, key=precedence)
    assert whole.matching(asking) == found, "an index never changes"
    for mode in Mode:
        assert changed.count(mode) == sum(each.mode is mode for each in policies)

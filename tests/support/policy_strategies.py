"""Policies that want a few things of a few Pods, and what a namespace holds that can refuse one."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from tests.support.pods import Json
from tests.support.strategies import CPU, KEYS, MEMORY, TOLERATIONS, put
from webhook.cluster.pager import Meta, Object
from webhook.cluster.snapshot_objects import LIMIT_RANGES, QUOTAS, with_limit_range, with_quota
from webhook.model.subject import Namespace


def _some(keys: tuple[str, ...], values: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries({}, optional=dict.fromkeys(keys, values))


def _or_none(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.just(...), strategy)


DEFAULTS, BOUNDS = ("defaultRequest", "default"), ("min", "max")


@st.composite
def limits(draw: st.DrawFn, *sides: str) -> Json:
    """A LimitRangeItem without its type: the sides that are asked for, in their order no amount above the next."""
    given: Json = {side: {} for side in ("min", "defaultRequest", "default", "max") if side in sides}
    ratios: Json = {}
    for name, amounts in (("cpu", CPU), ("memory", MEMORY), ("ephemeral-storage", MEMORY)):
        at = st.integers(1, len(amounts) - 1)
        ordered = sorted(draw(st.lists(at, min_size=len(given), max_size=len(given))))
        for side, index in zip(given, ordered, strict=True):
            if draw(st.booleans()):
                given[side][name] = amounts[index]
        if "max" in sides and draw(st.booleans()):
            ratios[name] = draw(st.sampled_from(("1", "1.5", "4")))
    given["maxLimitRequestRatio"] = ratios
    return {side: values for side, values in given.items() if values}


_EXPRESSIONS = st.lists(
    st.one_of(
        st.fixed_dictionaries(
            {
                "key": st.sampled_from(KEYS),
                "operator": st.sampled_from(("In", "NotIn")),
                "values": st.sampled_from((["arm64", "amd64"], ["a"], [""])),
            }
        ),
        st.fixed_dictionaries(
            {"key": st.sampled_from(KEYS), "operator": st.sampled_from(("Exists", "DoesNotExist"))}
        ),
        st.fixed_dictionaries(
            {
                "key": st.sampled_from(KEYS),
                "operator": st.sampled_from(("Gt", "Lt")),
                "values": st.just(["5"]),
            }
        ),
    ),
    min_size=1,
    max_size=2,
)
NODE_RULES = st.fixed_dictionaries(
    {},
    optional={
        "required": _EXPRESSIONS,
        "preferred": st.lists(
            st.fixed_dictionaries(
                {"weight": st.sampled_from((1, 50, 100)), "matchExpressions": _EXPRESSIONS}
            ),
            max_size=2,
        ),
    },
)


@st.composite
def policies(draw: st.DrawFn) -> Json:
    """A valid policy document without a name, which wants a few things of a few Pods."""
    sides = draw(st.sampled_from((DEFAULTS, BOUNDS, (*DEFAULTS, *BOUNDS))))
    resources: Json = {"limits": [{"type": "Container", **draw(limits(*sides))}]}
    if draw(st.booleans()):
        resources["limits"].append({"type": "Pod", **draw(limits(*BOUNDS))})
    put(resources, "perDevice", draw(_or_none(_some(("cpu", "memory"), st.sampled_from(("1", "1500m"))))))
    factors = _some(("cpu", "memory"), st.sampled_from(("1", "1.5", "2", "1e1")))
    if draw(st.booleans()):
        resources["qosClass"] = "Guaranteed"
    else:
        put(resources, "limitFactor", draw(_or_none(factors)))
    spec: Json = {"priority": draw(st.integers(0, 3)), "resources": resources}
    restart = st.sampled_from(("NotRequired", "RestartContainer"))
    put(spec, "resizePolicy", draw(_or_none(_some(("cpu", "memory"), restart))))
    put(
        spec,
        "nodeSelector",
        draw(_or_none(st.dictionaries(st.sampled_from(KEYS), st.sampled_from(("arm64", "a")), max_size=2))),
    )
    put(spec, "nodeAffinity", draw(_or_none(NODE_RULES)))
    put(spec, "tolerations", draw(_or_none(TOLERATIONS)))
    types = st.lists(st.sampled_from(("GPU", "Stateful", "ARM64", "General")), max_size=2, unique=True)
    put(spec, "match", draw(_or_none(st.fixed_dictionaries({}, optional={"workloadTypes": types}))))
    others = {"ownerKinds": st.just(["Job", "DaemonSet"]), "images": st.just(["mongo"])}
    put(spec, "exclude", draw(_or_none(st.fixed_dictionaries({}, optional=others))))
    if "arm64" in spec.get("nodeSelector", {}).values() and "General" in spec.get("match", {}).get(
        "workloadTypes", ()
    ):
        spec["match"]["workloadTypes"].append("ARM64")  # one that sends Pods there must match them there
    globs = st.lists(st.sampled_from(("c*", "c0", "i*", "*")), max_size=2, unique=True)
    put(spec, "containers", draw(_or_none(st.fixed_dictionaries({}, optional={"names": globs}))))
    return {"apiVersion": "podtailor.dev/v1alpha1", "kind": "ClusterWorkloadPolicy", "spec": spec}


@st.composite
def _mild(draw: st.DrawFn) -> Json:
    """Bounds of a few resources that many a Pod keeps to."""
    given: Json = {"min": {}, "max": {}, "maxLimitRequestRatio": {}}
    for name, amounts in (("cpu", CPU), ("memory", MEMORY), ("ephemeral-storage", MEMORY)):
        bound = draw(st.sampled_from(("none", "none", "none", "min", "max", "maxLimitRequestRatio", "both")))
        if bound in ("min", "both"):
            given["min"][name] = draw(st.sampled_from(amounts[1:4]))
        if bound in ("max", "both"):
            given["max"][name] = draw(st.sampled_from(amounts[7:]))
        if bound == "maxLimitRequestRatio":
            given[bound][name] = draw(st.sampled_from(("1", "1.5", "4")))
    return {side: values for side, values in given.items() if values}


@st.composite
def limit_ranges(draw: st.DrawFn) -> Json:
    """A LimitRange as it is written, with bounds; with defaults the API server gives them before we are called."""
    kinds = draw(st.sampled_from((["Container"], ["Container"], ["Pod"], ["Container", "Pod"])))
    items = [{"type": kind, **draw(_mild())} for kind in kinds]
    return {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "r"}, "spec": {"limits": items}}


@st.composite
def quotas(draw: st.DrawFn) -> Json:
    """A ResourceQuota that has room, or has none, of what it counts."""
    counted = draw(st.one_of(st.just({"pods"}), st.sets(st.sampled_from(_COUNTED), min_size=1, max_size=2)))
    spec: Json = {"hard": {name: draw(st.sampled_from(("1k", "8Ei", "8Ei"))) for name in sorted(counted)}}
    scope = draw(st.sampled_from((..., ..., "BestEffort", "NotBestEffort", "Terminating")))
    if scope is not ...:  # none of them takes ephemeral-storage, and BestEffort nothing but Pods
        spec["hard"].pop("requests.ephemeral-storage", None)
    if scope == "BestEffort" or not spec["hard"]:
        spec["hard"] = {"pods": draw(st.sampled_from(("0", "9")))}
    put(spec, "scopes", scope if scope is ... else [scope])
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": spec}


_COUNTED = (
    "pods",
    "requests.cpu",
    "limits.cpu",
    "requests.memory",
    "limits.memory",
    "requests.ephemeral-storage",
)


def guards(*, ranges: int = 1) -> st.SearchStrategy[list[Json]]:
    """What a namespace holds that can refuse a Pod: LimitRanges and a ResourceQuota, each by a name of its own.

    Of several LimitRanges the API server hears one or the other first, as it comes.
    """
    drawn = st.tuples(st.lists(limit_ranges(), max_size=ranges), st.lists(quotas(), max_size=1))
    return drawn.map(
        lambda found: [
            {**each, "metadata": {"name": f"g{at}"}} for at, each in enumerate([*found[0], *found[1]])
        ]
    )


def namespace_of(name: str, guards: list[Json]) -> Namespace:
    """The namespace with what its LimitRanges and quotas say."""
    made = Namespace(name)
    for each in guards:
        found = Object(Meta(namespace=name), json.dumps(each).encode())
        made = (
            with_quota(made, QUOTAS.read(found))
            if each["kind"] == "ResourceQuota"
            else with_limit_range(made, LIMIT_RANGES.read(found))
        )
    return made


def namespaces() -> st.SearchStrategy[Namespace]:
    return guards(ranges=2).map(lambda found: namespace_of("default", found))

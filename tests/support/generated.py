"""Pods as nobody would write them but the API server would take them."""

from __future__ import annotations

import json
import random
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.support.pods import Json
from webhook.cluster.kinds import QUOTAS, RANGES, bound_by, guarded_by
from webhook.cluster.reflector import Meta, Object
from webhook.model.accelerators import PATTERNS
from webhook.model.subject import Namespace

T = TypeVar("T")
_TYPES = ("gpu", "stateful", "arm64", "general", "GPU.arm64", "nonsense", "general.gpu", "")
# In order of amount.
_CPU = ("0", "1m", "1500u", "100m", "250m", "0.5", "1", "2", "1e1", "16", "100M")
_MEMORY = ("0", "1", "100500m", "64Mi", "256Mi", "0.5Gi", "1e9", "1G", "1Gi", "1Ti", "8Ei")
_DEVICES = [*(name.replace("*", "1") for name in PATTERNS), "nvidia.com/gpumem", "example.com/fpga"]
_KEYS = ("kubernetes.io/arch", "beta.kubernetes.io/arch", "kubernetes.io/os", "zone", "node.example/pool")
_VALUES = ("arm64", "amd64", "linux", "a", "")

_labels = st.dictionaries(st.sampled_from(("app", "tier", "podtailor.dev/preset")), st.sampled_from(_VALUES))


def _maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """The field is missing (drawn as ...), null, empty or full."""
    return st.one_of(st.just(...), st.none(), strategy)


@st.composite
def _resources(draw: st.DrawFn) -> Json:
    """Limits and requests, each key of them there or not; request <= limit as any admitted Pod has it."""
    limits: Json = {}
    requests: Json = {}
    for name, amounts in (("cpu", _CPU), ("memory", _MEMORY), ("ephemeral-storage", _MEMORY)):
        ordered = sorted(draw(st.lists(st.sampled_from(range(len(amounts))), min_size=2, max_size=2)))
        if draw(st.booleans()):
            limits[name] = amounts[ordered[1]]
        if draw(st.booleans()):
            requests[name] = amounts[ordered[0]]
    for name in draw(st.lists(st.sampled_from(_DEVICES), max_size=2, unique=True)):
        limits[name] = requests[name] = draw(st.sampled_from(("0", "1", "8", "40")))
    made: Json = {}
    if draw(st.booleans()):
        made["claims"] = []
    for key, value in (("limits", limits), ("requests", requests)):
        if draw(st.booleans()) or value:
            made[key] = value or None
    return made


_resize = st.lists(
    st.fixed_dictionaries(
        {"resourceName": st.sampled_from(("cpu", "memory")), "restartPolicy": st.just("NotRequired")}
    ),
    unique_by=lambda entry: entry["resourceName"],
)


@st.composite
def _container(draw: st.DrawFn, name: str, *, init: bool = False) -> Json:
    made: Json = {
        "name": name,
        "image": draw(st.sampled_from(("redis:7", "r.example:5000/team/vllm@sha256:00", "mongo"))),
        "futureField": {"deep": [1, {"er": None}]},
    }
    _set(made, "resources", draw(_maybe(_resources())))
    _set(made, "resizePolicy", draw(_maybe(_resize)))
    if init and draw(st.booleans()):
        made["restartPolicy"] = "Always"
    return made


_affinity = st.fixed_dictionaries(
    {
        "nodeAffinity": st.fixed_dictionaries(
            {
                "requiredDuringSchedulingIgnoredDuringExecution": st.fixed_dictionaries(
                    {
                        "nodeSelectorTerms": st.lists(
                            st.fixed_dictionaries(
                                {
                                    "matchExpressions": st.lists(
                                        st.fixed_dictionaries(
                                            {
                                                "key": st.sampled_from(_KEYS[:4]),
                                                "operator": st.sampled_from(("In", "NotIn")),
                                                "values": st.lists(
                                                    st.sampled_from(("arm64", "amd64")),
                                                    min_size=1,
                                                    unique=True,
                                                ),
                                            }
                                        ),
                                        min_size=1,
                                        max_size=2,
                                    )
                                }
                            ),
                            min_size=1,
                            max_size=3,
                        )
                    }
                )
            }
        )
    }
)
_tolerations = st.lists(
    st.sampled_from(
        (
            {"operator": "Exists"},
            {"key": "nvidia.com/gpu", "operator": "Exists"},
            {"key": "kubernetes.io/arch", "value": "arm64", "effect": "NoSchedule"},
            {"key": "x", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5},
        )
    ),
    max_size=3,
)
_owners = st.sampled_from(("StatefulSet", "ReplicaSet", "DaemonSet", "Job")).map(
    lambda kind: [
        {"apiVersion": "v1", "kind": "Extra", "name": "e", "uid": "e"},
        {"apiVersion": "apps/v1", "kind": kind, "name": "o", "uid": "o", "controller": True},
    ]
)


@st.composite
def pods(draw: st.DrawFn, *, owned: bool = True) -> Json:
    """`owned=False` leaves owners out: an API server takes only those that exist."""
    count = draw(st.one_of(st.integers(1, 3), st.just(20)))
    metadata: Json = {"name": "p", "namespace": "default", "managedFields": [{"manager": "test"}]}
    _set(metadata, "labels", draw(_maybe(_labels)))
    annotations = {
        "podtailor.dev/skip-containers": st.sampled_from(("c0", "c1, i0", "gone")),
        "podtailor.dev/applied": st.sampled_from(('{"gpu":["c0:x"]}', "not json", '{"a":3}')),
        "huge": st.just("x" * 200_000),
    }
    _set(metadata, "annotations", draw(_maybe(st.fixed_dictionaries({}, optional=annotations))))
    if draw(st.booleans()):
        metadata["labels"] = {
            **(metadata.get("labels") or {}),
            "podtailor.dev/workload-type": draw(st.sampled_from(_TYPES)),
        }
    if owned:
        _set(metadata, "ownerReferences", draw(_maybe(_owners)))
    spec: Json = {
        "containers": [draw(_container(f"c{index}")) for index in range(count)],
        "futureField": {"kept": True},
    }
    init = [draw(_container(f"i{index}", init=True)) for index in range(draw(st.integers(0, 2)))]
    _set(spec, "initContainers", draw(_maybe(st.just(init))))
    _set(spec, "restartPolicy", draw(st.sampled_from((..., "Always", "OnFailure", "Never"))))
    _set(
        spec, "nodeSelector", draw(_maybe(st.dictionaries(st.sampled_from(_KEYS), st.sampled_from(_VALUES))))
    )
    _set(spec, "affinity", draw(_maybe(_affinity)))
    _set(spec, "tolerations", draw(_maybe(_tolerations)))
    _set(spec, "nodeName", draw(st.sampled_from((..., ..., "node-1"))))
    _set(spec, "resources", draw(st.sampled_from((..., ..., {}, {"requests": {"cpu": "64"}}))))
    _set(spec, "volumes", draw(_maybe(st.just([{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}]))))
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": {"unknown": 1}}


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
    for name, amounts in (("cpu", _CPU), ("memory", _MEMORY), ("ephemeral-storage", _MEMORY)):
        at = st.integers(1, len(amounts) - 1)
        ordered = sorted(draw(st.lists(at, min_size=len(given), max_size=len(given))))
        for side, index in zip(given, ordered, strict=True):
            if draw(st.booleans()):
                given[side][name] = amounts[index]
        if "max" in sides and draw(st.booleans()):
            ratios[name] = draw(st.sampled_from(("1", "1.5", "4")))
    given["maxLimitRequestRatio"] = ratios
    return {side: values for side, values in given.items() if values}


@st.composite
def policies(draw: st.DrawFn) -> Json:
    """A valid policy document without a name, which wants a few things of a few Pods."""
    sides = draw(st.sampled_from((DEFAULTS, BOUNDS, (*DEFAULTS, *BOUNDS))))
    resources: Json = {"limits": [{"type": "Container", **draw(limits(*sides))}]}
    if draw(st.booleans()):
        resources["limits"].append({"type": "Pod", **draw(limits(*BOUNDS))})
    _set(resources, "perDevice", draw(_or_none(_some(("cpu", "memory"), st.sampled_from(("1", "1500m"))))))
    factors = _some(("cpu", "memory"), st.sampled_from(("1", "1.5", "2", "1e1")))
    if draw(st.booleans()):
        resources["qosClass"] = "Guaranteed"
    else:
        _set(resources, "limitFactor", draw(_or_none(factors)))
    spec: Json = {"priority": draw(st.integers(0, 3)), "resources": resources}
    restart = st.sampled_from(("NotRequired", "RestartContainer"))
    _set(spec, "resizePolicy", draw(_or_none(_some(("cpu", "memory"), restart))))
    _set(
        spec,
        "nodeSelector",
        draw(_or_none(st.dictionaries(st.sampled_from(_KEYS), st.sampled_from(("arm64", "a")), max_size=2))),
    )
    _set(spec, "tolerations", draw(_or_none(_tolerations)))
    types = st.lists(st.sampled_from(("GPU", "Stateful", "ARM64", "General")), max_size=2, unique=True)
    _set(spec, "match", draw(_or_none(st.fixed_dictionaries({}, optional={"workloadTypes": types}))))
    if "arm64" in spec.get("nodeSelector", {}).values() and spec.get("match", {}).get("workloadTypes") == [
        "General"
    ]:
        spec["match"]["workloadTypes"].append("ARM64")  # one that sends Pods there must match them there
    globs = st.lists(st.sampled_from(("c*", "c0", "i*", "*")), max_size=2, unique=True)
    _set(spec, "containers", draw(_or_none(st.fixed_dictionaries({}, optional={"names": globs}))))
    return {"apiVersion": "podtailor.dev/v1alpha1", "kind": "ClusterWorkloadPolicy", "spec": spec}


@st.composite
def _mild(draw: st.DrawFn) -> Json:
    """Bounds of a few resources that many a Pod keeps to."""
    given: Json = {"min": {}, "max": {}, "maxLimitRequestRatio": {}}
    for name, amounts in (("cpu", _CPU), ("memory", _MEMORY), ("ephemeral-storage", _MEMORY)):
        bound = draw(st.sampled_from(("none", "none", "min", "max", "maxLimitRequestRatio", "both")))
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
    items = [{"type": kind, **draw(_mild())} for kind in ("Container", "Pod") if draw(st.booleans())]
    return {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "r"}, "spec": {"limits": items}}


@st.composite
def quotas(draw: st.DrawFn) -> Json:
    """A ResourceQuota that has room, or has none, of what it counts."""
    counted = draw(st.sets(st.sampled_from(_COUNTED), min_size=1, max_size=3))
    spec: Json = {"hard": {name: draw(st.sampled_from(("1k", "8Ei", "8Ei"))) for name in sorted(counted)}}
    scope = draw(st.sampled_from((..., ..., "BestEffort", "NotBestEffort", "Terminating")))
    if scope is not ...:  # none of them takes ephemeral-storage, and BestEffort nothing but Pods
        spec["hard"].pop("requests.ephemeral-storage", None)
    if scope == "BestEffort" or not spec["hard"]:
        spec["hard"] = {"pods": draw(st.sampled_from(("0", "9")))}
    _set(spec, "scopes", scope if scope is ... else [scope])
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": spec}


_COUNTED = (
    "pods",
    "requests.cpu",
    "limits.cpu",
    "requests.memory",
    "limits.memory",
    "requests.ephemeral-storage",
)


def guards() -> st.SearchStrategy[list[Json]]:
    """What a namespace holds that can refuse a Pod: LimitRanges and ResourceQuotas, each by a name of its own."""
    drawn = st.lists(st.one_of(limit_ranges(), limit_ranges(), quotas()), max_size=2)
    return drawn.map(
        lambda found: [{**each, "metadata": {"name": f"g{at}"}} for at, each in enumerate(found)]
    )


def namespace_of(name: str, guards: list[Json]) -> Namespace:
    """The namespace with what its LimitRanges and quotas say."""
    made = Namespace(name)
    for each in guards:
        found = Object(Meta(namespace=name), json.dumps(each).encode())
        made = (
            guarded_by(made, QUOTAS.read(found))
            if each["kind"] == "ResourceQuota"
            else bound_by(made, RANGES.read(found))
        )
    return made


def namespaces() -> st.SearchStrategy[Namespace]:
    return guards().map(lambda found: namespace_of("default", found))


@st.composite
def sized_pods(draw: st.DrawFn) -> Json:
    """Pods that differ in resources alone, sized as a whole now and then."""
    containers = [
        {"name": f"c{index}", "image": "a", **_drawn(draw, "resources", _resources())}
        for index in range(draw(st.integers(1, 3)))
    ]
    init = [
        {
            "name": f"i{index}",
            "image": "a",
            **_drawn(draw, "resources", _resources()),
            **_drawn(draw, "restartPolicy", st.just("Always")),
        }
        for index in range(draw(st.integers(0, 2)))
    ]
    whole = {"requests": {"cpu": "16"}, "limits": {"cpu": "16", "memory": "1Ti"}}
    sized = {"resources": whole} if draw(st.integers(0, 9)) == 7 else {}
    spec = {"containers": containers, "initContainers": init, **sized}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}


def _drawn(draw: st.DrawFn, key: str, values: st.SearchStrategy[Any]) -> Json:
    return {key: draw(values)} if draw(st.booleans()) else {}


def many(strategy: st.SearchStrategy[T], count: int) -> list[T]:
    """The same ones every time: for tests to which each is worth more than the smallest that fails."""
    found: list[T] = []

    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(one: T) -> None:
        found.append(one)

    collect()
    random.Random(0).shuffle(found)  # noqa: S311 (no secret; the first ones are the plainest)
    return found


def _set(into: Json, key: str, value: Any) -> None:
    if value is not ...:
        into[key] = value

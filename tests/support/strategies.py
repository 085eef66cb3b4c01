"""Pods as nobody would write them but the API server would take them."""

from __future__ import annotations

import random
from typing import Any, TypeVar

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.support.pods import Json
from webhook.model.accelerators import PATTERNS
from webhook.model.declared import LAST_APPLIED

T = TypeVar("T")
_TYPES = ("gpu", "stateful", "arm64", "general", "GPU.arm64", "nonsense", "general.gpu", "")
# In order of amount.
CPU = ("0", "1m", "1500u", "100m", "250m", "0.5", "1", "2", "1e1", "16", "100M")
MEMORY = ("0", "1", "100500m", "64Mi", "256Mi", "0.5Gi", "1e9", "1G", "1Gi", "1Ti", "8Ei")
_DEVICES = [*(name.replace("*", "1") for name in PATTERNS), "nvidia.com/gpumem", "example.com/fpga"]
KEYS = ("kubernetes.io/arch", "beta.kubernetes.io/arch", "kubernetes.io/os", "zone", "node.example/pool")
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
    for name, amounts in (("cpu", CPU), ("memory", MEMORY), ("ephemeral-storage", MEMORY)):
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
    put(made, "resources", draw(_maybe(_resources())))
    put(made, "resizePolicy", draw(_maybe(_resize)))
    if init and draw(st.booleans()):
        made["restartPolicy"] = "Always"
    return made


_expressions = st.lists(
    st.one_of(
        st.fixed_dictionaries(
            {
                "key": st.sampled_from(KEYS[:4]),
                "operator": st.sampled_from(("In", "NotIn")),
                "values": st.lists(st.sampled_from(("arm64", "amd64")), min_size=1, unique=True),
            }
        ),
        st.fixed_dictionaries({"key": st.sampled_from(KEYS), "operator": st.just("Exists")}),
    ),
    min_size=1,
    max_size=2,
)
# The first part as of a Pod for one Node, the last as no Pod should be: the scheduler matches no Node with it.
_terms = st.one_of(
    st.fixed_dictionaries({"matchExpressions": _expressions}),
    st.fixed_dictionaries(
        {"matchFields": st.just([{"key": "metadata.name", "operator": "In", "values": ["node-1"]}])},
        optional={"matchExpressions": _expressions},
    ),
    st.sampled_from(({}, {"matchExpressions": []}, {"matchExpressions": None, "matchFields": None})),
)
_required = st.fixed_dictionaries({"nodeSelectorTerms": st.lists(_terms, min_size=1, max_size=3)})
PREFERENCES = st.lists(
    st.fixed_dictionaries({"weight": st.integers(1, 100), "preference": _terms}), max_size=2
)
NODE_AFFINITIES = st.fixed_dictionaries(
    {},
    optional={
        "requiredDuringSchedulingIgnoredDuringExecution": st.one_of(st.none(), _required),
        "preferredDuringSchedulingIgnoredDuringExecution": st.one_of(st.none(), PREFERENCES),
    },
)
_affinity = st.fixed_dictionaries(
    {},
    optional={
        "nodeAffinity": st.one_of(st.none(), NODE_AFFINITIES),
        "podAffinity": st.just({"futureField": []}),
    },
)
TOLERATIONS = st.lists(
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


_COUNTS = st.one_of(st.integers(1, 3), st.just(20))
FEW = st.sampled_from((1, 2, 3, 1, 2, 3, 1, 2, 3, 20))
"""How many containers a Pod has; those of 20 take seven times as long, and add little."""


@st.composite
def pods(
    draw: st.DrawFn,
    containers: st.SearchStrategy[int] = _COUNTS,
    *,
    owned: bool = True,
) -> Json:
    """`owned=False` leaves owners out: an API server takes only those that exist."""
    count = draw(containers)
    metadata: Json = {"name": "p", "namespace": "default", "managedFields": [{"manager": "test"}]}
    put(metadata, "labels", draw(_maybe(_labels)))
    annotations = {
        "podtailor.dev/skip-containers": st.sampled_from(("c0", "c1, i0", "gone")),
        "podtailor.dev/applied": st.sampled_from(('{"gpu":["c0:x"]}', "not json", '{"a":3}')),
        "huge": st.just("x" * 200_000),
        LAST_APPLIED: st.sampled_from(
            (
                "not json",
                "{}",
                '{"spec": {"tolerations": [], "containers": [{"name": "c0", "resizePolicy": []}]}}',
                '{"spec": {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {}}}}}',
            )
        ),
    }
    put(metadata, "annotations", draw(_maybe(st.fixed_dictionaries({}, optional=annotations))))
    if draw(st.booleans()):
        metadata["labels"] = {
            **(metadata.get("labels") or {}),
            "podtailor.dev/workload-type": draw(st.sampled_from(_TYPES)),
        }
    if owned:
        put(metadata, "ownerReferences", draw(_maybe(_owners)))
    spec: Json = {
        "containers": [draw(_container(f"c{index}")) for index in range(count)],
        "futureField": {"kept": True},
    }
    init = [draw(_container(f"i{index}", init=True)) for index in range(draw(st.integers(0, 2)))]
    put(spec, "initContainers", draw(_maybe(st.just(init))))
    put(spec, "restartPolicy", draw(st.sampled_from((..., "Always", "OnFailure", "Never"))))
    put(spec, "nodeSelector", draw(_maybe(st.dictionaries(st.sampled_from(KEYS), st.sampled_from(_VALUES)))))
    put(spec, "affinity", draw(_maybe(_affinity)))
    put(spec, "tolerations", draw(_maybe(TOLERATIONS)))
    put(spec, "nodeName", draw(st.sampled_from((..., ..., "node-1"))))
    put(spec, "resources", draw(st.sampled_from((..., ..., {}, {"requests": {"cpu": "64"}}))))
    source = draw(st.sampled_from((..., "persistentVolumeClaim", "emptyDir")))
    if source is not ...:
        given = {"claimName": "c"} if source == "persistentVolumeClaim" else {"medium": "Memory"}
        spec["volumes"] = [{"name": "v", source: given}]
        spec["containers"][0]["volumeMounts"] = [{"name": "v", "mountPath": "/v"}]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": {"unknown": 1}}


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
        database=None,
        derandomize=True,
        phases=[Phase.generate],
    )
    @given(strategy)
    def collect(one: T) -> None:
        found.append(one)

    collect()
    random.Random(0).shuffle(found)  # noqa: S311 (no secret; the first ones are the plainest)
    return found


def put(into: Json, key: str, value: Any) -> None:
    if value is not ...:
        into[key] = value

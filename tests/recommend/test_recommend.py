"""Whole owners: whose sizes they are, what fits, and what holds for every usage and every owner."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from tests.recommend.weeks import (
    AT,
    BEGIN,
    DAY,
    WEB,
    WEEK,
    advised,
    applied,
    container,
    measured,
    owner,
    size,
    week,
)
from tests.support.examples import examples
from webhook.audit.costs.autoscalers import Autoscaler, Metric
from webhook.model.names import QOS_RESOURCES, WorkloadType
from webhook.model.notice import Notice
from webhook.model.policy import Bounds
from webhook.model.quantity import of_milli
from webhook.model.subject import ContainerKind
from webhook.recommend.evidence import Sure
from webhook.recommend.owner import ContainerState, NodeSize, OwnerState, Size
from webhook.recommend.reasons import Name
from webhook.recommend.recommend import Recommendation, recommend
from webhook.recommend.rules import Rules
from webhook.resize.facts import VerticalAutoscaler
from webhook.usage.measured import ContainerOfPod, Measured, NamespaceUsage, Peak
from webhook.workloads.workload import Ref

MANY = Rules(max_shrink=1000)
MI = 2**20 * 1000
CRON = Ref("CronJob", "shop", "backup")
BOTH = frozenset(QOS_RESOURCES)


@pytest.mark.parametrize(
    ("usage", "state", "name", "detail"),
    [
        pytest.param(week(measured(), problems=(Notice("partial", "2 of 3 stores answered"),)), owner(), Name.NO_ANSWER, "partial: 2 of 3 stores answered", id="half an answer"),
        pytest.param(week(), owner(), Name.NOT_MEASURED, "nothing was measured", id="an empty answer"),
        pytest.param(week(measured(), container="other"), owner(), Name.NOT_MEASURED, "nothing was measured", id="usage of another container"),
        pytest.param(week(measured(), owner=Ref("Deployment", "shop", "api")), owner(), Name.NOT_MEASURED, "nothing was measured", id="usage of another owner"),
        pytest.param(week(measured(), measured(), owner=CRON), owner(ref=CRON), Name.FEW_RUNS, "2 runs: at least 3 are needed", id="two runs of a CronJob"),
        pytest.param(week(measured()), owner(has_pod_level=True), Name.POD_LEVEL, "its Pods have resources as a whole", id="a Pod with resources of its own"),
        pytest.param(week(measured()), owner(vertical=(VerticalAutoscaler("vpa", "Auto", {"*": BOTH}),)), Name.VERTICALLY_SCALED, "VerticalPodAutoscaler vpa sets it", id="what a VPA sets"),
    ],
)  # fmt: skip
def test_leaves_whole_containers(usage: NamespaceUsage, state: OwnerState, name: Name, detail: str) -> None:
    found = advised(usage, state, MANY)
    assert not found.changes
    assert {each.why.name for each in found.advice.values()} == {name}
    assert all(each.why.detail.startswith(detail) for each in found.advice.values())
    assert found.is_judged == (name in (Name.POD_LEVEL, Name.VERTICALLY_SCALED))


def test_a_vpa_leaves_what_it_does_not_control() -> None:
    vertical = VerticalAutoscaler("vpa", "Auto", {"*": frozenset({"memory"})})
    found = advised(week(measured()), owner(vertical=(vertical,)), MANY)
    assert [name for name, each in found.advice.items() if each.changes] == ["cpu"]


def test_three_runs_of_a_cron_job_are_sure_from_the_first_to_the_last() -> None:
    runs = [measured(first=BEGIN + day * DAY, last=BEGIN + day * DAY + 600) for day in (0, 3, 6.99)]
    found = advised(week(*runs, owner=CRON), owner(ref=CRON), MANY)
    assert found.evidence
    assert found.evidence.pods == 3
    assert found.sure is Sure.HIGH
    assert found.advice["memory"].after == size("464Mi")


def test_short_runs_of_a_job_count_too() -> None:
    short = [measured("2", first=BEGIN + day * DAY, last=BEGIN + day * DAY + 600) for day in (0, 3)]
    long = measured("200m", first=BEGIN + 5 * DAY, last=BEGIN + 6 * DAY)
    found = advised(week(*short, long, owner=CRON), owner(ref=CRON), MANY)
    assert found.advice["cpu"].after == size("2300m")


def test_init_containers_get_nothing_and_sidecars_do() -> None:
    setup, proxy = (
        container(name="setup", kind=ContainerKind.INIT),
        container(name="proxy", kind=ContainerKind.SIDECAR, is_in_template=False),
    )
    usage = week(measured())
    more = {ContainerOfPod("web-a", name): measured("50m") for name in ("setup", "proxy")}
    found = recommend(
        structs.replace(usage, containers={**usage.containers, **more}),
        owner(container(), setup, proxy),
        MANY,
    )
    assert [each.container for each in found] == ["app", "proxy"]
    assert found[1].advice["cpu"].after == size("60m")
    assert not found[1].is_in_template


def test_says_what_each_accelerator_gets() -> None:
    found = advised(week(measured("3")), owner(container(("8",), devices=4)), MANY)
    assert found.per_device("cpu") == -(-3450 // 4)


def test_spread_is_over_the_pods() -> None:
    found = advised(week(measured("20m"), measured("200m", memory="500Mi")), owner())
    assert found.evidence
    assert found.evidence.spread == {"cpu": (20, 200), "memory": (400 * MI, 500 * MI)}


# --- what holds for every usage and every owner

_CPU = st.one_of(st.none(), st.integers(1, 4000))
_MEMORY = st.one_of(st.none(), st.integers(1, 4096 * MI))


@st.composite
def _sizes(draw: st.DrawFn) -> Mapping[str, Size]:
    sizes = {}
    for resource, amounts in (
        ("cpu", st.integers(1, 8000)),
        ("memory", st.integers(1, 8192).map(lambda mi: mi * MI)),
    ):
        request, limit = draw(st.one_of(st.none(), amounts)), draw(st.one_of(st.none(), amounts))
        if draw(st.booleans()):
            request = limit
        if limit is not None:
            request = min(limit if request is None else request, limit)
        sizes[resource] = Size(request, limit)
    return sizes


@st.composite
def _measured(draw: st.DrawFn) -> Measured:
    first = BEGIN + draw(st.sampled_from((0.0, 1.0, 4.5, 6.9))) * DAY
    last = draw(st.sampled_from((first, WEEK.end - WEEK.step)))
    cpu, memory, kills = draw(_CPU), draw(_MEMORY), draw(st.booleans())
    return Measured(
        cpu_quantile=draw(_CPU),
        cpu_peak=None if cpu is None else Peak(cpu, AT),
        memory_peak=None if memory is None else Peak(memory, AT),
        cpu_limit=draw(st.one_of(st.none(), st.integers(1, 8000))),
        memory_limit=draw(st.one_of(st.none(), st.integers(1, 8192).map(lambda mi: mi * MI))),
        points=draw(st.integers(1, 2016)),
        first=first,
        last=last,
        oom_killed_at=AT if kills else None,
        throttled=draw(st.sampled_from((None, 0.0, 0.5))),
    )


@st.composite
def _bounds(draw: st.DrawFn) -> Bounds:
    low, high = sorted(draw(st.lists(st.integers(1, 4000), min_size=2, max_size=2)))
    ratio = draw(st.sampled_from((None, 1000, 1500, 4000)))
    return Bounds(
        min={"cpu": of_milli(low)},
        max={"cpu": of_milli(high), "memory": of_milli(high * MI)},
        ratio={} if ratio is None else {"memory": of_milli(ratio), "cpu": of_milli(ratio)},
    )


@st.composite
def _owners(draw: st.DrawFn) -> OwnerState:
    containers = tuple(
        ContainerState(
            name=name,
            kind=draw(st.sampled_from(ContainerKind)),
            sizes=draw(_sizes()),
            runtime=draw(st.sampled_from(("", "", "the JVM"))),
        )
        for name in ("app", "proxy")[: draw(st.integers(1, 2))]
    )
    target = draw(
        st.one_of(st.none(), st.builds(Metric, st.sampled_from(QOS_RESOURCES), st.integers(1, 100)))
    )
    scaler = Autoscaler(Ref("HorizontalPodAutoscaler", "shop", "web"), WEB, (target,)) if target else None
    return OwnerState(
        ref=WEB,
        containers=containers,
        types=draw(st.sampled_from(((WorkloadType.GENERAL,), (WorkloadType.STATEFUL,)))),
        autoscalers=(scaler,) if scaler else (),
        knows_autoscalers=draw(st.sampled_from((True, True, True, False))),
        container_bounds=tuple(draw(st.lists(_bounds(), max_size=1))),
        pod_bounds=tuple(draw(st.lists(_bounds(), max_size=1))),
        nodes=draw(st.sampled_from(((), (NodeSize("a", {"cpu": 2000, "memory": 2048 * MI}),)))),
    )  # fmt: skip


@st.composite
def _weeks(draw: st.DrawFn) -> NamespaceUsage:
    pods = draw(st.lists(st.tuples(_measured(), _measured()), max_size=3))
    containers = {
        ContainerOfPod(f"web-{at}", name): each
        for at, both in enumerate(pods)
        for name, each in zip(("app", "proxy"), both, strict=True)
    }
    owners = {each.pod: WEB for each in containers}
    is_history = draw(st.sampled_from((True, True, True, False)))
    return NamespaceUsage(
        namespace="shop", window=WEEK, containers=containers, owners=owners, is_history=is_history
    )


_RULES = st.builds(
    Rules,
    max_shrink=st.sampled_from((500, 1000)),
    limit_factor=st.sampled_from(({}, {"cpu": 5000, "memory": 2000})),
    with_hpa=st.booleans(),
    allow_shrink_memory=st.booleans(),
)
_CLAMPED = (Name.LIMIT_RANGE, Name.DOES_NOT_FIT)


@examples(50)
@given(_weeks(), _owners(), _RULES)
def test_its_own_output_changes_nothing(usage: NamespaceUsage, state: OwnerState, rules: Rules) -> None:
    """But for what one run alone may not do: then the next ones do it, and end."""
    runs = 1 if rules.max_shrink == 1000 else 16
    for _ in range(runs):
        found = recommend(usage, state, rules)
        after = _with_targets(applied(state, found), found)
        state = after
    assert not [each for each in recommend(usage, state, rules) if each.changes]


def _with_targets(state: OwnerState, found: list[Recommendation]) -> OwnerState:
    targets = {each.resource: each.after for each in found[0].targets} if found else {}
    return structs.replace(
        state,
        autoscalers=tuple(
            structs.replace(
                scaler,
                metrics=tuple(
                    structs.replace(each, target=targets.get(each.resource, each.target)) for each in scaler.metrics
                ),
            )
            for scaler in state.autoscalers
        ),
    )  # fmt: skip


@examples(50)
@given(_weeks(), _owners(), _RULES)
def test_sizes_are_sound(usage: NamespaceUsage, state: OwnerState, rules: Rules) -> None:
    before = applied(state, [])
    for each in recommend(usage, state, rules):
        for resource, advice in each.advice.items():
            (request, limit), (old_request, old_limit) = advice.after, advice.before
            assert request is None or limit is None or request <= limit
            assert all(value is None or (type(value) is int and value > 0) for value in advice.after)
            assert (request is None) <= (old_request is None), "a request is never taken away"
            assert (limit is None) <= (old_limit is None)
            if advice.why.name in _CLAMPED:
                continue
            if request is not None and request != old_request:
                assert request >= (10 if resource == "cpu" else 32 * MI)
            evidence = each.evidence
            is_unsure = not usage.is_history or each.sure is Sure.LOW
            kept = evidence and (
                (resource == "memory" and evidence.kill)
                or (resource == "cpu" and evidence.throttled and evidence.throttled.value > 100)
                or resource in evidence.cut_off
            )
            if is_unsure or kept:
                assert (request or 0) >= (old_request or 0)
                assert (limit or 0) >= (old_limit or 0)
    assert state == before


@examples(50)
@given(_weeks(), _owners(), _RULES)
def test_a_guaranteed_pod_stays_one(usage: NamespaceUsage, state: OwnerState, rules: Rules) -> None:
    equal = structs.replace(
        state,
        containers=tuple(
            structs.replace(each, sizes={"cpu": Size(500, 500), "memory": Size(512 * MI, 512 * MI)})
            for each in state.containers
        ),
    )
    assert applied(equal, recommend(usage, equal, rules)).is_guaranteed

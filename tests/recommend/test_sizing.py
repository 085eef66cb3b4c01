"""One resource of a container: what stays as it is, then what changes, each with its reason."""

from __future__ import annotations

from typing import Any

import pytest

from tests.recommend.weeks import AT, BEGIN, DAY, WEEK, advised, container, measured, owner, size, week
from webhook.audit.costs.autoscalers import Autoscaler, Metric
from webhook.model.names import WorkloadType
from webhook.model.policy import Bounds
from webhook.model.quantity import of_milli
from webhook.recommend.owner import Size
from webhook.recommend.reasons import Name
from webhook.recommend.rules import Rules
from webhook.usage.measured import Measured
from webhook.workloads.workload import Ref

MANY = Rules(max_shrink=1000)
"""Shrinks as far as usage says, in one run."""
HPA = Autoscaler(
    Ref("HorizontalPodAutoscaler", "shop", "api"), Ref("Deployment", "shop", "web"), (Metric("cpu", 70),)
)
HIGHEST = {"cpu": of_milli(200), "memory": of_milli(256 * 2**20 * 1000)}


@pytest.mark.parametrize(
    ("pods", "state", "more", "resource", "name", "detail"),
    [
        pytest.param([measured("850m")], {}, {}, "cpu", Name.SMALL_CHANGE, "980m is too near to what stands; P95 850m of web-a, and 15 %", id="a need within 10 %"),
        pytest.param([measured(memory="24Mi")], {"memory": ("64Mi",)}, {}, "memory", Name.SMALL_CHANGE, "32Mi is too near", id="a need within 32Mi"),
        pytest.param([measured("200m", memory="400Mi", first=BEGIN + 5 * DAY)], {}, {}, "cpu", Name.RAISES_ONLY, "2.0 days of usage only raise, less takes 3; measured 200m", id="more than two days ask for"),
        pytest.param([measured(throttled=0.12)], {}, {}, "cpu", Name.THROTTLED, "web-a was throttled in 12 % of its periods: the need is above", id="what was throttled"),
        pytest.param([measured(peak="960m", cpu_limit=1000)], {}, {}, "cpu", Name.CUT_OFF, "web-a came near its limit with 960m on 14 Sep 02:26", id="CPU near its limit"),
        pytest.param([measured(memory="973Mi", memory_limit=2**30 * 1000)], {}, {}, "memory", Name.CUT_OFF, "web-a came near its limit with 973Mi", id="memory near its limit"),
        pytest.param([measured()], {"runtime": "the JVM"}, {}, "memory", Name.KEEPS_MEMORY, "the JVM uses what it was given", id="the memory of a JVM"),
        pytest.param([measured(memory="1000Mi")], {"memory": ("1Gi", "1Gi"), "runtime": "the JVM"}, {}, "memory", Name.KEEPS_MEMORY, "the JVM uses what it was given", id="the memory that a JVM has filled"),
        pytest.param([measured(oom_killed_at=AT)], {}, {}, "memory", Name.OOM_KILLED, "web-a was OOM-killed on 14 Sep 02:26", id="what the Node killed without a limit"),
        pytest.param([measured()], {}, {"autoscalers": (HPA,)}, "cpu", Name.AUTOSCALED, "HorizontalPodAutoscaler api keeps it at 70 % of its request: 230m would need a target of 304 %", id="the request that an autoscaler goes by"),
        pytest.param([measured()], {}, {"knows_autoscalers": False}, "cpu", Name.AUTOSCALERS_UNKNOWN, "whether a HorizontalPodAutoscaler goes by it is unknown; P95 200m", id="what an unknown autoscaler may go by"),
        pytest.param([measured(None)], {}, {}, "cpu", Name.NOT_MEASURED, "its cpu was not measured", id="what was not measured"),
    ],
)  # fmt: skip
def test_leaves(
    pods: list[Measured],
    state: dict[str, Any],
    more: dict[str, Any],
    resource: str,
    name: Name,
    detail: str,
) -> None:
    advice = advised(week(*pods), owner(container(**state), **more)).advice[resource]
    assert (advice.why.name, advice.changes) == (name, False)
    assert advice.why.detail.startswith(detail)


@pytest.mark.parametrize(
    ("pods", "state", "more", "resource", "after", "name", "detail"),
    [
        pytest.param([measured("200m"), measured("208m")], {}, {}, "cpu", size("240m"), Name.QUANTILE, "P95 208m of web-b, and 15 %", id="CPU to the highest P95 of the Pods"),
        pytest.param([measured("10m", "11m")], {}, {}, "cpu", size("15m"), Name.QUANTILE, "P95 10m", id="little CPU in steps of 5m"),
        pytest.param([measured("1")], {"cpu": ("2",)}, {}, "cpu", size("1150m"), Name.QUANTILE, "P95 1 of", id="much CPU in steps of 50m"),
        pytest.param([measured("1m", "2m")], {}, {}, "cpu", size("10m"), Name.QUANTILE, "P95 1m", id="CPU to no less than 10m"),
        pytest.param([measured(memory="900Mi")], {}, {}, "memory", size("1040Mi"), Name.PEAK, "peak of 900Mi of web-a on 14 Sep 02:26, and 15 %", id="memory to the peak, in steps of 16Mi"),
        pytest.param([measured(memory="1Mi")], {}, {}, "memory", size("32Mi"), Name.PEAK, "peak of 1Mi", id="memory to no less than 32Mi"),
        pytest.param([measured()], {"cpu": (None,)}, {}, "cpu", size("230m"), Name.QUANTILE, "P95 200m", id="a request that is missing"),
        pytest.param([measured("900m", "1")], {"cpu": ("200m", "1")}, {}, "cpu", size("1050m", "1200m"), Name.QUANTILE, "P95 900m", id="a limit to 1.2 x the peak"),
        pytest.param([measured(peak="1", cpu_limit=1000)], {"cpu": ("600m", "1")}, {}, "cpu", size("600m", "1200m"), Name.CUT_OFF, "web-a came near", id="a limit under a request that stays"),
        pytest.param([measured(peak="1", cpu_limit=2000)], {"cpu": ("230m", "1")}, {}, "cpu", size("230m", "1200m"), Name.PEAK, "peak of 1 of web-a on 14 Sep 02:26, and 20 %", id="a limit alone"),
        pytest.param([measured("200m", "400m")], {"cpu": ("1", "1"), "memory": ("2Gi", "2Gi")}, {}, "cpu", size("440m", "440m"), Name.PEAK, "peak of 400m of web-a on 14 Sep 02:26, and 10 %", id="a Guaranteed Pod to its peaks"),
        pytest.param([measured(memory="900Mi")], {"cpu": ("1", "1"), "memory": ("2Gi", "2Gi")}, {}, "memory", size("1040Mi", "1040Mi"), Name.PEAK, "peak of 900Mi", id="both sides of a Guaranteed Pod's memory"),
        pytest.param([measured("200m", "400m")], {}, {"types": (WorkloadType.STATEFUL,)}, "cpu", size("440m"), Name.PEAK, "peak of 400m", id="stateful Pods to their peaks"),
        pytest.param([measured(memory="600Mi", oom_killed_at=AT, memory_limit=2**30 * 1000)], {"memory": ("1Gi", "1Gi")}, {}, "memory", size("1Gi", "1280Mi"), Name.OOM_KILLED, "web-a was OOM-killed at 1Gi on 14 Sep 02:26: x 1.25, or 100Mi more", id="the limit that it was killed at"),
        pytest.param([measured(memory="60Mi", oom_killed_at=AT, memory_limit=64 * 2**20 * 1000)], {"memory": ("64Mi", "64Mi")}, {}, "memory", size("64Mi", "176Mi"), Name.OOM_KILLED, "web-a was OOM-killed at 64Mi", id="a small limit by 100Mi"),
        pytest.param([measured("2", "3", first=BEGIN + 6.9 * DAY)], {}, {}, "cpu", size("2300m"), Name.QUANTILE, "P95 2 of", id="raises after two hours"),
        pytest.param([measured("500m")], {}, {"container_bounds": (Bounds(max=HIGHEST),)}, "cpu", size("200m"), Name.LIMIT_RANGE, "a LimitRange wants a request of at most 200m, not 580m", id="what a LimitRange allows"),
        pytest.param([measured("1m")], {}, {"container_bounds": (Bounds(min=HIGHEST),)}, "cpu", size("200m"), Name.LIMIT_RANGE, "a LimitRange wants a request of at least 200m, not 10m", id="what a LimitRange wants at least"),
        pytest.param([measured("100m")], {"cpu": ("1", "2")}, {"container_bounds": (Bounds(ratio={"cpu": of_milli(4000)}),)}, "cpu", size("500m", "2"), Name.LIMIT_RANGE, "a LimitRange wants a request of at least 500m, not 120m", id="the request, where a limit may be 4 x as much"),
    ],
)  # fmt: skip
def test_changes(
    pods: list[Measured],
    state: dict[str, Any],
    more: dict[str, Any],
    resource: str,
    after: Any,
    name: Name,
    detail: str,
) -> None:
    advice = advised(week(*pods), owner(container(**state), **more), MANY).advice[resource]
    assert (advice.after, advice.why.name) == (after, name)
    assert advice.why.detail.startswith(detail)


def test_one_run_halves_at_most() -> None:
    advice = advised(week(measured("100m")), owner(), Rules()).advice["cpu"]
    assert advice.after == size("500m")
    assert advice.why == type(advice.why)(
        Name.MAX_SHRINK, "P95 100m of web-a, and 15 %: at most 50 % less in one run", "web-a"
    )


def test_one_moment_raises_and_never_lowers() -> None:
    low, high = measured("100m", memory="3Gi"), owner()
    found = advised(week(low, is_history=False), high, MANY).advice
    assert (found["cpu"].changes, found["cpu"].why.name) == (False, Name.RAISES_ONLY)
    assert found["memory"].after == size("3536Mi")


def test_memory_of_a_runtime_shrinks_if_that_is_allowed() -> None:
    state = owner(container(runtime="the JVM"))
    rules = Rules(max_shrink=1000, allow_shrink_memory=True)
    assert advised(week(measured()), state, rules).advice["memory"].after == size("464Mi")


def test_a_policy_says_what_the_limit_is() -> None:
    rules = Rules(max_shrink=1000, limit_factor={"cpu": 5000, "memory": 1000})
    found = advised(week(measured("200m", "300m", "400Mi")), owner(), rules).advice
    assert found["cpu"].after == size("230m", "1150m")
    assert found["memory"].after == size("464Mi", "480Mi")  # no less than 1.2 x the peak


def test_request_and_target_change_together() -> None:
    rules = Rules(max_shrink=1000, with_hpa=True)
    found = advised(week(measured()), owner(autoscalers=(HPA,)), rules)
    assert found.advice["cpu"].after == size("230m")
    (target,) = found.targets
    assert (target.autoscaler, target.before, target.after) == ("api", 70, 304)


def test_an_unknown_autoscaler_leaves_a_limit_that_is_too_low_to_be_raised() -> None:
    killed = measured(oom_killed_at=AT, memory_limit=2**31 * 1000)
    state = owner(container(memory=("1Gi", "2Gi")), knows_autoscalers=False)
    assert advised(week(killed), state, MANY).advice["memory"].after == size("1Gi", "2560Mi")


def test_a_target_stays_at_100_where_the_request_is_the_limit() -> None:
    rules = Rules(max_shrink=1000, with_hpa=True)
    state = owner(container(("1", "1"), ("2Gi", "2Gi")), autoscalers=(HPA,))
    found = advised(week(measured()), state, rules)
    assert found.advice["cpu"].after == size("700m", "700m")
    assert found.targets[0].after == 100


def test_a_pod_that_has_just_started_says_nothing_of_p95() -> None:
    young = measured("2", "2", first=WEEK.end - 3000, points=10)
    assert advised(week(measured("200m"), young), owner(), MANY).advice["cpu"].after == size("230m")


@pytest.mark.parametrize(
    ("pod", "memory", "after"),
    [
        pytest.param(measured(memory="99Mi"), ("100Mi", "100Mi"), size("100Mi", "128Mi"), id="under 32Mi"),
        pytest.param(
            measured(oom_killed_at=AT, memory_limit=2**31 * 1000),
            ("2Gi", "2Gi"),
            size("2Gi", "2560Mi"),
            id="under 50 %",
        ),
    ],
)
def test_no_raise_for_safety_is_too_small(pod: Measured, memory: tuple[str, ...], after: Size) -> None:
    rules = Rules(min_change=500)
    assert advised(week(pod), owner(container(memory=memory)), rules).advice["memory"].after == after

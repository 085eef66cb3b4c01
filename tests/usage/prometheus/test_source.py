"""Usage from a Prometheus API whose answers are not what they should be. Real ones: tests/e2e/usage."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest

from tests.usage.prometheus.fake_server import Reply, Request, answer, error, fake_prometheus
from webhook.errors import InputError
from webhook.usage.measured import ContainerOfPod, ContainerUsage, Measured, NamespaceUsage, Peak, Window
from webhook.usage.prometheus.queries import ALL_PODS
from webhook.usage.prometheus.server import PrometheusServer
from webhook.usage.prometheus.source import PrometheusUsage

_WINDOW = Window(1_000_000.0, 1_007_200.0, 300.0)
_APP = {"namespace": "shop", "pod": "web-0", "container": "app"}
_KEY = ContainerOfPod("web-0", "app")


def _value(value: str, **labels: str) -> dict[str, Any]:
    return {"metric": labels or _APP, "value": [_WINDOW.end, value]}


def _values(*values: str) -> dict[str, Any]:
    return {
        "metric": _APP,
        "values": [[_WINDOW.begin + 3600 * (i + 1), each] for i, each in enumerate(values)],
    }


def _clusters(*labels: dict[str, str]) -> Reply:
    return answer("matrix", *({**_values("2"), "metric": each} for each in labels))


# By what only its query contains; in this order.
_HEALTHY = {
    "count by": _clusters({"cluster": "a"}),
    "count(": answer("vector", _value("1")),
    "count_over_time": answer("matrix", _values("8", "3")),
    "quantile_over_time": answer("vector", _value("0.2")),
    "kube_pod_owner": answer(
        "vector", _value("1", pod="web-0", owner_kind="StatefulSet", owner_name="web", owner_is_controller="true")
    ),
    "kube_replicaset_owner": answer("vector"),
    "kube_job_owner": answer("vector"),
    "max by (namespace,pod,container) ({": answer("matrix", _values("300", "400")),
    'resource="cpu"': answer("vector", _value("0.5")),
    'resource="memory"': answer("vector", _value("1048576")),
    "terminated_timestamp": answer("vector"),
    "min_over_time": answer("vector"),
    "cfs": answer("vector", _value("0.25")),
    "container_cpu_usage": answer("matrix", _values("0.1", "0.3")),
    "container_memory": answer("matrix", _values("500", "400")),
}  # fmt: skip


def _ask(source_of: Any = None, **changed: Reply) -> tuple[NamespaceUsage, list[Request]]:
    """`changed`: other replies, by the name of the metric or function."""
    replies = {key: changed.get(key, _HEALTHY.get(key)) for key in (*(changed.keys() - _HEALTHY), *_HEALTHY)}

    def reply(request: Request) -> Reply | None:
        return next(each for part, each in replies.items() if part in request.query)

    with fake_prometheus(reply) as fake:
        source = (source_of or PrometheusUsage)(PrometheusServer(fake.url), _WINDOW)
        return source.usage("shop"), fake.requests


_IN_USE = {
    "count by": _clusters({"cluster": "a"}),
    "container_memory_usage_bytes": answer("vector", _value("700")),
    "container_cpu_usage": answer("vector", _value("0.2501")),
    "container_memory_working_set": answer("matrix", _values("500", "900")),
}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        pytest.param({}, {_KEY: ContainerUsage(cpu=251, memory=900_000)}, id="the most of the window"),
        pytest.param(
            {"container_memory_working_set": answer("matrix", _values("500"))},
            {_KEY: ContainerUsage(cpu=251, memory=700_000)},
            id="what is in use with the page cache",
        ),
        pytest.param({"container_memory_usage_bytes": answer("vector")}, {}, id="nothing is not zero"),
    ],
)
def test_in_use(changed: dict[str, Reply], expected: dict[ContainerOfPod, ContainerUsage]) -> None:
    replies = {**_IN_USE, **changed}
    with fake_prometheus(
        lambda asked: next(each for part, each in replies.items() if part in asked.query)
    ) as fake:
        assert PrometheusUsage(PrometheusServer(fake.url), _WINDOW).in_use("shop") == expected


def test_in_use_is_whole_or_an_error() -> None:
    replies = {**_IN_USE, "container_cpu_usage": error(503, "unavailable", "no")}
    with fake_prometheus(
        lambda asked: next(each for part, each in replies.items() if part in asked.query)
    ) as fake:
        source = PrometheusUsage(PrometheusServer(fake.url), _WINDOW)
        with pytest.raises(InputError):
            source.in_use("shop")


def test_points_have_both_cpu_and_memory() -> None:
    """Two hours of the one and an hour of the other are an hour."""
    usage, _ = _ask(
        count_over_time=answer("matrix", _values("12", "12")),
        container_memory=answer("matrix", _values("500")),
    )
    assert usage.containers[_KEY].points == 12


def test_whole_answer() -> None:
    usage, requests = _ask()
    assert usage.containers == {
        _KEY: Measured(
            cpu_quantile=200,
            cpu_peak=Peak(300, _WINDOW.end),
            memory_peak=Peak(500_000, _WINDOW.begin + 3600),
            cpu_limit=500,
            memory_limit=1_048_576_000,
            points=11,
            first=_WINDOW.begin + 1200,
            last=_WINDOW.begin + 3600 + 900,
            throttled=0.25,
        )
    }
    assert {pod: str(owner) for pod, owner in usage.owners.items()} == {"web-0": "StatefulSet shop/web"}
    assert usage.problems == usage.notes == ()
    assert usage.is_history
    assert len({each.query for each in requests}) == len(requests) == 13


@pytest.mark.parametrize("part", sorted(_HEALTHY.keys() - {"count(", "max by (namespace,pod,container) ({"}))
def test_no_query_may_fail(part: str) -> None:
    usage, _ = _ask(**{part: error(400, "bad_data", part)})
    assert [each.reason for each in usage.problems] == ["query-refused"]
    assert usage.containers == {}


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        pytest.param({"container_memory": answer("matrix")}, "no-container-labels", id="none has a container"),
        pytest.param({"container_memory": answer("matrix"), "count(": answer("vector")}, "no-usage", id="nothing"),
        pytest.param({"container_cpu_usage": answer("matrix")}, "no-usage", id="no CPU"),
        pytest.param({"kube_pod_owner": answer("vector")}, "no-owners", id="no kube-state-metrics"),
        pytest.param({"quantile_over_time": answer("vector", _value("NaN"))}, "unexpected-answer", id="NaN"),
        pytest.param({"container_memory": answer("matrix", _values("5", "+Inf"))}, "unexpected-answer", id="+Inf"),
        pytest.param({"container_cpu_usage": answer("matrix", _values("-1"))}, "unexpected-answer", id="less than 0"),
        pytest.param({"cfs": answer("scalar", 1, "1")}, "unexpected-answer", id="a scalar"),
        pytest.param({"kube_job_owner": answer("vector", warnings=["a store is away"])}, "partial-usage", id="a warning"),
        pytest.param({"count by": _clusters({"cluster": "a"}, {})}, "several-clusters", id="two clusters"),
    ],
)  # fmt: skip
def test_half_an_answer_is_none(changed: dict[str, Reply], problem: str) -> None:
    usage, _ = _ask(**changed)
    assert [each.reason for each in usage.problems] == [problem]
    assert usage.containers == {}
    assert usage.owners == {}


def test_what_one_container_has_not_is_unknown() -> None:
    unknown = ("quantile_over_time", 'resource="cpu"', 'resource="memory"', "cfs")
    usage, _ = _ask(**dict.fromkeys(unknown, answer("vector")), count_over_time=answer("matrix"))
    (measured,) = usage.containers.values()
    assert measured.cpu_quantile is measured.cpu_limit is measured.memory_limit is measured.throttled is None
    assert measured.points == 0
    assert (measured.first, measured.last) == (_WINDOW.begin, _WINDOW.end)


def test_rates_of_a_short_life_are_of_more_than_it() -> None:
    slope = answer("vector", _value("0.75"))
    usage, _ = _ask(count_over_time=answer("matrix", _values("2")), deriv=slope)
    measured = usage.containers[_KEY]
    assert (measured.cpu_quantile, measured.cpu_peak) == (750, Peak(750, _WINDOW.end))
    usage, requests = _ask(count_over_time=answer("matrix", _values("3")), deriv=slope)
    assert usage.containers[_KEY].cpu_quantile == 200
    assert not any("deriv" in each.query for each in requests)


def test_life_within_an_hour() -> None:
    usage, _ = _ask(count_over_time=answer("matrix", _values("4")))
    (measured,) = usage.containers.values()
    assert (measured.first, measured.last) == (_WINDOW.begin, _WINDOW.begin + 1200)


_MIDDLE = _WINDOW.begin + 3600


@pytest.mark.parametrize(
    ("killed", "limit"),
    [
        pytest.param(_MIDDLE + 60, 300_000, id="since the limit was seen"),
        pytest.param(_MIDDLE - 60, 300_000, id="before the first that was seen"),
        pytest.param(_WINDOW.end, 400_000, id="at the last one"),
    ],
)
def test_kill_has_the_limit_that_stood_then(killed: float, limit: int) -> None:
    usage, _ = _ask(terminated_timestamp=answer("vector", _value(f"{killed}")))
    measured = usage.containers[_KEY]
    assert (measured.oom_killed_at, measured.memory_limit) == (killed, limit)


def test_kill_without_any_limit() -> None:
    changed = {part: answer("matrix") for part in _HEALTHY if part.endswith("({")}
    usage, _ = _ask(terminated_timestamp=answer("vector", _value(f"{_MIDDLE}")), **changed)
    assert usage.containers[_KEY].memory_limit == 1_048_576_000


@pytest.mark.parametrize(
    ("dated", "seen", "killed"),
    [
        pytest.param(None, _MIDDLE, _MIDDLE, id="without a date"),
        pytest.param(None, _WINDOW.begin + 300, None, id="seen from the begin on"),
        pytest.param(_MIDDLE, _WINDOW.begin + 300, _MIDDLE, id="seen from the begin on, and again"),
        pytest.param(_WINDOW.begin - 1, _WINDOW.begin, None, id="before"),
        pytest.param(_WINDOW.begin - 1, _MIDDLE, None, id="before, and seen since the first sample"),
        pytest.param(_MIDDLE, _MIDDLE + 60, _MIDDLE, id="both"),
    ],
)
def test_kills_in_the_window(dated: float | None, seen: float, killed: float | None) -> None:
    when = [_value(f"{dated}")] if dated else []
    usage, _ = _ask(
        terminated_timestamp=answer("vector", *when), min_over_time=answer("vector", _value(f"{seen}"))
    )
    assert usage.containers[_KEY].oom_killed_at == killed


def test_cluster_that_was_chosen_is_in_each_query() -> None:
    usage, requests = _ask(
        lambda server, window: PrometheusUsage(server, window, cluster=("cluster", "b")),
        **{"count by": _clusters({"cluster": "b", "k8s_cluster": "x"}, {"cluster": "b"})},
    )
    assert usage.problems == ()
    assert all('cluster="b"' in each.query for each in requests)


def test_measured_pods_of_unknown_owners_are_named() -> None:
    of_gone = _value("1", pod="web-0", owner_kind="ReplicaSet", owner_name="gone", owner_is_controller="true")
    usage, _ = _ask(kube_pod_owner=answer("vector", of_gone))
    assert usage.problems == ()
    (note,) = usage.notes
    assert note.reason == "unknown-owner"
    assert note.detail == "no workload is sized by the usage of 1 measured Pod, whose owner is unknown: web-0"


def test_server_that_takes_no_large_query_is_asked_in_parts() -> None:
    def reply(request: Request) -> Reply:
        if (
            "kube_replicaset" not in request.query
            and "kube_job" not in request.query
            and "pod=~" not in request.query
        ):
            return error(422, "execution", "query processing would load too many samples into memory")
        if 'pod=~".*[h' in request.query or "pod=~" not in request.query:
            return next(each for part, each in _HEALTHY.items() if part in request.query)
        return answer("matrix" if request.path.endswith("range") else "vector")

    with fake_prometheus(reply) as fake:
        usage = PrometheusUsage(PrometheusServer(fake.url), _WINDOW).usage("shop")
    assert usage.problems == ()
    assert [each.reason for each in usage.notes] == ["usage-in-parts"]
    assert list(usage.containers) == [_KEY]
    assert usage.containers[_KEY].cpu_quantile == 200
    first, *parts = (each.query for each in fake.requests if "count by" in each.query)
    assert "pod=~" not in first
    assert [re.findall(r"\.\*\[(\S+?)\]", each) for each in parts] == [[ALL_PODS[:19]], [ALL_PODS[19:]]]
    for name in ("kube_replicaset", "kube_job"):
        assert len([each for each in fake.requests if name in each.query]) == 1


def test_owners_that_are_too_much_are_not_asked_again_in_parts() -> None:
    def reply(request: Request) -> Reply:
        if "kube_job" in request.query:
            return error(422, "execution", "query processing would load too many samples into memory")
        return next(each for part, each in _HEALTHY.items() if part in request.query)

    with fake_prometheus(reply) as fake:
        usage = PrometheusUsage(PrometheusServer(fake.url), _WINDOW).usage("shop")
    assert [each.reason for each in usage.problems] == ["too-many-samples"]
    assert len([each for each in fake.requests if "kube_job" in each.query]) == 1


def test_history_has_a_value_or_none_for_each_step() -> None:
    window = Window(1000.0, 2200.0, 300.0)
    rows = {"metric": _APP, "values": [[1300, "0.1"], [2200, "0.4"]]}
    with fake_prometheus(
        lambda each: answer("matrix", *([] if "count by" in each.query else [rows]))
    ) as fake:
        history = PrometheusUsage(PrometheusServer(fake.url), window).history("shop")
    assert history.problems == ()
    cpu = history.containers[_KEY].cpu
    assert [cpu[0], cpu[3]] == [100.0, 400.0]
    assert [math.isnan(each) for each in cpu] == [False, True, True, False]
    assert len(history.containers[_KEY].memory) == 4
    times = {(each.form["start"], each.form["end"], each.form["step"]) for each in fake.requests[1:]}
    assert times == {("1300", "2200", "300")}


def test_long_history_is_asked_in_parts_that_the_server_gives() -> None:
    window = Window(0.0, 25_000.0, 1.0)

    def reply(request: Request) -> Reply:
        if "count by" in request.query:
            return answer("matrix")
        times = range(int(request.form["start"]), int(request.form["end"]) + 1)
        assert len(times) <= 11_000
        return answer("matrix", {"metric": _APP, "values": [[time, str(time)] for time in times]})

    with fake_prometheus(reply) as fake:
        history = PrometheusUsage(PrometheusServer(fake.url), window).history("shop")
    assert history.containers[_KEY].cpu == tuple(1000.0 * each for each in range(1, 25_001))


def test_history_that_is_not_whole_is_a_problem() -> None:
    with fake_prometheus(lambda _: error(400, "bad_data", "no")) as fake:
        history = PrometheusUsage(PrometheusServer(fake.url), _WINDOW).history("shop")
    assert [each.reason for each in history.problems] == ["query-refused"]


@pytest.mark.parametrize(
    ("reply", "name"),
    [
        pytest.param(answer("vector"), "no-usage", id="no containers"),
        pytest.param(answer("vector", _value("1", cluster="a"), _value("1", cluster="b")), "several-clusters", id="two clusters"),
        pytest.param(Reply(200, "<html>"), "not-prometheus", id="a login page"),
    ],
)  # fmt: skip
def test_check_ends_a_command(reply: Reply, name: str) -> None:
    with fake_prometheus(lambda _: reply) as fake, pytest.raises(InputError) as raised:
        PrometheusUsage(PrometheusServer(fake.url), _WINDOW).check()
    assert raised.value.name == name


def test_check_of_one_cluster() -> None:
    with fake_prometheus(lambda _: answer("vector", _value("1", cluster="a"))) as fake:
        PrometheusUsage(PrometheusServer(fake.url), _WINDOW).check()
    assert [each.form["time"] for each in fake.requests] == ["1007200"]

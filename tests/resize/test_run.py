"""A plan that is carried out: what becomes of each Pod, and what is asked of the API server."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

import pytest

from tests.resize.fake_pods import (
    Change,
    FakePods,
    Kubelet,
    done,
    not_ready,
    restarted_and_done,
    restarts,
    says,
    store,
    values_of,
)
from tests.resize.pods import RESTARTS, SIZED, facts, kubelet_has_done, manifest, planned, read
from tests.support.pods import Json
from webhook.errors import ClusterError
from webhook.resize.facts import Allowed
from webhook.resize.plan import Plan
from webhook.resize.results import Outcome, Result, how_far
from webhook.resize.run import Run
from webhook.resize.settings import OnDeferred, OnInfeasible, Settings

_NO_REQUESTS = "resources: {limits: {memory: 256Mi}, requests: {memory: 128Mi}}"
_DEFERRED = says("PodResizePending", "Deferred", "not enough cpu")
_INFEASIBLE = says("PodResizePending", "Infeasible", "never")
_BELOW_USAGE = "cannot decrease memory limits: attempting to set pod memory limit (1) below current usage (2)"
_ERROR = says("PodResizeInProgress", "Error", _BELOW_USAGE)
_FAILURE = "failed to notify runtime for UpdatePodSandboxResources"
_FAILS = says("PodResizeInProgress", "Error", _FAILURE)


def _pod(name: str, container: str = SIZED, spec: str = "") -> Json:
    """Each on a Node of its own."""
    metadata = f"{{name: {name}, namespace: shop, uid: uid-of-{name}}}"
    return manifest(f"nodeName: 'node-of-{name}'\n{spec}", metadata=metadata, container=container)


def _plan(pods: FakePods, cpu: str = "200m", memory: str = "") -> Plan:
    present = [read(each) for each in pods.stored.values()]
    return planned(*present, cpu=cpu, memory=memory, facts=facts(nodes={}), allowed=Allowed(restart=True))


def _run(pods: FakePods, plan: Plan, **settings: Any) -> list[Result]:
    chosen = Settings(**{"settle": 10, "timeout": 100, "batch_percent": 100, **settings})
    return Run(pods, chosen, clock=pods.clock).execute(plan)


def _one(
    kubelet: Kubelet, *, container: str = SIZED, cpu: str = "200m", memory: str = "", **settings: Any
) -> tuple[Result, FakePods]:
    """What becomes of a single Pod with this kubelet."""
    pods = FakePods(_pod("a", container))
    pods.kubelets["a"] = kubelet
    (result,) = _run(pods, _plan(pods, cpu, memory), **settings)
    return result, pods


def _short(results: list[Result]) -> list[str]:
    return [f"{each.plan.pod.name} {each.outcome} {each.reason}".strip() for each in results]


def _cpu(pods: FakePods) -> dict[str, str]:
    return {
        name: next(str(value) for field, value in values.items() if field[1:] == ("requests", "cpu"))
        for name, values in values_of(pods.stored).items()
    }


def _times(pods: FakePods) -> list[tuple[float, str]]:
    return [(when, name) for when, name, _ in pods.requests]


@pytest.mark.parametrize(
    ("kubelet", "settings", "outcome", "reason", "message", "cpu"),
    [
        pytest.param(done(), {}, Outcome.RESIZED, "", "", "200m", id="done"),
        pytest.param(
            says("PodResizePending", "Deferred", then=done(50)), {}, Outcome.RESIZED, "", "", "200m",
            id="deferred, then done",
        ),
        pytest.param(
            says("PodResizeInProgress", "", then=done(5)), {}, Outcome.RESIZED, "", "", "200m",
            id="in progress, then done",
        ),
        pytest.param(
            _DEFERRED, {}, Outcome.DEFERRED, "deferred", "not enough cpu", "200m", id="deferred for too long"
        ),
        pytest.param(
            _DEFERRED, {"on_deferred": OnDeferred.REVERT}, Outcome.REVERTED, "deferred", "not enough cpu", "100m",
            id="deferred, and reverted",
        ),
        pytest.param(_INFEASIBLE, {}, Outcome.REVERTED, "infeasible", "never", "100m", id="infeasible, and reverted"),
        pytest.param(
            _INFEASIBLE, {"on_infeasible": OnInfeasible.KEEP}, Outcome.INFEASIBLE, "infeasible", "never", "200m",
            id="infeasible, and kept",
        ),
        pytest.param(_ERROR, {}, Outcome.REVERTED, "kubelet-error", _BELOW_USAGE, "100m", id="an error, and reverted"),
        pytest.param(
            says("PodResizeInProgress", "Error", _FAILURE, then=done(90)), {}, Outcome.RESIZED, "", "", "200m",
            id="an error that its kubelet gets over",
        ),
        pytest.param(
            _FAILS, {}, Outcome.REVERTED, "kubelet-error", _FAILURE, "100m", id="an error for too long, and reverted"
        ),
        pytest.param(
            _FAILS, {"on_infeasible": OnInfeasible.KEEP}, Outcome.ERROR, "kubelet-error", _FAILURE, "200m",
            id="an error for too long, and kept",
        ),
        pytest.param(
            _ERROR, {"on_infeasible": OnInfeasible.KEEP}, Outcome.ERROR, "kubelet-error", _BELOW_USAGE, "200m",
            id="an error, and kept",
        ),
        pytest.param(
            done(500), {}, Outcome.ERROR, "timed-out",
            "its kubelet has not done it after 100 s: it says nothing about it, so it may be down, or unable to resize Pods",
            "200m",
            id="a kubelet that says nothing",
        ),
        pytest.param(
            says("PodResizeInProgress", ""), {}, Outcome.ERROR, "timed-out",
            "its kubelet has not done it after 100 s: in progress", "200m",
            id="a kubelet that does not end",
        ),
    ],
)  # fmt: skip
def test_one_pod(
    kubelet: Kubelet, settings: dict[str, Any], outcome: Outcome, reason: str, message: str, cpu: str
) -> None:
    result, pods = _one(kubelet, **settings)
    assert (result.outcome, result.reason, result.message) == (outcome, reason, message)
    assert _cpu(pods) == {"a": cpu}
    assert result.is_as_wanted == (outcome is Outcome.RESIZED)
    assert len(pods.requests) == 1 + (outcome is Outcome.REVERTED)


def test_error_of_a_container_that_restarts_is_retried() -> None:
    """Its kubelet kills it first, and compares the Pod's new limit with what it used before."""

    def kubelet(_: Json) -> Iterator[tuple[float, Change]]:
        yield 14, restarted_and_done

    says_it = says("PodResizeInProgress", "Error", _BELOW_USAGE, then=kubelet)
    result, _ = _one(says_it, container=f"{SIZED}\n{RESTARTS}", cpu="", memory="160Mi")
    assert (result.outcome, result.reason) == (Outcome.RESTARTED, "")


def test_seconds_are_those_of_the_kubelet_without_settling() -> None:
    result, _ = _one(done(3), settle=10)
    assert result.seconds == 3


def test_what_it_waits_for_is_reported() -> None:
    pods = FakePods(_pod("a"))
    pods.kubelets["a"] = says("PodResizePending", "Deferred", "not enough cpu", then=done(50))
    reported: list[str] = []
    run = Run(pods, Settings(), lambda each, text: reported.append(f"{each.pod.name}: {text}"), pods.clock)
    run.execute(_plan(pods))
    assert reported == ["a: waiting", "a: deferred: not enough cpu", "a: settling", "a: "]


@pytest.mark.parametrize(
    ("error", "outcome", "reason", "message"),
    [
        pytest.param(ClusterError("pod/a: 404 no", 404), Outcome.GONE, "", "", id="it is gone"),
        pytest.param(
            ClusterError("pod/a: 422 metadata.uid: field is immutable", 422), Outcome.GONE, "", "",
            id="another Pod has its name",
        ),
        pytest.param(
            ClusterError("pod/a: 422 no", 422), Outcome.REFUSED, "api-server", "pod/a: 422 no", id="it is invalid"
        ),
        pytest.param(
            ClusterError("pod/a: 403 quota", 403), Outcome.REFUSED, "api-server", "pod/a: 403 quota",
            id="a quota is exceeded",
        ),
        pytest.param(
            ClusterError("pod/a: 409 no", 409), Outcome.REFUSED, "api-server", "pod/a: 409 no", id="a conflict"
        ),
        pytest.param(
            ClusterError("pod/a: 500 oh", 500), Outcome.ERROR, "api-server",
            "pod/a: 500 oh; whether it was resized is unknown",
            id="the API server fails",
        ),
        pytest.param(
            ClusterError("the API server does not answer: timed out"), Outcome.ERROR, "api-server",
            "the API server does not answer: timed out; whether it was resized is unknown",
            id="the API server does not answer",
        ),
    ],
)  # fmt: skip
def test_request_fails(error: ClusterError, outcome: Outcome, reason: str, message: str) -> None:
    pods = FakePods(_pod("a"))
    pods.errors["a"] = deque([error])
    (result,) = _run(pods, _plan(pods))
    assert (result.outcome, result.reason, result.message) == (outcome, reason, message)
    assert len(pods.requests) == 1


def test_pod_that_goes_while_it_is_waited_for() -> None:
    pods = FakePods(_pod("a"))
    pods.kubelets["a"] = done(50)
    pods.vanish("a", 10)
    assert _short(_run(pods, _plan(pods))) == ["a gone"]


def test_another_pod_of_the_name_is_not_touched() -> None:
    pods = FakePods(_pod("a"))
    pods.kubelets["a"] = _INFEASIBLE
    pods.replace("a", 0.5)
    assert _short(_run(pods, _plan(pods))) == ["a gone"]
    assert _cpu(pods) == {"a": "100m"}
    assert len(pods.requests) == 1


def test_pod_that_is_replaced_before_it_is_taken_back() -> None:
    """The watch has not seen it yet; the uid in the request has."""
    pods = FakePods(_pod("a"))
    pods.kubelets["a"] = _INFEASIBLE
    pods.errors["a"] = deque([None, ClusterError("pod/a: 422 metadata.uid: field is immutable", 422)])
    assert _short(_run(pods, _plan(pods))) == ["a gone"]


def test_revert_that_is_refused_is_an_error() -> None:
    pods = FakePods(_pod("a"))
    pods.kubelets["a"] = _INFEASIBLE
    pods.errors["a"] = deque([None, ClusterError("pod/a: 403 quota", 403)])
    (result,) = _run(pods, _plan(pods))
    assert (result.outcome, result.reason) == (Outcome.ERROR, "infeasible")
    assert result.message == "never; it could not be taken back: pod/a: 403 quota"


def test_what_was_added_stays() -> None:
    result, pods = _one(_INFEASIBLE, container=_NO_REQUESTS)
    assert (result.outcome, result.reason) == (Outcome.ERROR, "infeasible")
    assert result.message == "never; what was added stays, as nothing can be removed from a Pod"
    assert (_cpu(pods), len(pods.requests)) == ({"a": "200m"}, 1)


def test_what_was_changed_beside_it_is_taken_back() -> None:
    pods = FakePods(_pod("a", _NO_REQUESTS))
    pods.kubelets["a"] = _INFEASIBLE
    (result,) = _run(pods, _plan(pods, memory="200Mi"))
    assert result.outcome is Outcome.REVERTED
    assert result.message == "never; what was added stays, as nothing can be removed from a Pod"
    after = {str(field): str(value) for field, value in read(pods.stored["a"]).values().items()}
    assert after == {
        "app: requests.cpu": "200m",
        "app: requests.memory": "128Mi",
        "app: limits.memory": "256Mi",
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(restarts(), "b: app has restarted", id="a restart"),
        pytest.param(restarts(reason="OOMKilled"), "b: app has restarted (OOMKilled)", id="an OOM kill"),
        pytest.param(restarts("proxy"), "b: proxy has restarted", id="a restart of a sidecar"),
        pytest.param(not_ready, "b is no longer Ready", id="not Ready"),
    ],
)
def test_harm_takes_the_batch_back_and_stops(change: Any, message: str) -> None:
    sidecar = "initContainers: [{name: proxy, image: p, restartPolicy: Always}]"
    pods = FakePods(*(_pod(name, spec=sidecar) for name in "abcd"))
    # The canary is done after 11 s, the second batch after 12 s.
    pods.at(15, "b", change)
    results = _run(pods, _plan(pods), batch_percent=50)
    assert _short(results) == ["a resized", "b reverted harm", "c reverted harm", "d unchanged stopped"]
    assert [each.message for each in results] == ["", message, message, "stopped after b, c"]
    assert _cpu(pods) == {"a": "200m", "b": "100m", "c": "100m", "d": "100m"}
    assert not any(each.is_as_wanted for each in results[1:])


def test_restart_before_the_resize_is_no_harm() -> None:
    pods = FakePods(_pod("a"), _pod("b"))
    pods.at(5, "b", restarts())
    assert _short(_run(pods, _plan(pods))) == ["a resized", "b resized"]


def test_pod_that_goes_while_it_settles_harms_nothing() -> None:
    pods = FakePods(_pod("a"))
    pods.vanish("a", 5)
    assert _short(_run(pods, _plan(pods))) == ["a gone"]


def test_harm_is_seen_while_another_pod_waits_for_its_node() -> None:
    pods = FakePods(*(_pod(name) for name in "ab"))
    pods.kubelets["b"] = _DEFERRED
    pods.at(5, "a", restarts(reason="OOMKilled"))
    message = "a: app has restarted (OOMKilled)"
    results = _run(pods, _plan(pods), canary=2)
    assert [each.message for each in results] == [message, message]
    assert (_short(results), _times(pods)) == (
        ["a reverted harm", "b reverted harm"],
        [(0, "a"), (0, "b"), (5, "a"), (5, "b")],
    )


def test_restart_of_a_pod_that_waits_for_its_node_is_not_of_its_resize() -> None:
    pods = FakePods(_pod("a"))
    pods.kubelets["a"] = says("PodResizePending", "Deferred", then=done(50))
    pods.at(20, "a", restarts())
    assert _short(_run(pods, _plan(pods))) == ["a resized"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"metadata": {"deletionTimestamp": "2026-01-31T12:00:00Z"}}, "a gone", id="deleted"),
        pytest.param({"status": {"phase": "Succeeded"}}, "a gone", id="completed"),
        pytest.param({"status": {"phase": "Failed"}}, "a error harm", id="failed"),
    ],
)
def test_pod_that_ends(changes: dict[str, Json], expected: str) -> None:
    """It is not Ready any more because it goes, which harms no other Pod, unless it has failed."""
    pods = FakePods(*(_pod(name) for name in "ab"))

    def ends(made: Json) -> None:
        not_ready(made)
        for part, fields in changes.items():
            made[part] |= fields

    pods.at(5, "a", ends)
    others = "b reverted harm" if expected.endswith("harm") else "b resized"
    assert _short(_run(pods, _plan(pods), canary=2)) == [expected, others]
    assert [name for _, name, _ in pods.requests].count("a") == 1


def test_container_that_did_not_run_may_start() -> None:
    """It was OOMKilled again and again; with more memory it starts, and its count of restarts grows by that."""
    pods = FakePods(_pod("a"))
    status = pods.stored["a"]["status"]["containerStatuses"][0]
    status |= {"restartCount": 5, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}
    status["lastState"] = {"terminated": {"reason": "OOMKilled"}}
    pods.at(8, "a", restarts())
    plan = _plan(pods, cpu="", memory=":512Mi")
    assert _short(_run(pods, plan)) == ["a resized"]
    pods.at(5, "a", restarts())
    pods.stored["a"]["status"]["containerStatuses"][0]["state"] = {"waiting": {}}
    pods.at(8, "a", restarts())
    assert _short(_run(pods, _plan(pods, cpu="", memory=":700Mi"))) == ["a reverted harm"]


def test_each_pod_is_watched_for_the_time_of_settle() -> None:
    pods = FakePods(*(_pod(name) for name in "ab"))
    pods.kubelets["b"] = _DEFERRED
    pods.at(50, "a", restarts())
    assert _short(_run(pods, _plan(pods), canary=2)) == ["a resized", "b deferred deferred"]


def test_harm_takes_back_those_that_were_given_up() -> None:
    """Their kubelets may do it any time, and nothing watches them then."""
    pods = FakePods(*(_pod(name) for name in "ab"))
    pods.kubelets["a"], pods.kubelets["b"] = done(99), done(10**6)
    pods.at(102, "a", restarts())
    assert _short(_run(pods, _plan(pods), canary=2)) == ["a reverted harm", "b reverted harm"]
    assert _cpu(pods) == {"a": "100m", "b": "100m"}


def test_planned_restart_has_its_whole_time_after_the_node_had_room() -> None:
    pods = _restarting("a")

    def starts(_: Json) -> Iterator[tuple[float, Any]]:
        yield from says("PodResizePending", "Deferred")({})
        yield 95, says_in_progress
        yield 96, _restarts_and_is_not_ready
        yield 150, _ready

    def says_in_progress(made: Json) -> None:
        made["status"]["conditions"] = [{"type": "Ready", "status": "True"}]
        for _, change in says("PodResizeInProgress", "")(made):
            change(made)

    pods.kubelets["a"] = starts
    assert _short(_run(pods, _plan(pods, cpu="", memory="200Mi"))) == ["a restarted"]


def test_own_crash_before_the_kubelet_has_seen_it_is_not_the_planned_restart() -> None:
    pods = _restarting("a")
    pods.at(3, "a", restarts())
    assert _short(_run(pods, _plan(pods, cpu="", memory="200Mi"))) == ["a restarted"]


def test_watch_that_is_behind_shows_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    pods = FakePods(_pod("a"))
    plan = _plan(pods)
    old = _pod("a")
    not_ready(old)
    monkeypatch.setattr(pods, "get", lambda _: read(old if pods.now < 5 else pods.stored["a"]))
    assert _short(_run(pods, plan)) == ["a resized"]


def test_watch_that_has_not_seen_the_pod_yet_does_not_make_it_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    pods = FakePods(_pod("a"))
    plan = _plan(pods)
    monkeypatch.setattr(pods, "get", lambda _: read(pods.stored["a"]) if pods.now > 5 else None)
    assert _short(_run(pods, plan)) == ["a resized"]


def test_request_whose_answer_is_lost_is_followed() -> None:
    pods = FakePods(_pod("a"))
    plan = _plan(pods)
    pods.errors["a"] = deque([ClusterError("pod/a: 504 timeout", 504)])
    pods.at(2, "a", lambda made: store(made, plan.pods[0].after))
    pods.at(3, "a", kubelet_has_done)
    pods.at(9, "a", restarts())
    assert _short(_run(pods, plan)) == ["a reverted harm"]


def test_way_back_is_tried_again() -> None:
    pods = FakePods(_pod("a"))
    pods.kubelets["a"] = _INFEASIBLE
    pods.errors["a"] = deque([None, ClusterError("503", 503), ClusterError("409", 409)])
    assert _short(_run(pods, _plan(pods))) == ["a reverted infeasible"]
    assert _times(pods) == [(0, "a"), (1, "a"), (2, "a"), (3, "a")]


def test_pods_follow_once_one_has_shown_that_it_works() -> None:
    pods = FakePods(*(_pod(name) for name in "abcd"))
    pods.vanish("a", 0.5)
    _run(pods, _plan(pods))
    assert _times(pods) == [(0, "a"), (0.5, "b"), (11.5, "c"), (11.5, "d")]


def test_pod_that_something_else_resizes_is_left_to_that() -> None:
    pods = FakePods(_pod("a"))
    pods.kubelets["a"] = done(50)
    other = _plan(FakePods(_pod("a")), cpu="150m").pods[0].after
    pods.at(5, "a", lambda made: store(made, other))
    (result,) = _run(pods, _plan(pods))
    assert (result.outcome, result.reason, result.seconds) == (Outcome.ERROR, "changed-meanwhile", 5)
    assert _cpu(pods) == {"a": "150m"}


def test_way_back_is_followed() -> None:
    """It is `reverted` once its kubelet has done it, or says how far that has come."""
    pods = FakePods(_pod("a"), _pod("b"))
    pods.kubelets["a"] = _INFEASIBLE
    pods.back["a"] = done(30)
    (a, b) = _run(pods, _plan(pods))
    assert (_short([a, b]), a.seconds, pods.now) == (["a reverted infeasible", "b unchanged stopped"], 31, 31)

    pods = FakePods(_pod("a"))
    pods.kubelets["a"], pods.back["a"] = _INFEASIBLE, done(10**6)
    (a,) = _run(pods, _plan(pods))
    assert (a.outcome, a.reason, a.seconds) == (Outcome.REVERTED, "infeasible", 101)
    assert a.message == "never; it has its old values again, which its kubelet has not done: waiting"


def test_pod_that_was_not_ready_need_not_become_so() -> None:
    pods = FakePods(_pod("a"))
    not_ready(pods.stored["a"])
    pods.kubelets["a"] = says("Other", "", then=done())
    pods.at(5, "a", not_ready)
    assert _short(_run(pods, _plan(pods))) == ["a resized"]


def _restarting(*names: str) -> FakePods:
    """Pods whose memory restarts them, which takes ten seconds."""
    pods = FakePods(*(_pod(name, f"{SIZED}\n{RESTARTS}") for name in names))
    for name in names:
        pods.kubelets[name] = lambda _: iter([(10, restarted_and_done)])
    return pods


def test_restart_is_expected_once() -> None:
    pods = _restarting("a", "b")
    results = _run(pods, _plan(pods, cpu="", memory="200Mi"))
    assert _short(results) == ["a restarted", "b restarted"]
    assert _times(pods) == [(0, "a"), (20, "b")]
    assert all(each.is_as_wanted for each in results)


def test_second_restart_is_harm() -> None:
    pods = _restarting("a", "b")
    pods.at(15, "a", restarts())
    results = _run(pods, _plan(pods, cpu="", memory="200Mi"))
    assert _short(results) == ["a reverted harm", "b unchanged stopped"]


def _ready(made: Json) -> None:
    made["status"]["conditions"] = [{"type": "Ready", "status": "True"}]


def _restarts_and_is_not_ready(made: Json) -> None:
    restarted_and_done(made)
    not_ready(made)


def test_loop_of_restarts_is_harm() -> None:
    """It never becomes Ready again, so its kubelet never seems to be done."""
    pods = _restarting("a")
    pods.kubelets["a"] = lambda _: iter([(10, _restarts_and_is_not_ready)])
    pods.at(20, "a", restarts(reason="OOMKilled"))
    (result,) = _run(pods, _plan(pods, cpu="", memory="200Mi"))
    assert (result.outcome, result.message) == (Outcome.REVERTED, "a: app has restarted (OOMKilled)")


def test_pod_that_is_not_ready_after_its_restart_goes_back() -> None:
    pods = _restarting("a")
    pods.kubelets["a"] = lambda _: iter([(10, _restarts_and_is_not_ready)])
    (result,) = _run(pods, _plan(pods, cpu="", memory="200Mi"))
    assert (result.outcome, result.reason) == (Outcome.REVERTED, "harm")
    assert result.message == "a is not Ready after its restart"


def test_restart_that_does_not_come_is_waited_for() -> None:
    pods = _restarting("a")
    pods.kubelets["a"] = done()
    (result,) = _run(pods, _plan(pods, cpu="", memory="200Mi"))
    assert (result.outcome, result.reason) == (Outcome.ERROR, "timed-out")


def test_budget_is_waited_for_before_a_restart() -> None:
    pods = _restarting("a", "b")
    pods.budgets = [(30, "PodDisruptionBudget web allows no disruption now")]
    assert _short(_run(pods, _plan(pods, cpu="", memory="200Mi"))) == ["a restarted", "b restarted"]
    assert _times(pods) == [(30, "a"), (50, "b")]


def test_budget_that_never_allows_it_refuses() -> None:
    pods = _restarting("a", "b")
    pods.budgets = [(10**6, "PodDisruptionBudget web allows no disruption now")]
    results = _run(pods, _plan(pods, cpu="", memory="200Mi"))
    assert _short(results) == ["a refused disruption-budget", "b unchanged stopped"]
    assert results[0].message == "PodDisruptionBudget web allows no disruption now"
    assert pods.requests == []


def test_budget_is_not_asked_about_pods_that_do_not_restart() -> None:
    pods = FakePods(_pod("a"))
    pods.budgets = [(10**6, "PodDisruptionBudget web allows no disruption now")]
    assert _short(_run(pods, _plan(pods))) == ["a resized"]


def test_budgets_that_cannot_be_read_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(_: object) -> str:
        raise ClusterError("poddisruptionbudgets: 403 no", 403)

    pods = _restarting("a", "b")
    monkeypatch.setattr(pods, "disruption_refused", refuses)
    results = _run(pods, _plan(pods, cpu="", memory="200Mi"))
    assert _short(results) == ["a refused api-server", "b unchanged stopped"]
    assert results[0].message == "poddisruptionbudgets: 403 no"


def test_canary_then_batches() -> None:
    pods = FakePods(*(_pod(name) for name in "abcdefgh"))
    results = _run(pods, _plan(pods), canary=2, batch_percent=25)
    assert {each.outcome for each in results} == {Outcome.RESIZED}
    assert _times(pods) == [
        *((0, "a"), (0, "b"), (11, "c"), (11, "d")),
        *((22, "e"), (22, "f"), (33, "g"), (33, "h")),
    ]


def test_pods_of_one_node_come_one_after_the_other() -> None:
    pods = FakePods(*(_pod(name) for name in "abc"))
    for each in pods.stored.values():
        each["spec"]["nodeName"] = "same"
    _run(pods, _plan(pods), canary=3)
    assert _times(pods) == [(0, "a"), (11, "b"), (22, "c")]


@pytest.mark.parametrize(
    ("pods", "percent", "expected"),
    [(1, 25, 1), (3, 25, 1), (4, 25, 1), (8, 25, 2), (9, 100, 9), (10, 1, 1), (1000, 33, 330)],
)
def test_batch(pods: int, percent: int, expected: int) -> None:
    assert Settings(batch_percent=percent).batch(pods) == expected


def test_plan_without_a_change_sends_nothing() -> None:
    pods = FakePods(_pod("a"), _pod("b"))
    assert _short(_run(pods, _plan(pods, cpu="100m"))) == ["a unchanged", "b unchanged"]
    assert (pods.requests, pods.now) == ([], 0)


def test_plan_that_is_refused_sends_nothing() -> None:
    pods = FakePods(_pod("a"), _pod("b"))
    present = [read(each) for each in pods.stored.values()]
    plan = planned(*present, cpu="200m", facts=facts(nodes={}, rollout="1 of 2"))
    assert _short(_run(pods, plan)) == ["a refused rollout", "b refused rollout"]
    assert pods.requests == []


def test_pod_that_is_refused_is_left_out() -> None:
    pods = FakePods(_pod("a", "resources: {limits: {cpu: 150m}, requests: {cpu: 100m}}"), _pod("b"))
    assert _short(_run(pods, _plan(pods))) == ["a refused request-above-limit", "b resized"]
    assert _cpu(pods) == {"a": "100m", "b": "200m"}


def test_earlier_resize_that_hangs_is_waited_for() -> None:
    """The Pod has these values already: the command was interrupted before its kubelet had room."""
    pods = FakePods(_pod("a"))
    for _, change in says("PodResizePending", "Deferred", "not enough cpu")(pods.stored["a"]):
        change(pods.stored["a"])
    plan = _plan(pods, cpu="100m")
    assert _short(_run(pods, plan)) == ["a deferred deferred"]
    for seconds, change in done(30)(pods.stored["a"]):
        pods.at(seconds, "a", change)
    assert _short(_run(pods, plan)) == ["a resized"]
    assert pods.requests == []


def test_earlier_resize_that_its_kubelet_has_not_seen_is_waited_for_and_watched() -> None:
    for kubernetes in (33, 37):
        pods = FakePods(_pod("a"), _pod("b"))
        made = pods.stored["a"]
        store(made, read(made).values())
        if kubernetes == 33:
            made["status"]["observedGeneration"] = 0
            made["status"]["containerStatuses"][0]["allocatedResources"]["cpu"] = "50m"
        for seconds, change in done(30)(made):
            pods.at(seconds, "a", change)
        pods.at(35, "a", restarts())
        made_b = pods.stored["b"]["spec"]["containers"][0]["resources"]
        made_b["requests"]["cpu"] = "50m"
        results = _run(pods, _plan(pods, cpu="100m"))
        assert _short(results) == ["a error harm", "b unchanged stopped"]
        assert results[0].message == (
            "a: app has restarted; it keeps its values, as an earlier run has set them, and the old ones are not known"
        )
        assert pods.requests == []


def test_restart_that_an_earlier_run_began_is_no_harm() -> None:
    pods = FakePods(_pod("a", f"{SIZED}\n{RESTARTS}"))
    made = pods.stored["a"]
    store(made, read(made).values())
    pods.at(5, "a", _restarts_and_is_not_ready)
    pods.at(12, "a", _ready)
    assert _short(_run(pods, _plan(pods, cpu="100m"))) == ["a resized"]


def test_results_of_pods_that_are_done_survive_an_interruption(monkeypatch: pytest.MonkeyPatch) -> None:
    pods = FakePods(_pod("a"), _pod("b"), _pod("c"))
    plan = _plan(pods)
    run = Run(pods, Settings(), clock=pods.clock)

    def interrupted(seconds: float) -> None:
        if pods.now > 61:
            raise KeyboardInterrupt
        FakePods.wait(pods, seconds)

    monkeypatch.setattr(pods, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run.execute(plan)
    assert _short([*run.results.values()]) == ["a resized"]
    results = run.interrupted()
    assert _short(results) == ["a resized", "b resized interrupted", "c unchanged stopped"]
    assert results[0].seconds == results[1].seconds > 0, "what its kubelet took, and not the settling"
    assert how_far(results, 3) == "2 of 3 Pods are resized (1 not watched to the end)"
    assert how_far(results[1:], 3) == "1 of 3 Pods is resized (1 not watched to the end)"
    assert how_far(results[2:], 1) == "0 of 1 Pod is resized"
    # Run again: what is under way is seen to its end, and nothing is sent twice.
    monkeypatch.undo()
    del pods.requests[:]
    assert _short(_run(pods, _plan(pods))) == ["a unchanged", "b unchanged", "c resized"]
    assert {name for _, name, _ in pods.requests} == {"c"}


def test_pods_that_are_left_out_stop_nothing() -> None:
    pods = FakePods(_pod("a"), _pod("b"), _pod("c"))
    pods.stored["a"]["spec"]["nodeName"] = ""
    pods.stored["b"]["status"]["phase"] = "Failed"
    results = _run(pods, _plan(pods))
    assert [(each.outcome, each.reason) for each in results] == [
        (Outcome.UNCHANGED, "not-running"),
        (Outcome.GONE, ""),
        (Outcome.RESIZED, ""),
    ]
    assert [each.is_as_wanted for each in results] == [False, True, True]
    assert [name for _, name, _ in pods.requests] == ["c"]

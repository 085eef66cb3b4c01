"""What holds however a run ends, whatever the API server and the kubelets say, in whatever order.

The spec of each Pod has its old values or its new ones, as a whole; no other Pod is written; each Pod of the
plan has a result, and the result is true.
"""

from __future__ import annotations

import copy

from hypothesis import given
from hypothesis import strategies as st

from tests.resize.fake_pods import not_ready, restarts, says, store
from tests.resize.pods import RESTARTS, SIZED, facts, kubelet_has_done, manifest, planned, read
from tests.support.examples import examples
from tests.support.pods import Json
from webhook.errors import ClusterError
from webhook.resize.facts import Allowed
from webhook.resize.plan import Plan, PodPlan
from webhook.resize.pod import Pod, Values
from webhook.resize.results import Outcome, Result
from webhook.resize.run import Run
from webhook.resize.settings import OnDeferred, OnInfeasible, Settings

_CONTAINERS = (
    SIZED,
    f"{SIZED}\n{RESTARTS}",
    "resources: {requests: {memory: 128Mi}, limits: {memory: 256Mi}}",  # CPU is added
    "resources: {requests: {cpu: 200m, memory: 64Mi}, limits: {memory: 256Mi}}",  # nothing changes
    "resources: {requests: {cpu: 100m}, limits: {cpu: 150m}}",  # refused
)
_NEVER_STORED = (400, 403, 404, 409, 422, 429)
_PERHAPS_STORED = (0, 500, 502, 503, 504)


class _World:
    """An API server and kubelets that do what hypothesis likes."""

    def __init__(self, data: st.DataObject, pods: list[Json]) -> None:
        self._draw = data.draw
        self.stored = {each["metadata"]["name"]: each for each in pods}
        self.now = 0.0
        self.requests: list[tuple[Pod, Values]] = []
        self.is_interrupted = False
        self._last_seen = copy.deepcopy(self.stored)
        self._is_blocked = data.draw(st.booleans())
        """Whether a PodDisruptionBudget allows no disruption."""

    def clock(self) -> float:
        return self.now

    def get(self, name: str) -> Pod | None:
        """The watch may be behind."""
        if self._draw(st.sampled_from((True, True, True, False))):
            self._last_seen = copy.deepcopy(self.stored)
        return read(self._last_seen[name]) if name in self._last_seen else None

    def wait(self, seconds: float) -> None:
        assert seconds > 0
        self._maybe_interrupt()
        self.now += self._draw(st.sampled_from((min(seconds, 1.0), min(seconds, 1.0), seconds)))
        self._is_blocked = self._draw(st.booleans())
        asked = {pod.name for pod, _ in self.requests} & {*self.stored}
        names = sorted(self.stored if self._draw(st.integers(0, 3)) == 3 else asked)
        if names:
            self._happen(self._draw(st.sampled_from(names)))

    def resize(self, pod: Pod, values: Values) -> Pod:
        restarts = any(str(value) == "200Mi" for value in values.values()) and pod.name.startswith("restarts")
        assert not (restarts and self._is_blocked), "a restart while a budget forbids it"
        self.requests.append((pod, values))
        self._maybe_interrupt()
        made = self.stored.get(pod.name)
        if made is None:
            raise ClusterError("404 not found", 404)
        if made["metadata"]["uid"] != pod.uid:
            raise ClusterError("422 metadata.uid: Invalid value: field is immutable", 422)
        answer = self._draw(st.sampled_from(("stored", "stored", "stored", "refused", "fails", "fails late")))
        if answer == "refused":
            status = self._draw(st.sampled_from(_NEVER_STORED))
            if status == 404:
                del self.stored[pod.name]
            raise ClusterError(f"{status} no", status)
        if answer == "fails":
            raise ClusterError("no answer", self._draw(st.sampled_from(_PERHAPS_STORED)))
        store(made, values)
        self._maybe_interrupt()
        if answer == "fails late":
            raise ClusterError("no answer", self._draw(st.sampled_from(_PERHAPS_STORED)))
        return read(made)

    def disruption_refused(self, pod: Pod) -> str:
        self._maybe_interrupt()
        if self._draw(st.integers(0, 9)) == 9:
            raise ClusterError("403 no", 403)
        return f"a budget of {pod.name}" if self._is_blocked else ""

    def _maybe_interrupt(self) -> None:
        if self._draw(st.integers(0, 29)) == 29:
            self.is_interrupted = True
            raise KeyboardInterrupt

    def _happen(self, name: str) -> None:
        made = self.stored[name]
        match self._draw(
            st.sampled_from(
                ("done", "done", "says", "says", "restarts", "not ready", "gone", "replaced", "not")
            )
        ):
            case "done":
                kubelet_has_done(made)
                if self._draw(st.booleans()):  # 1.33
                    made["status"]["observedGeneration"] = 0
            case "says":
                kind = self._draw(st.sampled_from(("PodResizePending", "PodResizeInProgress")))
                reason = self._draw(st.sampled_from(("Deferred", "Infeasible", "Error", "")))
                for _, change in says(kind, reason, reason)(made):
                    change(made)
                made["status"]["conditions"][-1]["observedGeneration"] = self._draw(
                    st.sampled_from((0, 1, made["metadata"]["generation"]))
                )
            case "restarts":
                restarts(reason="OOMKilled")(made)
            case "not ready":
                not_ready(made)
            case "gone":
                del self.stored[name]
            case "replaced":
                uid = f"{made['metadata']['uid']}x"
                metadata = f"{{name: {name}, namespace: shop, uid: {uid}}}"
                self.stored[name] = manifest(metadata=metadata)


def _pods(draw: st.DataObject) -> list[Json]:
    kinds = draw.draw(st.lists(st.sampled_from(range(len(_CONTAINERS))), min_size=1, max_size=5))
    made = []
    for number, kind in enumerate(kinds):
        name = f"{'restarts' if kind == 1 else 'p'}-{number}"
        node = draw.draw(st.sampled_from(("one", "two", "three")))
        metadata = f"{{name: {name}, namespace: shop, uid: {name}}}"
        made.append(manifest(f"nodeName: {node}", metadata=metadata, container=_CONTAINERS[kind]))
    return made


def _whole(each: PodPlan, values: Values) -> str:
    """`old` or `new`; a Pod that was given something that it had not keeps that."""
    before = each.pod.values()
    after = {**before, **each.after}
    if values == after:
        return "new"
    return "old" if values in (before, {**after, **each.before}) else "neither"


_TRUE = {
    Outcome.RESIZED: {"new"},
    Outcome.RESTARTED: {"new"},
    Outcome.UNCHANGED: {"old", "new"},
    Outcome.REFUSED: {"old"},
    Outcome.REVERTED: {"old"},
    Outcome.DEFERRED: {"new"},
    Outcome.INFEASIBLE: {"new"},
    Outcome.ERROR: {"old", "new"},
}


@examples(300)
@given(st.data())
def test_however_it_ends(data: st.DataObject) -> None:
    pods = _pods(data)
    plan = planned(
        *map(read, pods), cpu="200m", memory="200Mi" if data.draw(st.booleans()) else "",
        facts=facts(nodes={}), allowed=Allowed(restart=data.draw(st.booleans())),
    )  # fmt: skip
    strangers = [manifest(metadata="{name: stranger, namespace: shop, uid: stranger}")]
    world = _World(data, [*copy.deepcopy(pods), *strangers])
    settings = Settings(
        canary=data.draw(st.integers(1, 3)),
        batch_percent=data.draw(st.sampled_from((1, 50, 100))),
        settle=data.draw(st.sampled_from((0, 5))),
        timeout=data.draw(st.sampled_from((1, 30))),
        on_deferred=data.draw(st.sampled_from([*OnDeferred])),
        on_infeasible=data.draw(st.sampled_from([*OnInfeasible])),
    )
    run = Run(world, settings, clock=world.clock)
    results: list[Result] = []
    try:
        results = run.execute(plan)
    except KeyboardInterrupt:
        assert world.is_interrupted
        assert [each.plan for each in run.interrupted()] == [*plan.pods]
    else:
        assert [each.plan for each in results] == [*plan.pods]
        assert results == [run.results[each.pod.uid] for each in plan.pods]
    _check(world, plan, run)


def _check(world: _World, plan: Plan, run: Run) -> None:
    due = {each.pod.uid: each for each in plan.due}
    for pod, values in world.requests:
        each = due[pod.uid]
        assert values in (each.after, each.before)
        assert values
    for name, made in world.stored.items():
        pod = read(made)
        if pod.uid not in {each.pod.uid for each in plan.pods}:
            assert pod.values() == read(manifest(metadata=f"{{name: {name}}}")).values()
    for each in plan.pods:
        stored = world.stored.get(each.pod.name)
        if stored is None or stored["metadata"]["uid"] != each.pod.uid:
            continue
        whole = _whole(each, read(stored).values())
        assert whole != "neither"
        result = run.results.get(each.pod.uid)
        if result and each.changes:
            assert whole in _TRUE.get(result.outcome, set()), result
            if result.reason == "stopped":
                assert whole == "old"


@given(st.data())
def test_a_plan_without_a_change_sends_nothing(data: st.DataObject) -> None:
    made = [
        manifest(metadata=f"{{name: {name}, namespace: shop, uid: {name}}}", container=_CONTAINERS[3])
        for name in ("a", "b")
    ]
    world = _World(data, made)
    plan = planned(*map(read, made), cpu="200m", facts=facts(nodes={}))
    try:
        results = Run(world, Settings(timeout=10), clock=world.clock).execute(plan)
    except KeyboardInterrupt:
        assert world.is_interrupted
    else:
        assert {each.outcome for each in results} == {Outcome.UNCHANGED}
    assert world.requests == []


def test_the_law_sees_what_is_neither() -> None:
    (each,) = planned(read(manifest()), cpu="200m", memory="200Mi").pods
    before = each.pod.values()
    assert _whole(each, before) == "old"
    assert _whole(each, {**before, **each.after}) == "new"
    first, *_ = each.after
    assert _whole(each, {**before, first: each.after[first]}) == "neither"

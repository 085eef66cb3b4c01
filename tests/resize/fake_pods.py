"""The Pods of a namespace without an API server, their kubelets, and a clock that moves while they are waited for."""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Callable, Iterator, Mapping

from tests.resize.pods import kubelet_has_done, manifest, read
from tests.support.pods import Json
from webhook.errors import ClusterError
from webhook.resize.pod import Pod, Values, resources_of

Change = Callable[[Json], object]
Kubelet = Callable[[Json], Iterator[tuple[float, Change]]]
"""What it makes of a Pod that was resized: after so many seconds, which changes."""


def done(seconds: float = 1) -> Kubelet:
    def kubelet(_: Json) -> Iterator[tuple[float, Change]]:
        yield seconds, kubelet_has_done

    return kubelet


def says(kind: str, reason: str, message: str = "", *, then: Kubelet | None = None) -> Kubelet:
    """A condition, after a second."""

    def kubelet(made: Json) -> Iterator[tuple[float, Change]]:
        def change(pod: Json) -> None:
            pod["status"]["observedGeneration"] = pod["metadata"]["generation"]
            conditions = [each for each in pod["status"]["conditions"] if each["type"] != kind]
            condition = {"type": kind, "status": "True", "reason": reason, "message": message}
            condition["observedGeneration"] = pod["metadata"]["generation"]
            pod["status"]["conditions"] = [*conditions, condition]

        yield 1, change
        for seconds, later in then(made) if then else ():
            yield 1 + seconds, later

    return kubelet


class FakePods:
    """The protocol `Pods`, and what a test does to them."""

    def __init__(self, *pods: Json) -> None:
        self.stored = {each["metadata"]["name"]: each for each in pods}
        self.now = 0.0
        self.kubelets: dict[str, Kubelet] = {}
        """By Pod; the others do what is asked for after a second."""
        self.back: dict[str, Kubelet] = {}
        """What they do with the second request, which is a revert."""
        self.requests: list[tuple[float, str, Values]] = []
        """Time, Pod, values."""
        self.errors: dict[str, deque[ClusterError | None]] = {}
        """By Pod, of its requests one after the other."""
        self.budgets: list[tuple[float, str]] = []
        """Until when which refuses."""
        self._later: list[tuple[float, str, Change]] = []

    def at(self, seconds: float, name: str, change: Change) -> None:
        """Of a Pod; `seconds` from now."""
        self._later.append((self.now + seconds, name, change))

    def clock(self) -> float:
        return self.now

    def get(self, name: str) -> Pod | None:
        return read(self.stored[name]) if name in self.stored else None

    def wait(self, seconds: float) -> None:
        until = self.now + seconds
        due = min((each for each in self._later if each[0] <= until), key=lambda each: each[0], default=None)
        self.now = due[0] if due else until
        if due:
            self._later.remove(due)
            if due[1] in self.stored:
                due[2](self.stored[due[1]])

    def resize(self, pod: Pod, values: Values) -> Pod:
        self.requests.append((self.now, pod.name, values))
        errors = self.errors.get(pod.name)
        error = errors.popleft() if errors else None
        if error:
            raise error
        made = self.stored.get(pod.name)
        if made is None:
            raise ClusterError(f"pod/{pod.name}: 404 not found", 404)
        if made["metadata"]["uid"] != pod.uid:
            raise ClusterError(f"pod/{pod.name}: 422 metadata.uid: field is immutable", 422)
        is_first = sum(name == pod.name for _, name, _ in self.requests) == 1
        store(made, values)
        kubelet = (self.kubelets if is_first else self.back).get(pod.name, done())
        for seconds, change in kubelet(made):
            self.at(seconds, pod.name, change)
        return read(made)

    def disruption_refused(self, pod: Pod) -> str:  # noqa: ARG002 (budgets are of all Pods)
        return next((why for until, why in self.budgets if self.now < until), "")

    def vanish(self, name: str, seconds: float) -> None:
        self.at(seconds, name, lambda _: self.stored.pop(name))

    def replace(self, name: str, seconds: float) -> None:
        """Another Pod takes the name, as of a StatefulSet."""
        other = manifest(metadata=f"{{name: {name}, namespace: shop, uid: another}}")
        self.at(seconds, name, lambda _: self.stored.update({name: other}))


def store(made: Json, values: Values) -> None:
    """As the API server stores a resize."""
    for container in [*made["spec"]["containers"], *made["spec"].get("initContainers", ())]:
        for side, amounts in resources_of(container["name"], values).items():
            resources = container.setdefault("resources", {})
            resources[side] = {**resources.get(side, {}), **amounts}
    made["metadata"]["generation"] += 1


def restarts(name: str = "app", reason: str = "") -> Change:
    def change(made: Json) -> None:
        for each in [*made["status"]["containerStatuses"], *made["status"]["initContainerStatuses"]]:
            if each["name"] == name:
                each["restartCount"] += 1
                if reason:
                    each["lastState"] = {"terminated": {"reason": reason}}

    return change


def not_ready(made: Json) -> None:
    made["status"]["conditions"] = [{"type": "Ready", "status": "False"}]


def restarted_and_done(made: Json) -> None:
    """As a kubelet does what RestartContainer asks for."""
    kubelet_has_done(made)
    restarts()(made)


def values_of(pods: Mapping[str, Json]) -> dict[str, Values]:
    """By name, of copies that do not change."""
    return {name: read(copy.deepcopy(each)).values() for name, each in pods.items()}

"""What kubelets do when a Pod is resized, as stages of kwok: those of each version, and in each mood.

The label `kubelet.example.com/mood` of a Pod chooses; without it a resize is done at once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from tests.support.pods import Json

MOOD = "kubelet.example.com/mood"
DEFERRED = "Node didn't have enough resource: cpu, requested: 1700, used: 650, capacity: 2000"
INFEASIBLE = "Node didn't have enough capacity: cpu, requested: 9000, capacity: 2000"
ERROR = "cannot decrease memory limits: attempting to set pod memory limit below current usage"

_DIFFERS = "([.spec.containers[].resources // {}] != [.status.containerStatuses[].resources // {}])"
_PENDING, _RUNNING = "PodResizePending", "PodResizeInProgress"
_UNHARMED = """([.status.containerStatuses[] | select(.restartCount > 0)] == [] and
    ([.status.conditions[] | select(.type == "Ready" and .status == "True")] != []))"""
_LIST = "conditions:\n"
_OBSERVED = "observedGeneration: {{ .metadata.generation }}\n"


def stages() -> str:
    """JSON documents, for a file of YAML."""
    return "".join(f"---\n{json.dumps(each)}\n" for each in _stages())


def _stages() -> Iterator[Json]:
    moods = ["deferred", "infeasible", "error", "both", "1.33", "killed", "not-ready", "gone", "silent"]
    yield _stage("done", ("NotIn", moods), [_is(_DIFFERS)], _done())
    # Two seconds later there is room. With both conditions it waits behind a resize that is under way.
    deferred = _says(_PENDING, "Deferred", DEFERRED)
    for mood, says, ends in (
        ("deferred", deferred, _ends(_PENDING)),
        ("both", deferred + _says(_RUNNING, "", ""), _ends(_PENDING) + _ends(_RUNNING)),
    ):
        waits, waited = _is(f"([{_true(_PENDING)}] == [])"), _is(f"([{_true(_PENDING)}] != [])")
        yield _stage(f"{mood}-says", ("In", [mood]), [_is(_DIFFERS), waits], _LIST + says)
        status = _LIST + ends + _done()
        yield _stage(f"{mood}-ends", ("In", [mood]), [_is(_DIFFERS), waited], status, seconds=2)
    # Only other values end these.
    for mood, kind, reason, message in (
        ("infeasible", _PENDING, "Infeasible", INFEASIBLE),
        ("error", _RUNNING, "Error", ERROR),
    ):
        when = [_is(_DIFFERS), _is(f"([{_true(kind)}] == [])")]
        yield _stage(f"{mood}-says", ("In", [mood]), when, _LIST + _says(kind, reason, message))
        when = [_is(_DIFFERS, "false"), _is(f"([{_true(kind)}] != [])")]
        yield _stage(f"{mood}-ends", ("In", [mood]), when, _LIST + _ends(kind))
    # 1.33 tells of no generation.
    yield _stage("old", ("In", ["1.33"]), [_is(_DIFFERS)], _done(), observed="")
    # Done, and a second later something happens to the container, once.
    for mood, status in (
        ("killed", _done(restarts=1, last="{terminated: {reason: OOMKilled, exitCode: 137}}")),
        ("not-ready", '\nconditions: [{type: Ready, status: "False"}]\n'),
    ):
        # 1.33 stores no observedGeneration: a condition of its own says that a resize came.
        marked = _LIST + _condition({"type": "Resized", "status": "True"}) + _done()
        yield _stage(f"{mood}-done", ("In", [mood]), [_is(_DIFFERS)], marked)
        when = [_is(_DIFFERS, "false"), _is(f"([{_true('Resized')}] != [])"), _is(_UNHARMED)]
        yield _stage(f"{mood}-harmed", ("In", [mood]), when, status, seconds=1)
    gone = _stage("gone", ("In", ["gone"]), [_is(_DIFFERS)], "")
    gone["spec"]["next"] = {"delete": True}
    yield gone


def _true(kind: str) -> str:
    return f'.status.conditions[] | select(.type == "{kind}" and .status == "True")'


def _is(query: str, value: str = "true") -> Json:
    return {"key": query, "operator": "In", "values": [value]}


def _stage(
    name: str,
    moods: tuple[str, list[str]],
    when: list[Json],
    status: str,
    *,
    seconds: float = 0,
    observed: str = _OBSERVED,
) -> Json:
    expressions = [
        {"key": ".metadata.deletionTimestamp", "operator": "DoesNotExist"},
        _is('(.status.phase == "Running")'),
        {"key": f'.metadata.labels["{MOOD}"]', "operator": moods[0], "values": moods[1]},
        *when,
    ]
    return {
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "Stage",
        "metadata": {"name": f"pod-resize-{name}"},
        "spec": {
            "resourceRef": {"apiGroup": "v1", "kind": "Pod"},
            "selector": {"matchExpressions": expressions},
            "delay": {"durationMilliseconds": round(seconds * 1000)},
            "next": {"statusTemplate": observed + status},
        },
    }


def _says(kind: str, reason: str, message: str) -> str:
    """A condition that is true."""
    return _condition({"type": kind, "status": "True", "reason": reason, "message": message})


def _ends(kind: str) -> str:
    return _condition({"type": kind, "status": "False"})


def _condition(condition: Json) -> str:
    """An entry of a list; JSON is YAML too."""
    written = json.dumps(condition).removesuffix("}")
    return f'- {written}, "observedGeneration": {{{{ .metadata.generation }}}}}}\n'


def _done(restarts: int = 0, last: str = "{}") -> str:
    """Containers have what they are to have."""
    return f"""
{{{{ $root := . }}}}
containerStatuses:
{{{{ range $index, $item := .spec.containers }}}}
{{{{ $origin := index $root.status.containerStatuses $index }}}}
{{{{ $resources := $item.resources | default dict }}}}
- name: {{{{ $item.name | Quote }}}}
  image: {{{{ $item.image | Quote }}}}
  ready: true
  started: true
  restartCount: {{{{ add $origin.restartCount {restarts} }}}}
  state: {{running: {{startedAt: {{{{ Now | Quote }}}}}}}}
  lastState: {last}
  allocatedResources: {{{{ $resources.requests | default dict | toJson }}}}
  resources: {{{{ $resources | toJson }}}}
{{{{ end }}}}
"""

"""The command, against kubelets of each version and in each mood: what it prints, how it ends, what the Pods have."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
from itertools import takewhile
from typing import Any

import pytest

from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.controlplane.kubelets import DEFERRED, ERROR, INFEASIBLE, MOOD
from tests.e2e.resize.conftest import Done, Space
from tests.e2e.resize.ended import refusing
from tests.resize.pods import SIZED
from tests.support.commands import podtailor
from tests.support.pods import Json, pod
from tests.support.processes import eventually
from webhook.cli import app
from webhook.cluster import request

_CPU = ("--cpu=200m", "--apply", "--output=json")


def _pod(name: str, mood: str, spec: str = "") -> Json:
    return pod(spec, metadata=f"{{name: {name}, labels: {{{MOOD}: '{mood}'}}}}", container=SIZED)


def _settle(seconds: int, *more: str) -> list[str]:
    return [f"--settle={seconds}", *more]


def _only(done: Done) -> Json:
    (result,) = done.data["pods"]
    return dict(result)


@pytest.mark.parametrize(
    ("mood", "flags", "code", "result", "reason", "message", "cpu"),
    [
        pytest.param("prompt", _settle(0), 0, "resized", "", "", "200m", id="done at once"),
        pytest.param("1.33", _settle(0), 0, "resized", "", "", "200m", id="1.33, without observedGeneration"),
        pytest.param("deferred", _settle(0), 0, "resized", "", "", "200m", id="deferred, then done"),
        pytest.param("both", _settle(0), 0, "resized", "", "", "200m", id="both conditions, then done"),
        pytest.param(
            "deferred", _settle(0, "--on-deferred=revert"), 1, "reverted", "deferred", DEFERRED, "100m",
            id="deferred, and reverted",
        ),
        pytest.param("infeasible", _settle(0), 1, "reverted", "infeasible", INFEASIBLE, "100m", id="infeasible"),
        pytest.param(
            "infeasible", _settle(0, "--on-infeasible=keep"), 1, "infeasible", "infeasible", INFEASIBLE, "200m",
            id="infeasible, and kept",
        ),
        pytest.param("error", _settle(0), 1, "reverted", "kubelet-error", ERROR, "100m", id="an error"),
        pytest.param(
            "silent", _settle(0, "--timeout=1"), 1, "error", "timed-out",
            "its kubelet has not done it after 1 s: it says nothing about it, so it may be down, or unable to resize Pods",
            "200m",
            id="a kubelet that does nothing",
        ),
        pytest.param(
            "killed", _settle(10), 1, "reverted", "harm", "app: app has restarted (OOMKilled)", "100m",
            id="killed while it settles",
        ),
        pytest.param(
            "not-ready", _settle(10), 1, "reverted", "harm", "app is no longer Ready", "100m",
            id="not Ready while it settles",
        ),
    ],
)  # fmt: skip
def test_one_pod(
    space: Space, mood: str, flags: list[str], code: int, result: str, reason: str, message: str, cpu: str
) -> None:
    space.run(_pod("app", mood))
    done = space.resize("pod/app", *_CPU, *flags)
    only = _only(done)
    assert (only["result"], only["reason"], only["message"]) == (result, reason, message), done
    assert done.code == code, done
    assert space.cpu() == {"app": cpu}


def test_pod_that_goes_meanwhile(space: Space) -> None:
    """Its controller makes another one, of the old size, which the command that is printed resizes.

    Also where Pods get different values, so that there are none for the template.
    """
    first, second = sorted(space.deploy("web", 2, _pod("web", "prompt")))
    space.cluster.kubectl("label", "pod", first, f"--namespace={space.name}", "--overwrite", f"{MOOD}=gone")
    space.resize(f"pod/{second}", "--cpu=120m", "--apply", "--settle=0")
    done = space.resize("deployment/web", "--cpu=+100%", "--apply", "--output=json", "--settle=5")
    results = {each["name"]: (each["result"], each["reason"]) for each in done.data["pods"]}
    (new,) = {*results} - {first, second}
    assert results == {first: ("gone", ""), second: ("resized", ""), new: ("unchanged", "new-pod")}
    assert done.code == 1
    assert space.cpu() == {second: "240m", new: "100m"}
    of_second, of_new = _hinted(done, "to go on")
    assert f"pod/{second}" in of_second
    assert podtailor(*of_new[1:], "--settle=0").returncode == 0
    assert space.cpu() == {second: "240m", new: "200m"}


def test_pod_that_has_no_node_yet_keeps_no_other_from_being_resized(
    cluster: ControlPlane, space: Space
) -> None:
    """Two that may not share a Node, and there is one."""
    apart = """
affinity:
  podAntiAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
    - {topologyKey: kubernetes.io/os, labelSelector: {matchLabels: {app: web}}}
"""
    (name,) = space.deploy("web", 1, _pod("web", "prompt", apart))
    cluster.kubectl("scale", "deployment/web", f"--namespace={space.name}", "--replicas=2")
    eventually("both are there", lambda: len(space.pods()) == 2)
    plan = space.resize("deployment/web", "--cpu=200m", "--output=json")
    assert {each["name"] == name: each["result"] for each in plan.data["pods"]} == {
        True: "planned",
        False: "unchanged",
    }
    assert plan.code == 1
    done = space.resize("deployment/web", *_CPU, "--settle=0")
    results = {each["name"] == name: (each["result"], each["reason"]) for each in done.data["pods"]}
    assert results == {True: ("resized", ""), False: ("unchanged", "not-running")}, done
    assert done.code == 1


def test_pod_that_was_named_and_goes(space: Space) -> None:
    space.run(_pod("app", "gone"))
    done = space.resize("pod/app", *_CPU, "--settle=0")
    assert (_only(done)["result"], done.code) == ("gone", 1), done


def test_shape_of_the_data(space: Space) -> None:
    space.run(_pod("app", "prompt"))
    done = space.resize("pod/app", *_CPU, "--settle=1")
    data = done.data
    assert data["owner"] == {"kind": "Pod", "namespace": space.name, "name": "app"}
    (only,) = data["pods"]
    assert (only["uid"], only["node"]) == (space.get("app")["metadata"]["uid"], "amd64")
    before = {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"cpu": "300m", "memory": "256Mi"}}
    (container,) = only["containers"]
    assert (container["name"], container["from"]) == ("app", before)
    assert container["to"] == {**before, "requests": {**before["requests"], "cpu": "200m"}}
    assert 0 <= only["seconds"] < 60
    assert {"owner", "template", "pods"} <= set(data)
    assert {"name", "uid", "node", "containers", "result", "reason", "message", "seconds"} <= set(only)


def test_a_plan_writes_nothing(space: Space) -> None:
    space.run(_pod("app", "prompt"))
    before = space.get("app")["metadata"]["resourceVersion"]
    for flags in ([], ["--apply", "--dry-run"]):
        done = space.resize("pod/app", "--cpu=200m", "--output=json", *flags)
        assert (done.code, _only(done)["result"]) == (0, "planned"), done
    done = space.resize("pod/app", "--cpu=1", "--output=json")
    assert (done.code, _only(done)["result"], _only(done)["reason"]) == (1, "refused", "request-above-limit")
    done = space.resize("pod/app", "--cpu=1", "--apply")
    assert done.code == 1
    assert "Nothing was changed." in done.out
    assert space.get("app")["metadata"]["resourceVersion"] == before


def test_without_values_pods_get_what_a_new_one_would_have(space: Space) -> None:
    names = space.deploy("web", 2, _pod("web", "prompt"))
    done = space.resize(f"pod/{names[0]}", *_CPU, "--settle=0")
    assert sorted(space.cpu().values()) == ["100m", "200m"], done
    done = space.resize("deployment/web", "--apply", "--output=json", "--settle=0")
    results = {each["name"]: each["result"] for each in done.data["pods"]}
    assert results == {names[0]: "resized", names[1]: "unchanged"}, done
    assert [*space.cpu().values()] == ["100m", "100m"]


def test_values_that_it_has_are_no_request(space: Space) -> None:
    space.run(_pod("app", "prompt"))
    before = space.get("app")["metadata"]["resourceVersion"]
    done = space.resize("pod/app", "--cpu=0.1:0.3", "--apply", "--output=json")
    assert (done.code, _only(done)["result"]) == (0, "unchanged"), done
    assert space.get("app")["metadata"]["resourceVersion"] == before


@pytest.mark.parametrize(
    ("words", "error"),
    [
        pytest.param(["pod/app", "--cpu=much"], "--cpu 'much' is no size", id="a size that is none"),
        pytest.param(["pod/none", "--cpu=1"], "none", id="a Pod that is not there"),
        pytest.param(
            ["pod/app", "--cpu=1", "--dry-run"], "--dry-run needs --apply", id="flags that contradict"
        ),
    ],
)
def test_wrong_call(space: Space, words: list[str], error: str) -> None:
    space.run(_pod("app", "prompt"))
    done = space.resize(*words)
    assert done.code == 2, done
    assert error in done.err
    assert done.out == ""


def test_one_bad_target_hides_no_other(space: Space) -> None:
    """Also one whose API server has no answer, or whose containers are not all named."""
    names = ("app", "other")
    space.run(*(_pod(name, "prompt") for name in names))
    several = pod(metadata="{name: several}", container=SIZED)
    several["spec"]["containers"].append({**several["spec"]["containers"][0], "name": "second"})
    space.run(several)
    done = space.resize("pod/app", "pod/none", "pod/several", "pod/other", *_CPU, "--settle=0")
    assert done.code == 2, done
    assert [each["owner"]["name"] for each in _rows(done)] == ["app", "none", "several", "other"]
    results = [each["pods"][0]["result"] if "pods" in each else each["error"]["name"] for each in _rows(done)]
    assert results == ["resized", "not-found", "wrong-usage", "resized"], done
    assert "error: pod/none: pod/none not found" in done.err
    assert "error: pod/several: pod/several has several containers" in done.err
    assert {name: space.cpu()[name] for name in names} == dict.fromkeys(names, "200m")
    done = space.resize("pod", "app", "other", "--cpu=1", "-o", "json")
    assert (done.code, [each["pods"][0]["result"] for each in _rows(done)]) == (1, ["refused"] * 2)


def test_nothing_is_begun_after_an_interrupt(space: Space) -> None:
    space.run(_pod("app", "prompt"), _pod("other", "prompt"), _pod("third", "prompt"))
    words = ("pod/app", "pod/other", "pod/third", *_CPU, "--settle=0")
    command = space.command(*words)
    # The second Pod is patched, and its kubelet is followed.
    command[1:4] = ["-m", "tests.e2e.resize.ended", "SIGINT", "2", "resize"]
    done = Done(*_ended(command))
    assert done.code == 130, done
    assert [each["owner"]["name"] for each in _rows(done)] == ["app", "other"]
    assert _rows(done)[0]["pods"][0]["result"] == "resized"
    assert space.cpu()["third"] == "100m"


def _rows(done: Done) -> list[Json]:
    """Of several targets."""
    rows: list[Json] = json.loads(done.out)
    return rows


def _ended(command: list[str]) -> tuple[int, str, str]:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def nodes(cluster: ControlPlane) -> Any:
    """Four Nodes for Pods that tolerate them and select them, one each."""
    names = [f"r{number}" for number in range(4)]
    made = [
        {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, "pool": "resizes"}},
            "spec": {"taints": [{"key": "resizes", "effect": "NoSchedule"}]},
        }
        for name in names
    ]
    document = json.dumps({"apiVersion": "v1", "kind": "List", "items": made})
    cluster.kubectl("create", "-f", "-", stdin=document)
    yield names
    cluster.kubectl("delete", "node", *names, "--wait=false")


_APART = """
nodeSelector: {pool: resizes}
tolerations: [{operator: Exists}]
affinity:
  podAntiAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
    - {topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: web}}}
"""


@pytest.mark.usefixtures("nodes")
def test_a_pod_that_restarts_stops_the_run_and_its_batch_is_taken_back(
    cluster: ControlPlane, space: Space
) -> None:
    names = sorted(space.deploy("web", 4, _pod("web", "prompt", _APART)))
    # The second batch is of two Pods, one of which is killed.
    cluster.kubectl("label", "pod", names[1], f"--namespace={space.name}", f"{MOOD}=killed", "--overwrite")
    done = space.resize("deployment/web", *_CPU, "--settle=4", "--batch=50")
    results = [(each["name"], each["result"], each["reason"]) for each in done.data["pods"]]
    assert results == [
        (names[0], "resized", ""),
        (names[1], "reverted", "harm"),
        (names[2], "reverted", "harm"),
        (names[3], "unchanged", "stopped"),
    ], done
    assert done.code == 1
    assert space.cpu() == dict(zip(names, ["200m", "100m", "100m", "100m"], strict=True))
    assert [each["status"]["containerStatuses"][0]["restartCount"] for each in space.pods().values()] == [
        0,
        1,
        0,
        0,
    ]


def _interrupted(command: list[str], ready: Any, end: signal.Signals = signal.SIGINT) -> Done:
    """The command once the signal has come, when `ready` says so."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            eventually("it is in the middle", ready)
            process.send_signal(end)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    return Done(process.returncode, out, err)


def _hinted(done: Done, title: str) -> list[list[str]]:
    """The commands after `hint: TITLE:`."""
    lines = [line.removeprefix("hint: ") for line in done.err.splitlines() if line.startswith("hint: ")]
    after = lines[lines.index(f"{title}:") + 1 :]
    return [shlex.split(line) for line in takewhile(lambda line: line.startswith("podtailor "), after)]


@pytest.mark.parametrize(("output", "end"), [("table", signal.SIGTERM), ("json", signal.SIGHUP)])
def test_interrupted_it_says_how_to_go_on_and_that_works(
    cluster: ControlPlane, space: Space, output: str, end: signal.Signals
) -> None:
    """As by Ctrl-C, which other tests here send."""
    names = sorted(space.deploy("web", 3, _pod("web", "prompt")))
    command = space.command("deployment/web", "--cpu=+100%", "--apply", "--settle=60", f"--output={output}")
    done = _interrupted(command, lambda: space.cpu()[names[0]] == "200m", end)
    assert done.code == 130, done
    # Its kubelet may have done it by then.
    assert re.search("error: interrupted: (0 of 3 Pods are|1 of 3 Pods is) resized", done.err), done.err
    if output == "json":
        assert [each["reason"] for each in done.data["pods"]] == ["interrupted", "stopped", "stopped"]
    assert sorted(space.cpu().values()) == ["100m", "100m", "200m"]
    assert f"--kubeconfig={cluster.kubeconfig}" in done.err
    for title, cpu in (("to go on", "200m"), ("to go back", "100m")):
        (words,) = _hinted(done, title)
        assert words[:1] == ["podtailor"]
        assert podtailor(*words[1:], "--settle=0").returncode == 0
        assert space.cpu() == dict.fromkeys(names, cpu)
    assert sorted(space.pods()) == names


def test_interrupted_while_events_are_written_it_prints_what_was_done(
    space: Space, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    space.run(_pod("app", "prompt"))
    interrupt = refusing(lambda _, path, __: KeyboardInterrupt() if path.endswith("/events") else None)
    monkeypatch.setattr(request, "call", interrupt)
    with pytest.raises(SystemExit) as ended:
        app([*space.command("pod/app", *_CPU, "--settle=0")[3:]])
    printed = capsys.readouterr()
    assert ended.value.code == 130
    assert json.loads(printed.out)["pods"][0]["result"] == "resized"
    assert "not all Events about it were written: interrupted [events-missing]" in printed.err


def test_template_is_not_to_get_what_no_pod_got(space: Space, capsys: pytest.CaptureFixture[str]) -> None:
    space.deploy("web", 1, _pod("web", "infeasible"))
    words = space.command("deployment/web", "--cpu=200m", "--apply", "--settle=0")[3:]
    with pytest.raises(SystemExit, match="1"):
        app(words)
    assert "Template:" not in capsys.readouterr().out


def test_interrupted_before_its_kubelet_had_room_it_goes_on_waiting(space: Space) -> None:
    space.run(_pod("app", "silent"))
    command = space.command("pod/app", "--cpu=200m", "--apply", "--settle=0")
    done = _interrupted(command, lambda: space.cpu() == {"app": "200m"})
    assert done.code == 130
    condition = {"type": "PodResizePending", "status": "True", "reason": "Deferred", "message": DEFERRED}
    status = json.dumps({"status": {"conditions": [condition]}})
    space.cluster.kubectl(
        "patch", "pod", "app", f"--namespace={space.name}", "--subresource=status", f"--patch={status}"
    )
    again = space.resize("pod/app", *_CPU, "--settle=0", "--timeout=1")
    assert (again.code, _only(again)["result"], _only(again)["message"]) == (1, "deferred", DEFERRED), again

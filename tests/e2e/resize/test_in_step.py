"""Templates changed together with their Pods, under the real controllers: no Pod is made again for it."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import sys
from itertools import count

import pytest
from kubernetes.client import ApiException
from urllib3.exceptions import ProtocolError

from tests.e2e import workloads
from tests.e2e.controlplane.cluster import ControlPlane, KubectlError
from tests.e2e.resize.conftest import AUTOSCALER
from tests.e2e.resize.ended import Killed, after_writes, refusing
from tests.support.commands import podtailor
from tests.support.pods import Json
from tests.support.processes import eventually
from webhook.cli import app
from webhook.cluster import request
from webhook.errors import ClusterError

_OLD = {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}}
_NEW = {"requests": {"cpu": "200m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}}
_SIZES = ("--cpu=200m", "--memory=:256Mi")
_IN_STEP = (*_SIZES, "--template=in-step", "--apply", "--settle=0", "--canary=9", "--batch=100")
_ROLLS_OUT = ("Deployment", "StatefulSet", "DaemonSet")
_KINDS = (*_ROLLS_OUT, "ReplicaSet", "ReplicationController")
_NUMBERS = count()


class Workload:
    """One owner in a namespace of its own."""

    def __init__(self, cluster: ControlPlane, kind: str, pods: int = 2) -> None:
        self.cluster = cluster
        self.kind = kind
        self.name = f"{kind.lower()}/web"
        self.namespace = cluster.create_namespace(f"in-step-{next(_NUMBERS)}", injection="disabled")
        self.manifest = workloads.controller(kind, "web", pods)
        made = self.manifest["spec"]["jobTemplate"] if kind == "CronJob" else self.manifest
        self.container(made)["resources"] = _OLD
        self.apply()
        self.pods = 1 if kind == "DaemonSet" else pods
        self.wait()

    def container(self, obj: Json) -> Json:
        found: Json = obj["spec"]["template"]["spec"]["containers"][0]
        return found

    def apply(self, *flags: str) -> None:
        self.kubectl("apply", "-f", "-", *flags, stdin=json.dumps(self.manifest))

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        return self.cluster.kubectl(f"--namespace={self.namespace}", *arguments, stdin=stdin)

    def get(self, name: str = "") -> Json:
        found: Json = json.loads(
            self.kubectl("get", name or self.name, "-o", "json", "--show-managed-fields")
        )
        return found

    def running(self) -> list[Json]:
        return [
            each
            for each in self.cluster.pods(self.namespace)
            if each["status"]["phase"] == "Running" and "deletionTimestamp" not in each["metadata"]
        ]

    def uids(self) -> set[str]:
        return {each["metadata"]["uid"] for each in self.running()}

    def resources(self) -> list[Json]:
        return [each["spec"]["containers"][0]["resources"] for each in self.running()]

    def wait(self) -> None:
        """Until its controller is done, and all Pods run."""
        if self.kind in _ROLLS_OUT:
            self.kubectl("rollout", "status", self.name, "--timeout=60s")
        eventually(f"{self.pods} Pods run", lambda: len(self.running()) == self.pods)

    def scale(self, pods: int) -> None:
        if self.kind != "DaemonSet":
            self.kubectl("scale", self.name, f"--replicas={pods}")
            self.pods = pods
            eventually(f"{pods} Pods run", lambda: len(self.running()) == pods)

    def podtailor(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return podtailor(*self._words(*arguments))

    def podtailor_ended(self, *arguments: str, by: str) -> subprocess.CompletedProcess[str]:
        """By this signal, in a process of its own, after the third write."""
        command = [sys.executable, "-m", "tests.e2e.resize.ended", by, "3", *self._words(*arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)

    def podtailor_here(self, *arguments: str) -> int:
        """With exceptions that end it."""
        try:
            app(self._words(*arguments))
        except SystemExit as ended:
            return int(ended.code or 0)
        return 0

    def _words(self, *arguments: str) -> list[str]:
        flags = (f"--namespace={self.namespace}", f"--kubeconfig={self.cluster.kubeconfig}")
        return ["resize", self.name, *flags, *arguments]

    def is_held(self) -> bool:
        owner = self.get()
        noted = "podtailor.dev/resize" in owner["metadata"].get("annotations", {})
        return bool(owner["spec"].get("paused")) or noted

    def is_in_step(self, before: set[str]) -> None:
        """All Pods that were there are there, with new values, and a new one has them too."""
        self.wait()
        assert before <= self.uids()
        assert self.resources() == [_NEW] * self.pods
        owner = self.get()
        assert self.container(owner)["resources"] == _NEW
        assert not self.is_held()
        assert owner["spec"].get("updateStrategy", {}).get("type", "RollingUpdate") == "RollingUpdate"
        (gone, *_) = self.running()
        # kubectl 1.33 may wait for a Pod of a StatefulSet for ever, which has the same name again at once.
        self.kubectl("delete", "pod", gone["metadata"]["name"], "--wait=false")
        self.wait()
        assert len(self.uids() & before) >= len(before) - 1
        assert self.resources() == [_NEW] * self.pods


@pytest.fixture(params=_KINDS)
def workload(request: pytest.FixtureRequest, cluster: ControlPlane) -> Workload:
    return Workload(cluster, request.param)


def test_no_pod_is_made_again(workload: Workload) -> None:
    before = workload.uids()
    plan = workload.podtailor(*_SIZES, "--template=in-step")
    assert plan.returncode == 0, plan.stderr
    assert "Template: " in plan.stdout
    assert workload.resources() == [_OLD] * workload.pods
    done = workload.podtailor(*_IN_STEP, "-o", "json")
    assert done.returncode == 0, done.stdout + done.stderr
    template = json.loads(done.stdout)["template"]
    assert template["state"] == "in-step"
    assert template["patch"]["spec"]["template"]["spec"]["containers"] == [
        {"name": "app", "resources": {"requests": {"cpu": "200m"}, "limits": {"memory": "256Mi"}}}
    ]
    workload.is_in_step(before)
    again = workload.podtailor(*_IN_STEP, "-o", "json")
    assert again.returncode == 0, again.stdout + again.stderr
    assert json.loads(again.stdout)["template"] == {"state": "same", "patch": {}}


@pytest.mark.parametrize(
    "kind", [_ROLLS_OUT[0], *(pytest.param(each, marks=pytest.mark.soak) for each in _ROLLS_OUT[1:])]
)
def test_killed_between_any_two_requests_it_goes_on(
    cluster: ControlPlane, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scaled each time, too: so Pods come with the old values, and with the new ones."""
    writes = 1
    while True:
        workload = Workload(cluster, kind)
        before = workload.uids()
        with monkeypatch.context() as patched:
            patched.setattr(request, "call", after_writes(writes, _kill))
            try:
                done = workload.podtailor_here(*_IN_STEP)
            except Killed:
                done = None
        if done is not None:
            assert done == 0
            break
        workload.scale(workload.pods + 1)
        assert workload.podtailor_here(*_IN_STEP) == 0, writes
        workload.is_in_step(before)
        writes += 1
    # Two Pods (or the one of a DaemonSet); then to hold, to follow, and to release.
    assert writes - 1 == {"Deployment": 5, "StatefulSet": 6, "DaemonSet": 4}[kind]


def _kill() -> None:
    raise Killed


@pytest.mark.parametrize("end", ["SIGKILL", "SIGINT"])
def test_a_process_that_was_ended_says_what_goes_on(cluster: ControlPlane, end: str) -> None:
    workload = Workload(cluster, "Deployment")
    before = workload.uids()
    done = workload.podtailor_ended(*_IN_STEP, by=end)
    assert workload.is_held()
    if end == "SIGINT":
        assert done.returncode == 130, done.stderr
        (command,) = re.findall(
            r"^hint: (podtailor resize .*(?<!--margin=0) --apply)$", done.stderr, re.MULTILINE
        )[:1]
        assert "--template=in-step" in command
    else:
        assert done.returncode == -signal.SIGKILL
    other = workload.podtailor(*_SIZES)
    assert "[template-held]" in other.stderr
    assert workload.podtailor(*_IN_STEP).returncode == 0
    workload.is_in_step(before)


def test_what_fails_for_a_moment_is_tried_again(
    cluster: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No answer, though it was stored; too many requests; a fault of a server."""
    workload = Workload(cluster, "Deployment")
    before = workload.uids()
    errors: list[Exception] = [
        ApiException(500, "a fault"),
        ApiException(429, "too many"),
        ProtocolError("no answer"),
        TimeoutError("timed out"),
    ]

    def fails(method: str, path: str, is_dry_run: bool) -> Exception | None:
        is_write = method == "PATCH" and not is_dry_run and "/pods/" not in path
        return errors.pop() if is_write and errors else None

    monkeypatch.setattr(request, "call", refusing(fails))
    assert workload.podtailor_here(*_IN_STEP) == 0
    assert errors == []
    workload.is_in_step(before)


@pytest.mark.parametrize(
    ("plural", "state"),
    [
        pytest.param("deployments", "it replaces Pods as before", id="before it is held"),
        pytest.param("replicasets", "it replaces no Pods until this is ended", id="while it is held"),
    ],
)
def test_what_fails_for_good_says_whether_it_is_held_and_shows_the_results(
    cluster: ControlPlane,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    plural: str,
    state: str,
) -> None:
    workload = Workload(cluster, "Deployment")
    before = workload.uids()

    def fails(method: str, path: str, is_dry_run: bool) -> Exception | None:
        is_it = method == "PATCH" and not is_dry_run and f"/{plural}/" in path
        return ApiException(403, "not you") if is_it else None

    with monkeypatch.context() as patched:
        patched.setattr(request, "call", refusing(fails))
        assert workload.podtailor_here(*_IN_STEP) == 1
    printed = capsys.readouterr()
    assert f"403 not you; {state} [template-not-changed]" in printed.err
    assert printed.out.count("resized after ") == 2
    assert workload.is_held() == (plural == "replicasets")
    assert workload.podtailor_here(*_IN_STEP) == 0
    workload.is_in_step(before)


def test_an_api_server_that_stays_away_ends_it_in_time(
    cluster: ControlPlane, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    workload = Workload(cluster, "Deployment")
    away = ProtocolError("no answer")
    monkeypatch.setattr(
        request, "call", refusing(lambda _, path, __: away if "/replicasets/" in path else None)
    )
    # The plan asks too: then nothing is changed.
    with pytest.raises(ClusterError):
        workload.podtailor_here(*_IN_STEP, "--timeout=2")
    assert workload.resources() == [_OLD] * 2
    monkeypatch.undo()
    monkeypatch.setattr(
        request,
        "call",
        refusing(lambda _, path, is_dry: away if "/replicasets/" in path and not is_dry else None),
    )
    assert workload.podtailor_here(*_IN_STEP, "--timeout=2") == 1
    assert "it replaces no Pods until this is ended [timed-out]" in capsys.readouterr().err
    monkeypatch.undo()
    reads = 0

    def conflicts(method: str, path: str, is_dry: bool) -> Exception | None:
        nonlocal reads
        reads += (method, path.rpartition("/")[2]) == ("GET", "web")
        return (
            ApiException(409, "changed")
            if "/replicasets/" in path and method == "PATCH" and not is_dry
            else None
        )

    monkeypatch.setattr(request, "call", refusing(conflicts))
    assert workload.podtailor_here(*_IN_STEP, "--timeout=2") == 1
    assert "timed out: it has changed since it was read" in capsys.readouterr().err
    assert reads < 20, "it does not wait before it reads again"


@pytest.mark.parametrize("kind", _ROLLS_OUT)
def test_what_the_api_server_would_refuse_later_refuses_the_plan(
    cluster: ControlPlane, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    """The owner; the ReplicaSet, or the label of a Pod."""
    workload = Workload(cluster, kind)
    child = "/replicasets/" if kind == "Deployment" else "/pods/web-"
    for part in (f"/{kind.lower()}s/", child):

        def fails(method: str, path: str, _: bool, part: str = part) -> Exception | None:
            is_it = method == "PATCH" and part in path and not path.endswith("/resize")
            return ApiException(403, "not you") if is_it else None

        with monkeypatch.context() as patched:
            patched.setattr(request, "call", refusing(fails))
            _refused(workload, "template-refused", capsys)
    assert not workload.is_held()


def test_the_old_manifest_applied_afterwards_makes_all_pods_again(cluster: ControlPlane) -> None:
    """A documented loss: that is what the patch for the manifest is printed for."""
    workload = Workload(cluster, "Deployment")
    assert workload.podtailor_here(*_IN_STEP) == 0
    before = workload.uids()
    workload.apply()
    workload.wait()
    assert not before & workload.uids()
    assert workload.resources() == [_OLD] * 2


def test_server_side_apply_of_the_old_manifest_meets_a_conflict(cluster: ControlPlane) -> None:
    workload = Workload(cluster, "Deployment")
    assert workload.podtailor_here(*_IN_STEP) == 0
    with pytest.raises(KubectlError, match="podtailor-resize"):
        workload.apply("--server-side")


@pytest.mark.parametrize("kind", ["CronJob", "Deployment"])
def test_a_template_without_pods_is_changed_for_the_next_ones(cluster: ControlPlane, kind: str) -> None:
    workload = Workload(cluster, kind, 0)
    assert workload.podtailor_here(*_IN_STEP) == 0
    owner = workload.get()
    made = owner["spec"]["jobTemplate"] if kind == "CronJob" else owner
    assert workload.container(made)["resources"] == _NEW
    assert not workload.is_held()


@pytest.fixture(scope="module")
def web(cluster: ControlPlane) -> Workload:
    """A Deployment that nothing changes."""
    return Workload(cluster, "Deployment")


def _refused(workload: Workload, reason: str, capsys: pytest.CaptureFixture[str]) -> None:
    """And nothing is changed."""
    before = workload.get()["metadata"]["generation"], workload.uids()
    assert workload.podtailor_here(*_IN_STEP) == 1
    out = capsys.readouterr().out
    assert f"[{reason}]" in out
    assert "Nothing was changed." in out
    assert (workload.get()["metadata"]["generation"], workload.uids()) == before
    assert workload.resources() == [_OLD] * workload.pods


def test_an_autoscaler_of_its_pods_refuses(web: Workload, capsys: pytest.CaptureFixture[str]) -> None:
    web.kubectl("create", "-f", "-", stdin=json.dumps(AUTOSCALER))
    _refused(web, "hpa", capsys)
    web.kubectl("delete", "hpa", "web")


def test_argo_cd_refuses(web: Workload, capsys: pytest.CaptureFixture[str]) -> None:
    web.kubectl("annotate", web.name, "argocd.argoproj.io/tracking-id=shop:apps/Deployment:shop/web")
    _refused(web, "template-has-another-writer", capsys)
    web.kubectl("annotate", web.name, "argocd.argoproj.io/tracking-id-")


def test_a_pause_of_its_user_refuses(web: Workload, capsys: pytest.CaptureFixture[str]) -> None:
    web.kubectl("rollout", "pause", web.name)
    _refused(web, "template-paused", capsys)
    web.kubectl("rollout", "resume", web.name)


def test_a_program_that_has_written_the_field_refuses_unless_its_user_owns_it(
    cluster: ControlPlane, capsys: pytest.CaptureFixture[str]
) -> None:
    workload = Workload(cluster, "Deployment")
    workload.apply("--server-side", "--field-manager=terraform", "--force-conflicts")
    _refused(workload, "template-has-another-writer", capsys)
    before = workload.uids()
    assert workload.podtailor_here(*_IN_STEP, "--i-own-the-template") == 0
    workload.is_in_step(before)


def test_the_template_of_an_earlier_revision_refuses(
    cluster: ControlPlane, capsys: pytest.CaptureFixture[str]
) -> None:
    """Until its ReplicaSet is deleted, by the command in the message."""
    workload = Workload(cluster, "Deployment")
    for resources in (_NEW, _OLD):
        workload.container(workload.manifest)["resources"] = resources
        workload.apply()
        workload.wait()
    workload.apply()
    assert workload.podtailor_here(*_IN_STEP) == 1
    (command,) = re.findall(r"`kubectl (delete replicaset .*?)`", capsys.readouterr().out)
    workload.kubectl(*command.split())
    before = workload.uids()
    assert workload.podtailor_here(*_IN_STEP) == 0
    workload.is_in_step(before)


@pytest.mark.parametrize("kind", _ROLLS_OUT)
def test_what_somebody_else_changes_meanwhile_is_rolled_out_only_by_its_user(
    cluster: ControlPlane, kind: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    workload = Workload(cluster, kind)
    before = workload.uids()
    monkeypatch.setattr(request, "call", after_writes(workload.pods + 1, _kill))
    with pytest.raises(Killed):
        workload.podtailor_here(*_IN_STEP)
    monkeypatch.undo()
    assert workload.is_held()
    workload.kubectl("set", "image", workload.name, "app=example.com/app:2")
    assert workload.podtailor_here(*_IN_STEP) == 1
    err = capsys.readouterr().err
    assert "[template-changed]" in err
    assert workload.uids() == before
    (command,) = re.findall(r"to let it replace them: kubectl (.*)", err)
    workload.kubectl(*shlex.split(command))
    workload.wait()
    assert not before & workload.uids()
    assert workload.resources() == [_NEW] * workload.pods
    assert not workload.is_held()

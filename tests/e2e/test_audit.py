"""The audit of a real cluster: Pods from before, from while the webhook was away, and from after."""

from __future__ import annotations

import json
import shlex
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess, run
from typing import Any

import pytest
from kubernetes.client import ApiException

from tests.e2e.audits import next_second
from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.kubelet import Kubelet
from tests.e2e.resize.ended import refusing
from tests.e2e.workloads import bare, controller, hundred
from tests.support.browser import page
from tests.support.commands import podtailor
from tests.support.pods import Json
from tests.support.processes import eventually
from webhook.cli import app
from webhook.cluster import request

# Pods of these namespaces came before podtailor was installed, while it was away, and after.
BEFORE, AWAY, AFTER = "before", "away", "after"


class Audited:
    """A cluster with a history, and commands run against it."""

    def __init__(self, cluster: ControlPlane, kubelet: Kubelet) -> None:
        self.cluster, self.kubelet = cluster, kubelet

    def run(self, *arguments: str, stdin: str = "") -> CompletedProcess[str]:
        return podtailor(*arguments, f"--kubeconfig={self.cluster.kubeconfig}", stdin=stdin)

    def lines(self, *arguments: str) -> list[Json]:
        done = self.run("audit", "-o", "json", *arguments)
        assert done.returncode in (0, 1), done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def make(self, namespace: str, *objects: Json) -> None:
        listed = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self.cluster.kubectl("create", f"--namespace={namespace}", "-f", "-", stdin=json.dumps(listed))

    def pods(self, namespace: str) -> list[Json]:
        return self.cluster.pods(namespace)

    def fill(self, namespace: str, *, beside: int = 0) -> None:
        """A hundred Pods of all owners, besides existing ones; returns once they exist."""
        objects, count = hundred()
        if not beside:
            self.cluster.create_namespace(namespace)
        self.make(namespace, *objects)
        eventually(f"{count} Pods in {namespace}", lambda: len(self.pods(namespace)) == count + beside)


@pytest.fixture(scope="module")
def audited(
    cluster: ControlPlane,  # noqa: ARG001 (the binaries are built)
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Audited]:
    with ControlPlane(tmp_path_factory.mktemp("own")) as own:
        kubelet = Kubelet(own, tmp_path_factory.mktemp("kubelet"))
        made = Audited(own, kubelet)
        try:
            made.fill(BEFORE)
            next_second()
            kubelet.apply("manifests/overlays/cluster-wide")
            own.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
            own.kubectl("rollout", "status", "deployment/podtailor", "--namespace=podtailor-system")
            next_second()
            # That these are tailored shows later that their namespace was selected.
            own.create_namespace(AWAY)
            next_second()
            made.make(AWAY, controller("Deployment", "first", 1), controller("StatefulSet", "first-db", 1))
            eventually("2 Pods", lambda: len(made.pods(AWAY)) == 2)
            next_second()
            kubelet.stop()
            made.fill(AWAY, beside=2)
            kubelet.sync()
            made.fill(AFTER)
            yield made
        finally:
            kubelet.stop()


def test_finds_by_name_what_slipped_through_and_nothing_else(audited: Audited, capsys: Any) -> None:
    *lines, last = audited.lines()
    found: dict[tuple[str, str], set[str]] = {}
    for line in lines:
        if line["kind"] == "Pod":
            found.setdefault((line["namespace"], line["finding"]), set()).add(line["name"])
    names = {
        namespace: {pod["metadata"]["name"] for pod in audited.pods(namespace)}
        for namespace in (BEFORE, AWAY, AFTER)
    }
    first = {name for name in names[AWAY] if name.startswith("first-")}
    names[AWAY] -= first
    with capsys.disabled():
        print(
            f"\n{sum(map(len, names.values()))} Pods: {json.dumps({' '.join(key): len(each) for key, each in found.items()})}"
        )
    assert found[BEFORE, "would-change"] == names[BEFORE]
    assert found[AWAY, "slipped-through"] == names[AWAY]
    assert found[AWAY, "pass"] == first
    assert found[AFTER, "pass"] == names[AFTER]
    assert {namespace for namespace, _ in found} == {BEFORE, AWAY, AFTER, "podtailor-system"}
    assert sum(map(len, names.values())) == 300
    assert last["summary"]["findings"]["slipped-through"] == 100
    templates = {line["finding"] for line in lines if line["kind"] != "Pod" and line["namespace"] == AFTER}
    assert templates == {"pass"}, "admission adds what a template lacks"


def test_pods_are_counted_to_whoever_is_behind_them(audited: Audited) -> None:
    owners = Counter(
        (line["owner"]["kind"], line["owner"]["name"])
        for line in audited.lines("-n", AFTER)[:-1]
        if line["kind"] == "Pod"
    )
    assert owners["Deployment", "web-3"] == 6
    assert owners["StatefulSet", "db-0"] == 2
    assert owners["DaemonSet", "agent"] == 3
    assert owners["Pod", "bare-7"] == 1
    assert {kind for kind, _ in owners} == {
        "DaemonSet", "Deployment", "Job", "Pod", "ReplicaSet", "ReplicationController", "StatefulSet"
    }  # fmt: skip


def test_kinds_choose_owners_and_their_pods_still_count(audited: Audited) -> None:
    lines = audited.lines("-n", AWAY, "--kinds", "statefulset")[:-1]
    assert Counter((line["kind"], line["owner"]["kind"]) for line in lines) == {
        ("StatefulSet", "StatefulSet"): 6, ("Pod", "StatefulSet"): 11
    }  # fmt: skip
    assert audited.run("audit", "-n", AWAY, "--kinds", "statefulset").returncode == 1
    bare = {line["name"] for line in audited.lines("-n", AWAY, "--kinds", "Pod")[:-1]}
    assert bare == {f"bare-{number}" for number in range(12)}


def test_labels_of_an_owner_choose_its_pods_too(audited: Audited) -> None:
    namespace = audited.cluster.create_namespace("labelled")
    audited.make(namespace, controller("StatefulSet", "db", 2))
    eventually("2 Pods", lambda: len(audited.pods(namespace)) == 2)
    audited.cluster.kubectl("label", "statefulset", "db", "tier=data", f"--namespace={namespace}")
    lines = audited.lines("-n", namespace, "-l", "tier=data")[:-1]
    assert [line["name"] for line in lines] == ["db", "db-0", "db-1"]


def test_table_is_by_owner_worst_first(audited: Audited) -> None:
    done = audited.run("audit")
    assert done.returncode == 1
    assert done.stderr == ""
    rows = [line.split() for line in done.stdout.splitlines()]
    first = next(index for index, row in enumerate(rows) if row[:2] == ["FINDING", "NAMESPACE"]) + 1
    assert rows[first][:4] == ["slipped-through", AWAY, "daemonset/agent", "3/3"]
    assert ["would-change", BEFORE, "deployment/web-0", "6/6"] in [row[:4] for row in rows]
    assert "  slipped-through  31 owners" in done.stdout


@pytest.mark.parametrize(
    ("flags", "code"),
    [
        ([], 1),
        (["--fail-on", "violation"], 0),
        (["--fail-on", "none"], 0),
        (["--fail-on", "would-change", "-n", BEFORE], 1),
        (["-n", AFTER], 0),
        (["-n", AFTER, "--fail-on", "pass"], 1),
        (["--fail-on", "nope"], 2),
        (["-n", "nowhere"], 2),
        (["-n", AFTER, "-A"], 2),
        (["--kinds", "Gadget"], 2),
        (["--since", "yesterday"], 2),
        (["-l", "a in ("], 2),
        (["--context", "nope"], 2),
    ],
)
def test_exit_code(audited: Audited, flags: list[str], code: int) -> None:
    assert audited.run("audit", *flags).returncode == code


def test_page_of_the_cluster_opens_in_a_browser(audited: Audited, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text(audited.run("audit", "-o", "html").stdout)
    with page(height=1500) as opened:
        opened.goto((tmp_path / "report.html").as_uri())
        assert opened.locator("#owners .owner").count() > 90
        tile = opened.locator(".tiles button").filter(has_text="slipped-through")
        assert tile.inner_text().startswith("31")
        assert f"podtailor retrofit -n {AWAY} --kubeconfig=" in opened.locator(".steps").inner_text()


def test_selector_chooses_what_is_looked_at(audited: Audited) -> None:
    lines = audited.lines("-n", AFTER, "-l", "app=web-3")[:-1]
    assert {(line["kind"], line["owner"]["name"]) for line in lines} == {
        ("Pod", "web-3"),
        ("Deployment", "web-3"),
    }
    assert len(lines) == 7


def test_as_if_enforced_is_told_of_those_who_have_not_opted_in(audited: Audited) -> None:
    audited.cluster.create_namespace("quiet", mode="audit")
    audited.make("quiet", controller("CronJob", "report", 1))
    (line,) = audited.lines("-n", "quiet")[:-1]
    assert (line["finding"], line["items"][0]["policy"]) == ("would-change", "general")
    assert "inForce" not in line["items"][0]
    (line,) = audited.lines("-n", "quiet", "--what-if", "enforce")[:-1]
    assert line["finding"] == "would-change"


def test_policy_of_a_file_is_tried(audited: Audited, tmp_path: Path) -> None:
    tried = tmp_path / "tried.yaml"
    tried.write_text(
        "apiVersion: podtailor.dev/v1alpha1\nkind: ClusterWorkloadPolicy\nmetadata: {name: tried}\n"
        "spec: {match: {podSelector: {matchLabels: {app: web-3}}}, nodeSelector: {zone: a}}\n"
    )
    changed = [
        line
        for line in audited.lines("-n", AFTER, "--policies", str(tried))[:-1]
        if line["finding"] != "pass"
    ]
    assert len(changed) == 7
    assert {line["finding"] for line in changed} == {"would-change"}
    since = audited.lines("-n", BEFORE, "--policies", str(tried), "--since", "2020-01-01T00:00:00Z")[:-1]
    assert Counter(line["finding"] for line in since)["slipped-through"] == 6


def test_resized_pod_has_drifted(audited: Audited) -> None:
    name = next(
        pod["metadata"]["name"] for pod in audited.pods(AFTER) if pod["metadata"]["name"].startswith("web-9")
    )
    patch = {"spec": {"containers": [{"name": "app", "resources": {"requests": {"cpu": "150m"}}}]}}
    audited.cluster.kubectl(
        "patch", "pod", name, f"--namespace={AFTER}", "--subresource=resize", f"--patch={json.dumps(patch)}"
    )
    drifted = [line for line in audited.lines("-n", AFTER)[:-1] if line["finding"] == "drifted"]
    assert [line["name"] for line in drifted] == [name]
    (item,) = drifted[0]["items"]
    assert (item["field"], item["before"], item["after"]) == ("app:requests.cpu", "150m", "100m")


def test_explain_and_retrofit_say_what_the_audit_says(audited: Audited) -> None:
    namespace = audited.cluster.create_namespace("agreed")
    next_second()
    audited.make(namespace, controller("Deployment", "web", 1))
    eventually("a Pod runs", lambda: [pod for pod in audited.pods(namespace) if _ready(pod)])
    (pod,) = audited.pods(namespace)
    name = pod["metadata"]["name"]
    same = audited.run("explain", f"pod/{name}", "-n", namespace).stdout
    assert same.startswith(f"Pod {namespace}/{name}  pass, created at ")
    assert "  a new Pod would be the same\n" in same
    every = "No live Pod lacks anything that admission would add now.\n"
    assert audited.run("retrofit", "-n", namespace).stdout == every
    patch = {"spec": {"containers": [{"name": "app", "resources": {"requests": {"cpu": "150m"}}}]}}
    audited.cluster.kubectl(
        "patch",
        "pod",
        name,
        f"--namespace={namespace}",
        "--subresource=resize",
        f"--patch={json.dumps(patch)}",
    )
    assert [line["finding"] for line in audited.lines("-n", namespace)[:-1]] == ["pass", "drifted"]
    (explained,) = json.loads(audited.run("explain", f"pod/{name}", "-n", namespace, "-o", "json").stdout)
    assert explained["finding"] == "drifted"
    assert explained["whyNot"][-1].startswith(
        "app:requests.cpu is 150m; it should be 100m: the policy sets another value, so it has been resized by "
        "kubectl-patch at 20"
    )
    kept = "app:requests.cpu  kept: the Pod's annotation says podtailor set it (policy general)"
    assert kept in audited.run("explain", f"pod/{name}", "-n", namespace).stdout
    assert audited.run("retrofit", "-n", namespace).stdout == (
        "1 Pod drifted: such a resize may be intended, so it is kept; podtailor explain says who did it, "
        "and podtailor resize undoes it.\n"
    )


def test_explain_says_why_not(audited: Audited) -> None:
    before = audited.run("explain", "pod/bare-0", "-n", BEFORE).stdout
    assert "it lacks app:resizePolicy.cpu" in before
    assert (
        ", policy general last changed at " in before
        or ", the webhook configuration last changed at " in before
    )
    away = audited.run("explain", "pod/bare-0", "-n", AWAY).stdout
    assert "when the policy was in force: a Pod created at " in away
    assert " got it from this policy. If the webhook does not answer" in away
    assert 'apiserver_admission_webhook_fail_open_count{name="pods.podtailor.dev"}' in away
    after = json.loads(audited.run("explain", "pod/bare-0", "-n", AFTER, "-o", "json").stdout)
    assert after[0]["whyNot"][0].startswith("the Pod's annotation says podtailor set ")
    assert audited.run("explain", "pod/missing", "-n", AFTER).returncode == 2


def test_retrofit_restarts_what_rolls_out_and_names_the_rest(audited: Audited) -> None:
    namespace = audited.cluster.create_namespace("retro", injection="disabled")
    audited.make(
        namespace,
        controller("Deployment", "web", 3),
        controller("StatefulSet", "db", 2),
        controller("DaemonSet", "agent", 1),
        controller("ReplicaSet", "alone", 1),
        bare("own"),
    )
    eventually(
        "8 Pods",
        lambda: len(audited.pods(namespace)) >= 8 and None not in map(_ready, audited.pods(namespace)),
    )
    audited.cluster.kubectl("label", "namespace", namespace, "podtailor.dev/injection=enabled", "--overwrite")
    next_second()
    plan = json.loads(audited.run("retrofit", "-n", namespace, "-o", "json").stdout)
    assert [each["command"] for each in plan["restarts"]] == [
        f"kubectl rollout restart daemonset/agent --namespace={namespace}",
        f"kubectl rollout restart statefulset/db --namespace={namespace}",
        f"kubectl rollout restart deployment/web --namespace={namespace}",
    ]
    assert {each["owner"]["name"] for each in plan["byHand"]} == {"alone", "own"}
    uids = {pod["metadata"]["uid"] for pod in audited.pods(namespace)}
    dry = audited.run("retrofit", "-n", namespace, "--apply", "--dry-run")
    assert dry.stdout.count("would be restarted") == 3
    assert {pod["metadata"]["uid"] for pod in audited.pods(namespace)} == uids
    applied = audited.run("retrofit", "-n", namespace, "--apply")
    assert (applied.returncode, applied.stderr) == (0, "")
    assert applied.stdout.endswith(f"3/3 Deployment {namespace}/web: restarted, 3 Pods\n")
    again = json.loads(audited.run("retrofit", "-n", namespace, "-o", "json").stdout)
    assert again["restarts"] == []
    assert {each["owner"]["name"] for each in again["byHand"]} == {"alone", "own"}
    assert {
        line["owner"]["name"]
        for line in audited.lines("-n", namespace)[:-1]
        if line["finding"] == "would-change"
    } == {"alone", "own"}


def _ready(pod: Json) -> Any:
    return pod["spec"].get("nodeName")


def test_resize_alone_repairs_what_it_can(audited: Audited) -> None:
    """And the API server takes the very command that is printed."""
    namespace = audited.cluster.create_namespace("resized", injection="disabled")
    pod = bare("half")
    pod["spec"]["containers"][0] |= {
        "resources": {"requests": {"cpu": "50m"}},
        "resizePolicy": [
            {"resourceName": each, "restartPolicy": "NotRequired"} for each in ("cpu", "memory")
        ],
    }
    audited.make(namespace, pod)
    eventually(
        "it runs", lambda: all(each["status"]["phase"] == "Running" for each in audited.pods(namespace))
    )
    audited.cluster.kubectl("label", "namespace", namespace, "podtailor.dev/injection=enabled", "--overwrite")
    next_second()
    (resize,) = json.loads(audited.run("retrofit", "-n", namespace, "-o", "json").stdout)["resizes"]
    assert json.loads(resize["patch"]) == {
        "spec": {"containers": [{"name": "app", "resources": {"requests": {"memory": "256Mi"}}}]}
    }
    audited.cluster.kubectl(
        "patch",
        "pod",
        "half",
        f"--namespace={namespace}",
        "--subresource=resize",
        f"--patch={resize['patch']}",
    )
    assert (
        audited.run("retrofit", "-n", namespace).stdout
        == "No live Pod lacks anything that admission would add now.\n"
    )


def test_stuck_rollout_ends_with_what_is_left(audited: Audited) -> None:
    namespace = audited.cluster.create_namespace("stuck", injection="disabled")
    audited.make(
        namespace,
        controller("Deployment", "never", 1, {"nodeSelector": {"never": "there"}}),
        controller("Deployment", "web", 2),
    )
    eventually("3 Pods", lambda: len(audited.pods(namespace)) == 3)
    audited.cluster.kubectl("label", "namespace", namespace, "podtailor.dev/injection=enabled", "--overwrite")
    next_second()
    done = audited.run("retrofit", "-n", namespace, "--apply", "--timeout=2")
    assert done.returncode == 1
    assert (
        "Deployment stuck/never: timed out: 0 of 1 Pods are new and available; not restarted: 1 owner"
        in done.stdout
    )


def test_nothing_is_restarted_while_no_replica_answers(audited: Audited) -> None:
    """The webhook is configured and trusted, and no replica answers."""
    namespace = audited.cluster.create_namespace("unanswered", injection="disabled")
    audited.make(namespace, controller("Deployment", "web", 1), controller("StatefulSet", "db", 1))
    eventually("2 Pods", lambda: len(audited.pods(namespace)) == 2)
    audited.cluster.kubectl("label", "namespace", namespace, "podtailor.dev/injection=enabled", "--overwrite")
    next_second()
    uids = {pod["metadata"]["uid"] for pod in audited.pods(namespace)}
    audited.kubelet.stop()
    try:
        done = audited.run("retrofit", "-n", namespace, "--apply")
    finally:
        audited.kubelet.sync()
    assert done.returncode == 1, done.stdout
    assert "not restarted: a new Pod would lack app:resizePolicy.cpu, " in done.stdout
    assert "; not restarted: 1 owner" in done.stdout
    assert {pod["metadata"]["uid"] for pod in audited.pods(namespace)} == uids


REFUSES_A_RESIZE = """
apiVersion: v1
kind: List
items:
- apiVersion: admissionregistration.k8s.io/v1
  kind: ValidatingAdmissionPolicy
  metadata: {name: no-resize}
  spec:
    matchConstraints:
      resourceRules:
      - {apiGroups: [""], apiVersions: [v1], operations: [UPDATE], resources: [pods/resize]}
    validations:
    - {expression: "object.metadata.name != 'half-1'", reason: Forbidden, message: not this one}
- apiVersion: admissionregistration.k8s.io/v1
  kind: ValidatingAdmissionPolicyBinding
  metadata: {name: no-resize}
  spec: {policyName: no-resize, validationActions: [Deny]}
"""


def test_resize_that_is_refused_keeps_nothing_else_from_being_done(audited: Audited) -> None:
    namespace = audited.cluster.create_namespace("some-refused", injection="disabled")
    halves = [bare("half-1"), bare("half-2")]
    for pod in halves:
        pod["spec"]["containers"][0] |= {
            "resources": {"requests": {"cpu": "50m"}},
            "resizePolicy": [
                {"resourceName": each, "restartPolicy": "NotRequired"} for each in ("cpu", "memory")
            ],
        }
    audited.make(namespace, *halves, controller("Deployment", "web", 1))
    eventually(
        "all run",
        lambda: [each["status"]["phase"] for each in audited.pods(namespace)] == ["Running"] * 3,
    )
    audited.cluster.kubectl("label", "namespace", namespace, "podtailor.dev/injection=enabled", "--overwrite")
    audited.cluster.kubectl("apply", "-f", "-", stdin=REFUSES_A_RESIZE)
    next_second()

    def refuses() -> bool:
        done = audited.run("retrofit", "-n", namespace, "--apply", "--dry-run")
        return "not done: Pod some-refused/half-1: 403" in done.stderr

    try:
        eventually("the policy is in force", refuses)
        done = audited.run("retrofit", "-n", namespace, "--apply", "--settle=0")
    finally:
        audited.cluster.kubectl(
            "delete", "validatingadmissionpolicy,validatingadmissionpolicybinding", "no-resize"
        )
    assert done.returncode == 1
    assert "Pod some-refused/half-2: resized" in done.stdout
    assert "1/1 Deployment some-refused/web: restarted, 1 Pod" in done.stdout
    assert "error: not done: Pod some-refused/half-1: 403" in done.stderr


def _halves(
    audited: Audited, namespace: str, *names: str, memory: str = "NotRequired", others: tuple[Json, ...] = ()
) -> None:
    """Pods that lack a memory request alone, so that a resize repairs them; they run."""
    audited.cluster.create_namespace(namespace, injection="disabled")
    halves = ({**bare(name), "spec": _half(bare(name)["spec"], memory)} for name in names)
    audited.make(namespace, *halves, *others)
    _enable(audited, namespace, len(names) + len(others))


def _half(spec: Json, memory: str = "NotRequired") -> Json:
    container = {
        **spec["containers"][0],
        "resources": {"requests": {"cpu": "50m"}},
        "resizePolicy": [
            {"resourceName": "cpu", "restartPolicy": "NotRequired"},
            {"resourceName": "memory", "restartPolicy": memory},
        ],
    }
    return {**spec, "containers": [container]}


def _enable(audited: Audited, namespace: str, pods: int) -> None:
    """Once so many Pods run."""
    eventually(
        "all run",
        lambda: [each["status"]["phase"] for each in audited.pods(namespace)].count("Running") == pods,
    )
    audited.cluster.kubectl("label", "namespace", namespace, "podtailor.dev/injection=enabled", "--overwrite")
    next_second()


def test_retrofit_of_a_user_who_may_not_resize_restarts_all_the_same(
    audited: Audited, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As Kubernetes' own role `edit`."""
    namespace = "no-resizes"
    _halves(audited, namespace, "half-1", "half-2", others=(controller("Deployment", "web", 1),))
    text = f'cannot patch resource "pods/resize" in API group "" in the namespace "{namespace}"'
    error = ApiException(403, f'pods is forbidden: User "jane" {text}')
    fails = refusing(lambda _, path, __: error if path.endswith("/resize") else None)
    with monkeypatch.context() as patched:
        patched.setattr(request, "call", fails)
        with pytest.raises(SystemExit) as ended:
            app(["retrofit", "-n", namespace, "--apply", f"--kubeconfig={audited.cluster.kubeconfig}"])
    assert ended.value.code == 1
    printed = capsys.readouterr()
    assert "A resize repairs" not in printed.out
    assert f"1/1 Deployment {namespace}/web: restarted, 1 Pod" in printed.out
    for name in ("half-1", "half-2"):
        assert f"error: not done: Pod {namespace}/{name}: 403 " in printed.err
    assert printed.err.count("--clusterrole=podtailor-resizer") == 2


def test_interrupted_retrofit_shows_what_was_resized(audited: Audited) -> None:
    _halves(audited, "interrupted", "half-1", "half-2", "half-3")
    command = [sys.executable, "-m", "tests.e2e.resize.ended", "SIGINT", "2", "retrofit", "-n", "interrupted"]
    command += ["--apply", "--settle=0", f"--kubeconfig={audited.cluster.kubeconfig}"]
    done = run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 130, done.stderr
    assert "Pod interrupted/half-1: resized" in done.stdout
    assert "error: not done: Pod interrupted/half-2: error: it has new values" in done.stderr
    assert "half-3" not in done.stderr
    requests = [
        each["spec"]["containers"][0]["resources"]["requests"] for each in audited.pods("interrupted")
    ]
    assert [each.get("memory") for each in requests] == ["256Mi", "256Mi", None]


def test_retrofit_leaves_to_its_user_what_takes_a_flag_of_resize(audited: Audited) -> None:
    namespace = "flags"
    _halves(audited, namespace, "half", memory="RestartContainer")
    plan = json.loads(audited.run("retrofit", "-n", namespace, "-o", "json").stdout)
    assert plan["resizes"] == []
    (left,) = plan["byHand"]
    assert (left["pods"], left["name"]) == (["half"], "would-restart")
    (command,) = left["hints"]
    assert command.startswith(
        f"podtailor resize pod/half -n {namespace} -c app --memory=256Mi --allow-restart "
    )
    done = audited.run("retrofit", "-n", namespace, "--apply")
    assert done.returncode == 1
    assert f"hint: {command}" in done.stderr
    # As a dry run: no kubelet here restarts a container.
    asked = podtailor(*shlex.split(command)[1:], "--dry-run", "-o", "json")
    assert asked.returncode == 0, asked.stdout + asked.stderr
    assert [each["result"] for each in json.loads(asked.stdout)["pods"]] == ["planned"]


def test_retrofit_resizes_no_pods_that_a_rollout_replaces(audited: Audited) -> None:
    namespace = audited.cluster.create_namespace("replaced", injection="disabled")
    web = controller("Deployment", "web", 2)
    web["spec"]["template"]["spec"] = _half(web["spec"]["template"]["spec"])
    audited.make(namespace, web)
    eventually("two run", lambda: sum(map(bool, map(_ready, audited.pods(namespace)))) == 2)
    patch = json.dumps({"spec": {"template": {"spec": {"nodeSelector": {"never": "there"}}}}})
    audited.cluster.kubectl("patch", "deployment", "web", f"--namespace={namespace}", f"--patch={patch}")
    eventually("there is a third", lambda: len(audited.pods(namespace)) == 3)
    _enable(audited, namespace, 2)
    plan = json.loads(audited.run("retrofit", "-n", namespace, "-o", "json").stdout)
    assert plan["resizes"] == []
    assert {each["name"] for each in plan["byHand"]} == {"rollout"}


def test_paused_deployment_is_left_alone(audited: Audited) -> None:
    namespace = audited.cluster.create_namespace("paused", injection="disabled")
    audited.make(namespace, controller("Deployment", "web", 1))
    eventually("a Pod", lambda: len(audited.pods(namespace)) == 1)
    audited.cluster.kubectl("rollout", "pause", "deployment/web", f"--namespace={namespace}")
    audited.cluster.kubectl("label", "namespace", namespace, "podtailor.dev/injection=enabled", "--overwrite")
    next_second()
    done = audited.run("retrofit", "-n", namespace, "--apply")
    assert done.returncode == 0
    assert "These are left to you:\n  Deployment paused/web (web-" in done.stdout
    assert done.stdout.endswith("): it is paused\n")

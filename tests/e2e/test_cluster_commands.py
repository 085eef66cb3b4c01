"""Commands that read the cluster once."""

from __future__ import annotations

import json
import os
from pathlib import Path
from subprocess import CompletedProcess
from unittest.mock import patch

import pytest

from tests.e2e.controlplane.cluster import ControlPlane
from tests.support.commands import podtailor
from webhook.model.names import OWN_NAMESPACE

MODELS = "examples/policies/models.yaml"


@pytest.fixture(scope="module")
def applied(crds: ControlPlane) -> ControlPlane:
    crds.kubectl("apply", "-f", MODELS)
    crds.create_namespace("models")
    crds.kubectl("label", "namespace", "models", "team=models")
    return crds


def _run(cluster: ControlPlane, *arguments: str, stdin: str = "") -> CompletedProcess[str]:
    return podtailor(*arguments, f"--kubeconfig={cluster.kubeconfig}", stdin=stdin)


def test_list_shows_what_is_in_force(applied: ControlPlane) -> None:
    done = _run(applied, "policies", "list", "-o", "json")
    sources = {each["name"]: each["from"] for each in json.loads(done.stdout)}
    assert sources["models"] == "ClusterWorkloadPolicy models"
    assert sources["gpu"] == "built in (safe)"
    assert list(sources).index("models") < list(sources).index("gpu")
    assert "warning: the API server does not call podtailor now" in done.stderr


def test_list_shows_what_the_server_that_is_installed_uses(applied: ControlPlane) -> None:
    _deployed(applied, "serve", "--builtin=strict", "--preset=redis")
    try:
        assert _sources(applied) == {
            "models": "ClusterWorkloadPolicy models",
            "redis": "preset",
            "general": "built in (strict)",
        }
        assert _sources(applied, "--builtin", "safe", "--from-cluster")["general"] == "built in (safe)"
        assert "models" not in _sources(applied, "--builtin", "safe", kubeconfig=False)
    finally:
        applied.kubectl("delete", "deployment", "podtailor", f"--namespace={OWN_NAMESPACE}")


def _sources(cluster: ControlPlane, *flags: str, kubeconfig: bool = True) -> dict[str, str]:
    """Of three that differ, where each comes from."""
    named = [f"--kubeconfig={cluster.kubeconfig}"] if kubeconfig else []
    with patch.dict(os.environ, KUBECONFIG=str(cluster.kubeconfig)):
        done = podtailor("policies", "list", "-o", "json", *flags, *named)
    listed = {each["name"]: each["from"] for each in json.loads(done.stdout)}
    return {name: listed[name] for name in ("models", "redis", "general") if name in listed}


def _deployed(cluster: ControlPlane, *arguments: str) -> None:
    """The Deployment `podtailor`, of which only the arguments are read."""
    cluster.kubectl("apply", "-f", "manifests/base/namespace.yaml")
    container = {"name": "webhook", "image": "example.com/podtailor", "args": arguments}
    labels = {"app": "podtailor"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec = {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}
    metadata = {"name": "podtailor", "namespace": OWN_NAMESPACE}
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}
    cluster.kubectl("create", "-f", "-", stdin=json.dumps(deployment))


def test_show_prints_what_can_be_applied_again(applied: ControlPlane, tmp_path: Path) -> None:
    shown = _run(applied, "policies", "show", "models").stdout
    (tmp_path / "again.yaml").write_text(shown)
    assert _run(applied, "policies", "diff", "-f", str(tmp_path)).returncode == 0


def test_diff_says_what_would_change(applied: ControlPlane, tmp_path: Path) -> None:
    same = _run(applied, "policies", "diff", "-f", MODELS)
    assert (same.returncode, same.stdout, same.stderr) == (0, "", "")
    other = tmp_path / "other.yaml"
    other.write_text(Path(MODELS).read_text().replace("priority: 100", "priority: 7"))
    for changed in (
        _run(applied, "policies", "diff", "-f", str(other)),
        _run(applied, "policies", "diff", "-f", "-", stdin=other.read_text()),
    ):
        assert changed.returncode == 1
        assert changed.stdout.startswith("--- ClusterWorkloadPolicy/models\n")
        assert '-  "priority": 100,\n+  "priority": 7,\n' in changed.stdout
    empty = _run(applied, "policies", "diff", "-f", "-", stdin="# nothing\n")
    assert (empty.returncode, empty.stderr) == (2, "error: -: no policy found [no-policies]\n")


def test_policy_of_a_file_is_tried_in_place_of_the_one_of_its_name(applied: ControlPlane) -> None:
    other = Path(MODELS).read_text().replace('cpu: "4"', 'cpu: "3"')
    said = _run(
        applied,
        "explain",
        "-f",
        "examples/notebook.yaml",
        "-n",
        "models",
        "-p",
        "-",
        "--from-cluster",
        stdin=other,
    ).stdout
    assert "jupyter:requests.cpu = 3  by models\n" in said


def test_policy_that_cannot_be_used_is_warned_of(applied: ControlPlane) -> None:
    crowd = [
        {
            "apiVersion": "podtailor.dev/v1alpha1",
            "kind": "WorkloadPolicy",
            "metadata": {"name": f"p{number:02}", "namespace": "models"},
            "spec": {},
        }
        for number in range(21)
    ]
    manifest = json.dumps({"apiVersion": "v1", "kind": "List", "items": crowd})
    applied.kubectl("create", "-f", "-", stdin=manifest)
    try:
        for command in (("policies", "list"), ("explain", "-f", "examples/notebook.yaml")):
            said = _run(applied, *command).stderr
            assert said.startswith(
                "warning: WorkloadPolicy models/p20: over the limit: namespace models has 20 older WorkloadPolicies"
            )
    finally:
        applied.kubectl("delete", "wp", "--all", "-n", "models")


def test_explain_reasons_with_the_namespaces_and_policies_of_the_cluster(applied: ControlPlane) -> None:
    said = _run(applied, "explain", "-f", "examples/notebook.yaml", "-n", "models", "--from-cluster").stdout
    assert "    + models    matches  (ClusterWorkloadPolicy models)\n" in said
    elsewhere = _run(applied, "explain", "-f", "examples/notebook.yaml", "--from-cluster").stdout
    assert (
        "- models match.namespaceSelector: the labels of namespace default do not match team=models"
        in " ".join(elsewhere.split())  # without the line breaks of 80 columns
    )


@pytest.mark.parametrize(
    ("command", "error", "hint"),
    [
        ("audit -n gone", 'cluster: namespace gone: 404 namespaces "gone" not found [not-found]', "kubectl get namespaces"),
        ("certs rotate", f"podtailor is not installed: there is no Deployment {OWN_NAMESPACE}/podtailor [not-installed]", "kubectl apply -k manifests/overlays/audit"),
        ("certs show", "nothing has a certificate: neither the caBundle nor the Secret [no-certificates]", "podtailor certs check"),
        ("retrofit --apply", "new Pods would not change: the API server does not call podtailor now: there is no MutatingWebhookConfiguration podtailor [not-installed]", "kubectl apply -k manifests/overlays/audit"),
    ],
    ids=lambda each: each.partition(":")[0],
)  # fmt: skip
def test_error_says_the_next_command(applied: ControlPlane, command: str, error: str, hint: str) -> None:
    done = _run(applied, *command.split())
    assert done.returncode == 2
    assert f"error: {error}\n" in done.stderr
    assert hint in done.stderr.partition("\nhint: ")[2]


def test_publish_names_the_definitions_that_are_missing(applied: ControlPlane) -> None:
    applied.kubectl("delete", "crd", "reports.openreports.io", "--ignore-not-found")  # another module's
    done = _run(applied, "audit", "--publish")
    assert done.returncode == 2
    assert (
        "error: cluster: --publish needs the CustomResourceDefinitions of openreports.io [missing-definitions]\n"
        in done.stderr
    )
    assert "kubectl api-resources" in done.stderr.partition("\nhint: ")[2]


def test_explain_a_live_pod(applied: ControlPlane) -> None:
    applied.kubectl(
        "run",
        "live",
        "--namespace=models",
        "--image=example.com/a",
        "--labels=podtailor.dev/injection=disabled",
    )
    said = _run(applied, "explain", "pod/live", "-n", "models").stdout
    assert "exempt: opted-out: Pod label podtailor.dev/injection=disabled" in said
    gone = _run(applied, "explain", "pod/gone", "-n", "models")
    assert gone.returncode == 2
    assert gone.stderr == (
        "error: pod/gone not found in namespace models [not-found]\n"
        "hint: `kubectl get pods --namespace=models` lists those that are there\n"
        "hint: -n NAMESPACE names another namespace\n"
    )


@pytest.fixture(scope="module")
def shop(applied: ControlPlane) -> ControlPlane:
    """Two owners of the name `twin`, a Deployment `web`, and a Pod `till`."""
    applied.create_namespace("shop")
    image = "--image=example.com/a"
    applied.kubectl("create", "deployment", "twin", "--namespace=shop", image)
    applied.kubectl("create", "cronjob", "twin", "--namespace=shop", image, "--schedule=@daily")
    applied.kubectl("create", "deployment", "web", "--namespace=shop", image, "--replicas=2")
    applied.kubectl("run", "till", "--namespace=shop", image)
    return applied


def test_explain_an_owner(shop: ControlPlane) -> None:
    """With the Pods of its ReplicaSet; a ReplicaSet has its own."""
    shop.kubectl("wait", "--for=condition=Available", "deployment/web", "--namespace=shop", "--timeout=60s")
    (replica_set,) = _labelled(shop, "replicasets")
    names = _labelled(shop, "pods")
    live = f"\n  Live Pods\n      2 would-change  {', '.join(names)}\n"
    done = _run(shop, "explain", "deployment/web", "-n", "shop")
    assert done.stdout.startswith(
        "Deployment shop/web\n"
        "  the API server does not call podtailor now: there is no MutatingWebhookConfiguration podtailor\n"
        "  is General: "
    )
    assert done.stdout.endswith(live)
    for words in (("deploy", "web"), ("deployments.apps/web",), ("web",)):
        assert _run(shop, "explain", *words, "-n", "shop").stdout == done.stdout
    assert _run(shop, "explain", f"rs/{replica_set}", "-n", "shop").stdout.endswith(live)
    (read,) = json.loads(_run(shop, "explain", "web", "-n", "shop", "-o", "json").stdout)
    assert read["livePods"] == [{"finding": "would-change", "pods": names}]


def test_explain_several_at_once(shop: ControlPlane) -> None:
    said = _run(shop, "explain", "till", "deploy/twin", "cj/twin", "-n", "shop").stdout
    titles = [line.split("  ")[0] for line in said.splitlines() if line[:1].strip()]
    assert titles == ["Pod shop/till", "Deployment shop/twin", "CronJob shop/twin"]
    assert said.count("\n  Live Pods\n") == 2
    assert said.endswith("\n  Live Pods\n    none\n")


@pytest.mark.parametrize(
    ("words", "error"),
    [
        pytest.param(
            ["twin"],
            "twin is the name of several objects in namespace shop [wrong-usage]\nhint: write deployment/twin or cronjob/twin\n",
            id="a name of two owners",
        ),
        pytest.param(
            ["deploy/twn"],
            "deployment/twn not found in namespace shop [not-found]\nhint: did you mean deployment/twin?\nhint: -n NAMESPACE names another namespace\n",
            id="a name like one of the kind",
        ),
        pytest.param(
            ["tilll"],
            "tilll not found in namespace shop: there is no pod, deployment, statefulset, daemonset, replicaset, "
            "replicationcontroller, cronjob or job of that name [not-found]\nhint: did you mean pod/till?\nhint: -n NAMESPACE names another namespace\n",
            id="a name like one of any kind",
        ),
        pytest.param(
            ["pods"],
            "pods not found in namespace shop: there is no pod, deployment, statefulset, daemonset, replicaset, "
            "replicationcontroller, cronjob or job of that name [not-found]\nhint: pods is a type: write pods/NAME\n"
            "hint: -n NAMESPACE names another namespace\n",
            id="a type without a name",
        ),
    ],
)
def test_explain_says_what_there_is(shop: ControlPlane, words: list[str], error: str) -> None:
    done = _run(shop, "explain", *words, "-n", "shop")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.partition("error: ")[2] == error


def _labelled(cluster: ControlPlane, plural: str) -> list[str]:
    """Names of what belongs to the Deployment `web`."""
    names = "jsonpath={.items[*].metadata.name}"
    return sorted(
        cluster.kubectl("get", plural, "--namespace=shop", "--selector=app=web", "-o", names).split()
    )


def test_explain_looks_into_the_namespace_of_the_context(applied: ControlPlane, tmp_path: Path) -> None:
    applied.kubectl("run", "mine", "--namespace=models", "--image=example.com/a")
    config = json.loads(applied.kubeconfig.read_text())
    config["contexts"][0]["context"]["namespace"] = "models"
    (tmp_path / "kubeconfig").write_text(json.dumps(config))

    def explain(*words: str) -> str:
        return podtailor("explain", *words, f"--kubeconfig={tmp_path / 'kubeconfig'}").stdout

    assert explain("pod/mine").startswith("Pod models/mine  would-change, created at ")
    assert explain("-f", "examples/notebook.yaml").startswith("Deployment models/notebook ")
    assert explain("-f", "examples/notebook.yaml", "-n", "other").startswith("Deployment other/notebook ")


@pytest.mark.parametrize(
    "command",
    [("policies", "list", "--from-cluster"), ("policies", "diff", "-f", MODELS), ("explain", "pod/x")],
)
def test_cluster_that_is_not_there_is_said(tmp_path: Path, command: tuple[str, ...]) -> None:
    done = podtailor(*command, f"--kubeconfig={tmp_path / 'none'}")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: cluster: no kubeconfig at {tmp_path / 'none'} [no-kubeconfig]\n")

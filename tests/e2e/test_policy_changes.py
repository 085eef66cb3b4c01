"""Policies and namespaces of the cluster, while they change: what is in force is what was last applied."""

from __future__ import annotations

import base64
import itertools
import json
import threading
import time
from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from tests.e2e.client import Client, Refused
from tests.e2e.controlplane.cluster import ControlPlane, KubectlError
from tests.e2e.webhook import Webhook
from tests.policies.documents import HEAD
from tests.support.pods import Json, pod, yaml
from tests.support.processes import eventually
from tools.crds import definitions

_NUMBERS = count()


@pytest.fixture(scope="module")
def webhook_flags(crds: ControlPlane) -> list[str]:
    return ["--from-cluster", f"--kubeconfig={crds.kubeconfig}"]


@pytest.fixture(autouse=True)
def ready(webhook: Webhook) -> None:
    eventually("all is listed", lambda: webhook.health("/readyz")[0] == 200)


@pytest.fixture
def name(cluster: ControlPlane) -> Iterator[str]:
    """Of a ClusterWorkloadPolicy that is deleted afterwards."""
    made = f"live-{next(_NUMBERS)}"
    yield made
    cluster.kubectl("delete", "cwp", made, "--ignore-not-found")


def _applied(cluster: ControlPlane, webhook: Webhook, name: str, spec: str, namespace: str = "") -> float:
    """Apply a policy; back once it is in force, with the seconds that took."""
    kind = "WorkloadPolicy" if namespace else "ClusterWorkloadPolicy"
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    policy = {"apiVersion": "podtailor.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": yaml(spec)}
    applied = cluster.kubectl_json("apply", "-f", "-", stdin=json.dumps(policy))
    started = time.monotonic()
    webhook.knows("workloadpolicies" if namespace else "clusterworkloadpolicies", applied)
    return time.monotonic() - started


def _request(client: Client, namespace: str) -> str | None:
    created = client.create(namespace, pod(), dry_run=True)
    memory: str | None = (
        created["spec"]["containers"][0].get("resources", {}).get("requests", {}).get("memory")
    )
    return memory


def _asks_for(client: Client, namespace: str, memory: str | None) -> bool:
    try:
        return _request(client, namespace) == memory
    except Refused:
        return False


def _memory(amount: str) -> str:
    return f"{{resources: {{limits: [{{type: Container, defaultRequest: {{memory: {amount}}}}}]}}}}"


def _ready(cluster: ControlPlane, kind: str, name: str, namespace: str = "default") -> Json | None:
    found = cluster.kubectl_json("get", kind, name, "-n", namespace)
    conditions = found.get("status", {}).get("conditions", [])
    current = [each for each in conditions if each["observedGeneration"] == found["metadata"]["generation"]]
    return current[0] if current else None


def test_each_version_is_in_force_until_the_next(
    cluster: ControlPlane, client: Client, webhook: Webhook, namespace: str, name: str
) -> None:
    """While Pods are being created: none meets a version that is over, and none meets nothing."""
    assert _request(client, namespace) == "256Mi"
    meanwhile: list[str | None] = []
    over = threading.Event()

    def create() -> None:
        while not over.is_set():
            meanwhile.append(_request(client, namespace))

    creating = threading.Thread(target=create)
    creating.start()
    delays = []
    for amount in ("1Gi", "2Gi", "3Gi"):
        delays.append(_applied(cluster, webhook, name, _memory(amount)))
        assert _request(client, namespace) == amount
    cluster.kubectl("delete", "cwp", name)
    eventually("it is gone", lambda: _request(client, namespace) == "256Mi")
    over.set()
    creating.join()
    versions = [each for each, _ in itertools.groupby(meanwhile)]
    assert versions in (["256Mi", "1Gi", "2Gi", "3Gi"], ["256Mi", "1Gi", "2Gi", "3Gi", "256Mi"])
    print(f"\na policy is in force {max(delays):.2f} s after kubectl has returned, at most")


def test_status_says_that_it_is_in_force(cluster: ControlPlane, webhook: Webhook, name: str) -> None:
    _applied(cluster, webhook, name, _memory("1Gi"))
    ready = eventually("the status is written", lambda: _ready(cluster, "cwp", name))
    assert (ready["status"], ready["reason"]) == ("True", "InForce")
    listed = cluster.kubectl("get", "cwp", name).splitlines()
    assert listed[0].split() == ["NAME", "MODE", "TYPES", "PRIORITY", "READY", "MATCHED", "AGE"]
    assert "Enforce" in listed[1]
    assert "True" in listed[1]


def test_broken_one_says_why_and_its_last_good_version_stays(
    cluster: ControlPlane, client: Client, webhook: Webhook, namespace: str, name: str
) -> None:
    """Past the schema: as an older CRD, or somebody who edits it, would let it in."""
    _applied(cluster, webhook, name, _memory("1Gi"))
    with _without_rules(cluster):
        _applied(
            cluster,
            webhook,
            name,
            "{resources: {limits: [{type: Container, defaultRequest: {memory: '-1'}}]}}",
        )
        ready = eventually("the status says so", lambda: _not_ready(cluster, name))
        assert ready["reason"] == "Invalid"
        assert ready["message"] == (
            "spec.resources.limits[0].defaultRequest.memory: -1 must be above zero; "
            "the last good version stays in force"
        )
        assert _request(client, namespace) == "1Gi"
        assert webhook.metric('podtailor_policies{state="bad"}') == 1
        assert webhook.wait_for_log("policy cannot be used")["policy"] == name
        _applied(cluster, webhook, name, _memory("5Gi"))
        assert _request(client, namespace) == "5Gi"
        eventually(
            "the status is mended", lambda: (_ready(cluster, "cwp", name) or {}).get("status") == "True"
        )


def _not_ready(cluster: ControlPlane, name: str) -> Json | None:
    ready = _ready(cluster, "cwp", name)
    return ready if ready and ready["status"] == "False" else None


class _without_rules:  # noqa: N801 (reads as what it does)
    """The CRD without the schema of `spec`, for as long as this lasts."""

    def __init__(self, cluster: ControlPlane) -> None:
        self._cluster = cluster

    def __enter__(self) -> None:
        definition = definitions()["clusterworkloadpolicies.yaml"]
        schema = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
        schema["spec"] = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        self._apply(definition)
        eventually("the API server takes anything", self._takes_anything)

    def __exit__(self, *_: object) -> None:
        self._apply(definitions()["clusterworkloadpolicies.yaml"])
        eventually("the API server checks again", lambda: not self._takes_anything())

    def _apply(self, definition: Json) -> None:
        self._cluster.kubectl(
            "apply", "--server-side", "--force-conflicts", "-f", "-", stdin=json.dumps(definition)
        )

    def _takes_anything(self) -> bool:

        policy = {**yaml(f"{HEAD}  {{anything: goes}}\n"), "metadata": {"name": "probe"}}
        try:
            self._cluster.kubectl(
                "create", "--dry-run=server", "--validate=strict", "-f", "-", stdin=json.dumps(policy)
            )
        except KubectlError:
            return False
        return True


class TestNamespaced:
    def test_reaches_its_own_namespace_and_takes_precedence(
        self, cluster: ControlPlane, client: Client, webhook: Webhook, namespace: str, spared: str, name: str
    ) -> None:
        _applied(cluster, webhook, name, f"{{priority: 1000, {_memory('1Gi')[1:]}")
        _applied(cluster, webhook, "own", _memory("9Gi"), namespace)
        other = cluster.create_namespace(f"other-{next(_NUMBERS)}")
        assert _request(client, namespace) == "9Gi"
        assert _request(client, other) == "1Gi"
        assert _request(client, spared) is None

    def test_only_the_oldest_twenty_are_in_force(
        self, cluster: ControlPlane, client: Client, namespace: str
    ) -> None:
        policies = [
            {
                "apiVersion": "podtailor.dev/v1alpha1",
                "kind": "WorkloadPolicy",
                "metadata": {"name": f"p{number:02}", "namespace": namespace},
                "spec": {"priority": number, **yaml(_memory(f"{number}Mi"))},
            }
            for number in range(1, 23)
        ]
        cluster.kubectl(
            "create", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": policies})
        )
        ready = eventually("the last has a status", lambda: _ready(cluster, "wp", "p22", namespace))
        assert (ready["status"], ready["reason"]) == ("False", "TooMany")
        assert _request(client, namespace) == "20Mi", "the highest priority among those in force"


class TestNamespaces:
    def test_a_new_one_is_waited_for(self, cluster: ControlPlane, client: Client, webhook: Webhook) -> None:
        """Its Pods come at once, and its labels count."""
        before = webhook.metric('podtailor_skips_total{reason="unknown-namespace"}')
        for _ in range(5):
            made = cluster.create_namespace(f"new-{next(_NUMBERS)}", mode="audit")
            assert _request(client, made) is None
        assert webhook.metric('podtailor_skips_total{reason="unknown-namespace"}') == before

    def test_labels_take_effect(self, cluster: ControlPlane, client: Client, namespace: str) -> None:
        for label, expected in (
            ("audit", None),
            ("enforce", "256Mi"),
            ("nonsense", None),
            ("enforce", "256Mi"),
            ("off", None),
        ):
            cluster.kubectl("label", "namespace", namespace, f"podtailor.dev/mode={label}", "--overwrite")
            eventually(f"mode {label} is in force", partial(_asks_for, client, namespace, expected))
        cluster.kubectl("label", "namespace", namespace, "podtailor.dev/mode-")
        eventually("no label is in force", partial(_asks_for, client, namespace, "256Mi"))

    def test_default_type_joins(self, cluster: ControlPlane, client: Client, namespace: str) -> None:
        cluster.kubectl("label", "namespace", namespace, "podtailor.dev/default-workload-type=stateful")
        eventually("its Pods are Stateful", lambda: _request(client, namespace) == "1Gi")

    def test_quota_by_class_keeps_pods_best_effort(
        self, cluster: ControlPlane, client: Client, webhook: Webhook, namespace: str
    ) -> None:
        quota = {
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": {"name": "q"},
            "spec": {"hard": {"pods": "0"}, "scopes": ["NotBestEffort"]},
        }
        cluster.kubectl("create", "-n", namespace, "-f", "-", stdin=json.dumps(quota))
        # Until it is known a Pod is made Burstable, and refused: the harm that knowing it averts.
        eventually("it is known", partial(_asks_for, client, namespace, None))
        client.create(namespace, pod())
        assert webhook.metric('podtailor_skips_total{reason="quota"}') > 0


class TestBounds:
    @pytest.mark.lets_pods_through  # a refusal counts like a failure of ours
    def test_policy_that_denies_refuses_with_every_violation(
        self, cluster: ControlPlane, client: Client, webhook: Webhook, name: str
    ) -> None:
        own = cluster.create_namespace(f"denied-{next(_NUMBERS)}")
        # Of its own namespace, so that nobody else's Pods are refused.
        bounds = "{type: Container, min: {cpu: 500m}, max: {memory: 1Gi}}"
        _applied(cluster, webhook, name, f"{{resources: {{onViolation: Deny, limits: [{bounds}]}}}}", own)
        with pytest.raises(Refused) as refused:
            client.create(own, pod(container="resources: {requests: {cpu: 100m, memory: 2Gi}}"), dry_run=True)
        assert refused.value.status == 403
        assert refused.value.message == (
            'admission webhook "pods.podtailor.dev" denied the request: '
            f"podtailor: policy {own}/{name}: container app: minimum cpu usage per Container is 500m, but request is 100m; "
            f"policy {own}/{name}: container app: maximum memory usage per Container is 1Gi.  No limit is specified"
        )
        cluster.kubectl("label", "namespace", own, "podtailor.dev/mode=audit")
        eventually("audit refuses nothing", partial(_is_taken, client, own))

    def test_limit_range_of_the_namespace_is_kept_to(
        self, cluster: ControlPlane, client: Client, webhook: Webhook, namespace: str, name: str
    ) -> None:
        """Two containers that say nothing, in a namespace whose Pods may ask for 300Mi together."""
        two = pod("initContainers: [{name: side, image: a, restartPolicy: Always}]")
        for container in (two["spec"]["containers"][0], two["spec"]["initContainers"][0]):
            container["resources"] = {"limits": {"memory": "150Mi"}, "requests": {"memory": "10Mi"}}
        two["spec"]["containers"].append({"name": "open", "image": "a"})
        bounds = [{"type": "Pod", "max": {"memory": "300Mi"}}]
        ranged = {
            "apiVersion": "v1",
            "kind": "LimitRange",
            "metadata": {"name": "r"},
            "spec": {"limits": bounds},
        }
        cluster.kubectl("create", "-n", namespace, "-f", "-", stdin=json.dumps(ranged))
        _applied(cluster, webhook, name, _memory("299Mi"))

        def settled() -> bool:
            try:
                created = client.create(namespace, two, dry_run=True)
            except Refused:
                return False  # not known yet: what the API server would say of a Pod that asks for too much
            requests = created["spec"]["containers"][1].get("resources", {}).get("requests", {})
            return "memory" not in requests

        eventually("what would break it is left out", settled)


def _is_taken(client: Client, namespace: str) -> bool:
    try:
        client.create(namespace, pod(), dry_run=True)
    except Refused:
        return False
    return True


def test_from_audit_to_enforcing_namespace_by_namespace(cluster: ControlPlane, tmp_path: Path) -> None:
    enforcing = cluster.create_namespace(f"enforcing-{next(_NUMBERS)}", mode="enforce")
    audited = cluster.create_namespace(f"audited-{next(_NUMBERS)}")
    flags = ("--from-cluster", f"--kubeconfig={cluster.kubeconfig}", "--mode=Audit")
    server = Webhook(cluster, tmp_path, *flags)
    eventually("all is listed", lambda: server.health("/readyz")[0] == 200)
    assert server.review(pod(metadata=f"namespace: {enforcing}"))["patch"]
    answer = server.review(pod(metadata=f"namespace: {audited}"))
    assert "patch" not in answer
    assert "general: app:requests.cpu" in answer["auditAnnotations"]["would-change"]
    assert server.stop() == 0


def test_files_and_cluster_together(cluster: ControlPlane, tmp_path: Path) -> None:
    """Cluster beats file where both have a name; a file that breaks changes nothing."""
    own = tmp_path / "policies" / "own.yaml"
    own.parent.mkdir()
    own.write_text(f"{HEAD.replace('{name: p}', '{name: from-file}')}  {_memory('7Gi')[1:-1]}\n")
    server = Webhook(
        cluster, tmp_path, "--from-cluster", f"--kubeconfig={cluster.kubeconfig}", f"--policies={own.parent}"
    )
    eventually("all is listed", lambda: server.health("/readyz")[0] == 200)
    assert _said(server) == "7Gi"
    own.write_text(own.read_text().replace("7Gi", "8Gi"))
    eventually("the file is read again", lambda: _said(server) == "8Gi")
    own.write_text("nonsense: [")
    assert "own.yaml:1:12: " in server.wait_for_log("policies not reloaded, the old ones stay")["reason"]
    assert _said(server) == "8Gi"
    assert server.stop() == 0


def _said(server: Webhook) -> str:

    answer = server.review(pod())
    patch = json.loads(base64.b64decode(answer["patch"]))
    resources: str = next(
        op["value"]["requests"]["memory"] for op in patch if op["path"].endswith("/resources")
    )
    return resources

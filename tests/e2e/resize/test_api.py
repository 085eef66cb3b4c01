"""What the API server refuses to resize, by version; and that the plan knows of it, or asks.

`plan` says it by itself, with its reason, where it can; `asked` hears the rest of the API server.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest
from kubernetes.client import ApiClient
from msgspec import structs

from tests.e2e.controlplane.build import VERSION, minor
from tests.e2e.controlplane.cluster import ControlPlane, KubectlError
from tests.e2e.resize.conftest import Space
from tests.e2e.resize.ended import refusing
from tests.resize.pods import EQUAL, MI, SIZED, sizes
from tests.support.pods import Json, pod
from webhook.cluster import reads, request
from webhook.cluster.part import ClusterPart
from webhook.errors import ClusterError
from webhook.resize.facts import Allowed, PodUsage, Wanted
from webhook.resize.gather import Nodes, gather
from webhook.resize.owners import pods_of, read_owner
from webhook.resize.plan import Plan, patch, plan
from webhook.resize.running_pods import asked, resize
from webhook.usage.measured import ContainerUsage

_QOS = "Pod QOS Class may not change as a result of resizing"
_NEVER = (99, 0)


def _version(cluster: ControlPlane) -> int:
    return int(cluster.version.split(".")[1])


def _named(name: str, spec: str = "", container: str = SIZED, annotations: str = "{}") -> Json:
    return pod(spec, metadata=f"{{name: {name}, annotations: {annotations}}}", container=container)


def _plan(api: ApiClient, space: Space, name: str, wanted: Wanted, allowed: Allowed | None = None) -> Plan:
    """Of what is in the cluster, with next to nothing in use."""
    raw = reads.pod(api, space.name, name)
    assert raw
    owner = read_owner("Pod", raw)
    pods = pods_of(api, owner)
    facts = gather(api, owner, pods, ClusterPart(space.name, []))
    usage = {name: PodUsage(containers={"app": ContainerUsage(memory=MI, cpu=1)}, has_cache=True)}
    return plan(pods, wanted, structs.replace(facts, usage=usage), allowed or Allowed())


def _refused(api: ApiClient, made: Plan) -> str:
    """What the API server says to the patch of a plan, whatever the plan says to it; empty if it takes it."""
    (only,) = made.pods
    try:
        resize(api, only.pod, only.after, dry_run=True)
    except ClusterError as error:
        return str(error)
    return ""


class Case(NamedTuple):
    """A Pod, the sizes asked for, and who refuses them on which versions."""

    manifest: Json
    cpu: str = ""
    memory: str = ""
    container: str = "app"
    reason: str = ""
    """Of the plan."""
    text: str = ""
    """Of the API server."""
    versions: tuple[int, int] = (0, 99)
    """From which to which it is refused."""
    exists: int = 0
    """From which version on there is such a Pod."""


_SIDECAR = (
    "initContainers: [{name: proxy, image: p, restartPolicy: Always, resources: {requests: {cpu: 50m}}}]"
)
_CASES = {
    "a raise": Case(_named("raise"), cpu="200m:400m", memory="256Mi:512Mi", versions=_NEVER),
    "less CPU": Case(_named("less"), cpu="50m:60m", versions=_NEVER),
    "no CPU": Case(_named("nothing"), cpu="0", versions=_NEVER),
    "a new limit": Case(
        _named("new", container="resources: {requests: {cpu: 100m}}"), cpu=":200m", versions=_NEVER
    ),
    "Guaranteed to Burstable": Case(
        _named("guaranteed", container=EQUAL), cpu=":200m", reason="qos-class", text=_QOS
    ),
    "Burstable to Guaranteed": Case(
        _named("burstable"), cpu="300m", memory="256Mi", reason="qos-class", text=_QOS
    ),
    "BestEffort to Burstable": Case(
        _named("best-effort", container="{}"), cpu="100m", reason="qos-class", text=_QOS
    ),
    "a request above its limit": Case(
        _named("above"), cpu="1", reason="request-above-limit", text="must be less than or equal to cpu limit of 300m"
    ),
    "a memory limit down": Case(
        _named("down"), memory=":200Mi", reason="needs-newer-kubernetes",
        text="memory limits cannot be decreased", versions=(33, 33),
    ),
    "a memory limit down, with a restart": Case(
        _named("restarts", container=f"{SIZED}\nresizePolicy: [{{resourceName: memory, restartPolicy: RestartContainer}}]"),
        memory=":200Mi", reason="would-restart", versions=_NEVER,
    ),
    "a sidecar": Case(_named("sidecar", _SIDECAR), cpu="60m", container="proxy", versions=_NEVER),
    "Pod-level resources": Case(
        _named("whole", "resources: {requests: {cpu: 500m, memory: 512Mi}}"), cpu="200m",
        reason="needs-newer-kubernetes", text="pod-level resources", versions=(34, 35), exists=34,
    ),
    "Windows": Case(_named("windows", "os: {name: windows}"), cpu="200m", reason="not-resizable", text="windows"),
    "a static Pod": Case(
        _named("static", "nodeName: amd64", annotations="{kubernetes.io/config.mirror: x}"), cpu="200m", reason="not-resizable",
        text="static pods",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=name, marks=pytest.mark.only_if(minor(VERSION) >= case.exists))
        for name, case in _CASES.items()
    ],
)
def test_refusal(cluster: ControlPlane, api: ApiClient, space: Space, case: Case) -> None:
    version = _version(cluster)
    name = case.manifest["metadata"]["name"]
    space.run(case.manifest)
    before = space.get(name)
    made = _plan(api, space, name, {case.container: sizes(case.cpu, case.memory)})
    is_refused = case.versions[0] <= version <= case.versions[1]
    said = _refused(api, made)
    assert bool(said) == is_refused, said
    if is_refused:
        assert said.startswith(f"Pod {space.name}/{name}: 422 "), said
        assert case.text.lower() in said.lower()
    expected = [case.reason] if case.reason and (is_refused or case.reason == "would-restart") else []
    assert [each.reason for each in made.pods[0].refusals] == expected
    # Asking stores nothing.
    assert asked(api, made).pods[0].refusals == made.pods[0].refusals
    assert space.get(name)["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]


@pytest.mark.parametrize(
    ("rule", "cpu", "text"),
    [
        pytest.param(
            {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "bounds"},
             "spec": {"limits": [{"type": "Container", "min": {"cpu": "50m"}, "max": {"cpu": "1"}}]}},
            "10m", '403 pods "app" is forbidden: minimum cpu usage per Container is 50m, but request is 10m',
            id="LimitRange, least",
        ),
        pytest.param(
            {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "bounds"},
             "spec": {"limits": [{"type": "Container", "max": {"cpu": "1"}}]}},
            "1:2", '403 pods "app" is forbidden: maximum cpu usage per Container is 1, but limit is 2',
            id="LimitRange, most",
        ),
        pytest.param(
            {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "quota"},
             "spec": {"hard": {"requests.cpu": "150m"}}},
            "200m", '403 pods "app" is forbidden: exceeded quota: quota, requested: requests.cpu=100m',
            id="ResourceQuota, of which the difference counts",
        ),
    ],
)  # fmt: skip
def test_rule_of_the_namespace(api: ApiClient, space: Space, rule: Json, cpu: str, text: str) -> None:
    """Only the API server knows it: the plan has its words."""
    space.run(_named("app"))
    space.create(rule)
    made = _plan(api, space, "app", {"app": sizes(cpu)})
    assert made.pods[0].is_due
    (refusal,) = asked(api, made).pods[0].refusals
    assert refusal.reason == "api-server"
    assert refusal.detail.startswith(text)


def test_init_container(cluster: ControlPlane, api: ApiClient, space: Space) -> None:
    """From 1.36 on its Node must declare that it can."""
    space.run(_named("app", "initContainers: [{name: setup, image: s, resources: {requests: {cpu: 50m}}}]"))
    made = _plan(api, space, "app", {"setup": sizes("60m")})
    if _version(cluster) < 36:
        assert [each.reason for each in made.pods[0].refusals] == ["needs-newer-kubernetes"]
        assert " 422 " in _refused(api, made)
    else:
        (refusal,) = asked(api, made).pods[0].refusals
        assert refusal.detail.startswith("403 ")
        assert "requires features InPlacePodVerticalScalingInitContainers" in refusal.detail


def test_more_than_the_node_has(cluster: ControlPlane, api: ApiClient, space: Space) -> None:
    """From 1.36 on the API server refuses it too; before, the kubelet."""
    space.run(_named("app"))
    wanted: Wanted = {"app": sizes("999:=")}
    made = _plan(api, space, "app", wanted, Allowed(waiting=True))
    assert [each.reason for each in made.pods[0].refusals] == ["node-too-small"]
    said = _refused(api, made)
    if _version(cluster) < 36:
        assert said == ""
    else:
        assert "403 " in said
        assert (
            "node didn't have enough allocatable resources: cpu, requested: 999000, allocatable: 64000"
            in said
        )


@pytest.mark.parametrize(
    ("resources", "text"),
    [
        pytest.param({"limits": {"cpu": None}}, "resource limits cannot be removed", id="a limit that goes"),
        pytest.param({"requests": {"memory": None}, "limits": {"memory": None}}, "cannot be removed", id="both that go"),
        pytest.param(
            {"requests": {"ephemeral-storage": "1Gi"}}, "only cpu and memory resources are mutable", id="disk"
        ),
    ],
)  # fmt: skip
def test_never_in_a_patch_of_ours(
    cluster: ControlPlane, space: Space, resources: dict[str, Any], text: str
) -> None:
    """Why nothing can be taken back that was added, and why nothing else is asked for."""
    space.run(_named("app"))
    body = json.dumps({"spec": {"containers": [{"name": "app", "resources": resources}]}})
    with pytest.raises(KubectlError, match=text):
        cluster.kubectl(
            "patch", "pod", "app", f"--namespace={space.name}", "--subresource=resize", f"--patch={body}"
        )


def test_pod_whose_runtime_does_not_say_what_it_has(
    cluster: ControlPlane, api: ApiClient, space: Space
) -> None:
    """As cri-dockerd: Mirantis/cri-dockerd#406."""
    made = _named("app")
    made["metadata"]["labels"] = {"kubelet.example.com/mood": "silent"}
    space.run(made)
    status = [{"op": "remove", "path": "/status/containerStatuses/0/resources"}]
    cluster.kubectl(
        "patch", "pod", "app", f"--namespace={space.name}", "--subresource=status", "--type=json",
        f"--patch={json.dumps(status)}",
    )  # fmt: skip
    (refusal,) = asked(api, _plan(api, space, "app", {"app": sizes("200m")})).pods[0].refusals
    assert refusal.reason == "api-server"
    assert "422 " in refusal.detail
    assert "Pod running on node without support for resize" in refusal.detail


def test_another_pod_of_the_name(cluster: ControlPlane, api: ApiClient, space: Space) -> None:
    """The uid is a precondition: it took the name after the plan was made."""
    space.run(_named("app"))
    made = _plan(api, space, "app", {"app": sizes("200m")})
    cluster.kubectl("delete", "pod", "app", f"--namespace={space.name}", "--wait")
    left_out = asked(api, made)
    assert left_out.pods[0].is_gone
    assert not left_out.is_refused
    space.run(_named("app"))
    before = space.get("app")
    assert asked(api, made).pods[0].is_gone
    with pytest.raises(ClusterError, match="field is immutable") as raised:
        resize(api, made.pods[0].pod, made.pods[0].after)
    assert raised.value.status == 422
    assert space.get("app")["spec"] == before["spec"]


def test_kubelet_that_is_older_than_the_api_server(
    cluster: ControlPlane, api: ApiClient, space: Space
) -> None:
    node = {
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": "older", "labels": {"kubernetes.io/hostname": "older"}},
        "spec": {"taints": [{"key": "older", "effect": "NoSchedule"}]},
        "status": {"nodeInfo": {
            "kubeletVersion": "v1.33.2", **dict.fromkeys(
                ("architecture", "bootID", "containerRuntimeVersion", "kernelVersion", "kubeProxyVersion", "machineID",
                 "operatingSystem", "osImage", "systemUUID"), "")}},
    }  # fmt: skip
    space.create(node)
    try:
        space.run(_named("app", "nodeName: older\ntolerations: [{operator: Exists}]"))
        (refusal,) = _plan(api, space, "app", {"app": sizes(memory=":200Mi")}).pods[0].refusals
        assert str(refusal) == (
            "needs-newer-kubernetes: a lower memory limit without a restart needs 1.34, and this is 1.33"
        )
    finally:
        cluster.kubectl("delete", "node", "older", "--wait=false")


def test_stored_by_one_request_that_names_its_manager(api: ApiClient, space: Space) -> None:
    space.run(_named("app"))
    made = _plan(api, space, "app", {"app": sizes("200m:400m", "256Mi:512Mi")})
    (only,) = made.pods
    assert patch(only.pod, only.after)["metadata"] == {"uid": only.pod.uid}
    stored = resize(api, only.pod, only.after)
    assert stored.values() == {**only.pod.values(), **only.after}
    managers = space.cluster.kubectl_json(
        "get", "pod", "app", f"--namespace={space.name}", "--show-managed-fields"
    )["metadata"]["managedFields"]
    (ours,) = (each for each in managers if each["manager"] == "podtailor-resize")
    assert (ours["operation"], ours["subresource"]) == ("Update", "resize")


def test_a_node_is_read_once_for_many_owners(
    api: ApiClient, space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the first ones get is counted for those that follow."""
    space.run(_named("one"), _named("two"))
    asked_for: list[str] = []

    def note(_: str, path: str, __: bool) -> None:
        asked_for.append(path)

    monkeypatch.setattr(request, "call", refusing(note))
    nodes = Nodes(api)
    requested = []
    for name in ("one", "two"):
        raw = reads.pod(api, space.name, name)
        assert raw
        owner = read_owner("Pod", raw)
        pods = pods_of(api, owner)
        facts = gather(api, owner, pods, ClusterPart(space.name, []), nodes)
        requested.append(facts.nodes["amd64"].requested["cpu"])
        nodes.add(plan(pods, {"app": sizes("200m")}, facts, Allowed()))
    assert asked_for.count("/api/v1/nodes/amd64") == 1
    assert asked_for.count("/api/v1/nodes/amd64/proxy/stats/summary") == 1
    assert requested[1] - requested[0] == 100

"""Where images run, as findings: what is sure is said, and what is unknown is never wrong."""

from __future__ import annotations

import pytest
from msgspec import structs

from tests.audit.verdicts import WEB, judged, live_pod
from tests.images.test_evidence import NOW, B, failed, ran, read
from tests.support.pods import Json, pod, snapshot
from webhook.audit.costs.capacity import Node, Taint
from webhook.audit.costs.costs import Costs
from webhook.audit.enforcement import NOT_ENFORCED
from webhook.audit.findings import Finding, Item
from webhook.audit.platforms import Platforms
from webhook.audit.reports.headline import headline_of
from webhook.audit.reports.wording import brief
from webhook.audit.summary import Auditor, summary_json
from webhook.images.evidence import Evidence, Knowledge
from webhook.model.image_platforms import AMD64, ARM64
from webhook.model.place import Place
from webhook.model.pod import pod_view
from webhook.workloads.workload import Ref, Workload

APP = "example.com/app:1"
DAEMON = Ref("DaemonSet", "default", "log")


def _node(name: str, arch: str, *taints: Taint, **labels: str) -> Node:
    return Node(name, {"kubernetes.io/arch": arch, "kubernetes.io/os": "linux", **labels}, taints)


ARM_TAINT = Taint("kubernetes.io/arch", "arm64", "NoSchedule")
NODES = [_node("arm-1", "arm64", pool="a"), _node("x-1", "amd64", pool="x")]
NO_ARM, NO_AMD = read(AMD64, ref=APP, digest=B), read(ARM64, ref=APP, digest=B)


def _platforms(*evidence: Evidence, nodes: list[Node] = NODES) -> Platforms:
    return Platforms("arm64", Knowledge(evidence, now=NOW, max_age=60), nodes)


def _workload(spec: str = "", owner: Ref = WEB, node: str = "", problem: str = "") -> Workload:
    view = pod_view(pod(spec))
    return Workload(ref=owner, owner=owner, admitted=view, written=view, node=node, problem=problem)


def _found(platforms: Platforms, workload: Workload) -> list[str]:
    return [each.finding for each in platforms.items(workload)]


@pytest.mark.parametrize(
    ("evidence", "finding", "why"),
    [
        pytest.param([ran(ref=APP)], "would-run-arm64", "its images run on linux/arm64", id="runs"),
        pytest.param([NO_AMD], "would-run-arm64", "its images say that they run on linux/arm64", id="says"),
        pytest.param([NO_ARM], "stopped-by-image", f"{APP} has no linux/arm64", id="no"),
        pytest.param([], "arch-unknown", f"{APP}: not seen", id="unknown"),
        pytest.param([failed(APP)], "arch-unknown", f"{APP}: 403 from docker.io", id="could not be read"),
    ],
)
def test_whether_it_would_run(evidence: list[Evidence], finding: str, why: str) -> None:
    (item,) = _platforms(*evidence).items(_workload())
    assert (item.finding, item.why) == (finding, why)


def test_all_containers_must_agree() -> None:
    spec = "initContainers: [{name: a, image: x}, {name: b, image: z, restartPolicy: Always}]"
    items = [
        *_platforms(ran(ref=APP), read(AMD64, ref="docker.io/library/z:latest", digest=B)).items(
            _workload(spec)
        )
    ]
    assert [(each.finding, each.field) for each in items] == [
        ("stopped-by-image", "b:image"),
        ("arch-unknown", "a:image"),
    ]


ARM = "nodeSelector: {kubernetes.io/arch: arm64}"
AFFINITY = (
    "affinity: {{nodeAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: "
    "{{nodeSelectorTerms: [{terms}]}}}}}}"
)
ARM_TERM = "{matchExpressions: [{key: kubernetes.io/arch, operator: In, values: [arm64]}]}"
BOTH_TERM = "{matchExpressions: [{key: kubernetes.io/arch, operator: In, values: [arm64, amd64]}]}"


@pytest.mark.parametrize(
    ("evidence", "workload", "why"),
    [
        pytest.param(NO_ARM, _workload(node="arm-1"), "no linux/arm64, and the Pod is on Node arm-1", id="on such a Node"),
        pytest.param(NO_AMD, _workload(node="x-1"), "no linux/amd64, and the Pod is on Node x-1", id="the other way round"),
        pytest.param(NO_ARM, _workload(ARM), "no linux/arm64, and the Pod requires arm64", id="by its selector"),
        pytest.param(NO_ARM, _workload("nodeSelector: {beta.kubernetes.io/arch: arm64}"), "the Pod requires arm64", id="by the old label"),
        pytest.param(NO_ARM, _workload(AFFINITY.format(terms=ARM_TERM)), "the Pod requires arm64", id="by its affinity"),
        pytest.param(NO_ARM, _workload(owner=DAEMON), "no linux/arm64, and the DaemonSet covers Node arm-1", id="a DaemonSet of all Nodes"),
        pytest.param(NO_ARM, _workload("nodeSelector: {pool: a}", owner=DAEMON), "the DaemonSet covers Node arm-1", id="one of some Nodes"),
        pytest.param(NO_ARM, _workload(AFFINITY.format(terms="{matchExpressions: [{key: pool, operator: NotIn, values: [x]}, {key: pool, operator: Exists}, {key: gpu, operator: DoesNotExist}]}"), owner=DAEMON), "the DaemonSet covers Node arm-1", id="one with an affinity"),
    ],
)  # fmt: skip
def test_wrong(evidence: Evidence, workload: Workload, why: str) -> None:
    item = next(iter(_platforms(evidence).items(workload)))
    assert (item.finding, item.field) == (Finding.WRONG_ARCH, "app:image")
    assert item.why.endswith(why)


@pytest.mark.parametrize(
    ("evidence", "workload"),
    [
        pytest.param(failed(APP), _workload(node="arm-1"), id="unknown is not no"),
        pytest.param(NO_ARM, _workload(node="x-1"), id="on another Node"),
        pytest.param(NO_ARM, _workload(ARM, node="gone"), id="on a Node that is not known"),
        pytest.param(NO_ARM, _workload(), id="it may go anywhere"),
        pytest.param(NO_ARM, _workload(AFFINITY.format(terms=BOTH_TERM)), id="it may go to both"),
        pytest.param(NO_ARM, _workload(AFFINITY.format(terms=f"{ARM_TERM}, {{matchExpressions: [{{key: a, operator: Exists}}]}}")), id="it may go by another term"),
        pytest.param(NO_ARM, _workload("nodeSelector: {pool: x}", owner=DAEMON), id="a DaemonSet of other Nodes"),
        pytest.param(NO_ARM, _workload(AFFINITY.format(terms="{matchExpressions: [{key: cores, operator: Gt, values: ['1']}]}"), owner=DAEMON), id="a DaemonSet of Nodes that are not sure"),
        pytest.param(NO_ARM, _workload(AFFINITY.format(terms="{matchFields: [{key: metadata.name, operator: In, values: [x-1]}]}"), owner=DAEMON), id="a DaemonSet of Nodes by name"),
        pytest.param(NO_ARM, _workload(owner=Ref("Node", "default", "arm-1"), node="arm-1"), id="a static Pod"),
        pytest.param(NO_ARM, _workload(node="arm-1", problem="odd"), id="what cannot be read"),
    ],
)  # fmt: skip
def test_not_wrong(evidence: Evidence, workload: Workload) -> None:
    assert Finding.WRONG_ARCH not in _found(_platforms(evidence), workload)


@pytest.mark.parametrize(
    ("taint", "spec", "is_wrong"),
    [
        pytest.param(ARM_TAINT, "", False, id="a taint keeps it away"),
        pytest.param(ARM_TAINT, "tolerations: [{key: kubernetes.io/arch, operator: Exists}]", True, id="tolerated"),
        pytest.param(Taint("node.kubernetes.io/unschedulable", "", "NoSchedule"), "", True, id="cordoned, which DaemonSets tolerate"),
    ],
)  # fmt: skip
def test_daemon_sets_tolerate_what_their_controller_adds(taint: Taint, spec: str, *, is_wrong: bool) -> None:
    nodes = [_node("arm-1", "arm64", taint), _node("x-1", "amd64")]
    found = _found(_platforms(NO_ARM, nodes=nodes), _workload(spec, owner=DAEMON))
    assert (Finding.WRONG_ARCH in found) is is_wrong


def test_without_nodes_nothing_is_covered() -> None:
    assert _found(_platforms(NO_ARM, nodes=[]), _workload(owner=DAEMON)) == ["stopped-by-image"]


def test_items_are_at_the_line_of_the_image() -> None:
    places: dict[object, Place] = {}
    item = Item(Finding.STOPPED_BY_IMAGE, field="app:image", why="no")
    verdict = judged(pod(), sizes=[item], place_of=lambda path: places.setdefault(path, Place("a", 7, 9)))
    assert [(each.finding, each.line) for each in verdict.items] == [("stopped-by-image", 7), ("skipped", 0)]
    assert [*places] == [("spec", "containers", 0, "image")]


def _audited(*workloads: Workload, platforms: Platforms | None) -> Auditor:
    auditor = Auditor(snapshot(), NOT_ENFORCED, platforms=platforms)
    for each in workloads:
        auditor.judge(each)
    return auditor


def _with(sidecar: str) -> Json:
    made = pod()
    made["spec"]["containers"].append({"name": "proxy", "image": sidecar})
    return made


def test_an_owner_is_as_bad_as_what_was_injected_into_its_pods() -> None:
    template = structs.replace(_workload(), replicas=0)
    view = pod_view(_with("proxy:1"))
    live = structs.replace(live_pod("web-1", WEB), admitted=view, written=view)
    no_proxy = read(AMD64, ref="docker.io/library/proxy:1", digest=B)
    summary = _audited(template, live, platforms=_platforms(ran(ref=APP), no_proxy)).summary
    (row,) = summary.rows
    assert (row.finding, brief(row.verdict)) == ("stopped-by-image", "proxy: proxy:1 has no linux/arm64")
    assert headline_of(summary) == (
        "None of 1 owner would change; 0 of 1 owner would run on ARM64; 1 stopped by one container: proxy (1)"
    )


def test_totals_are_those_of_images() -> None:
    auditor = _audited(_workload(), platforms=_platforms(ran(ref=APP)))
    totals = summary_json(auditor.summary, Costs())
    assert totals["platforms"]["summary"]["wouldRun"] == 1
    assert totals["owners"]["would-run-arm64"] == 1
    assert summary_json(_audited(_workload(), platforms=None).summary, Costs())["platforms"] is None


def test_without_a_platform_nothing_is_said_of_it() -> None:
    summary = _audited(_workload(node="arm-1"), platforms=None).summary
    assert headline_of(summary) == "None of 1 owner would change"
    assert summary.findings == {Finding.SKIPPED}

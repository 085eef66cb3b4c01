"""An audit as a cluster of a company would have it: every finding, several policies, costs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple

from msgspec import structs
from playwright.sync_api import Page, expect

from tests.audit.verdicts import EARLIER, EVERYBODY, LATER
from tests.support.pods import Json, policy, yaml
from webhook.audit.costs.autoscalers import Autoscaler, Metric, Wakeup
from webhook.audit.costs.capacity import NodeCapacity
from webhook.audit.costs.costs import Costs
from webhook.audit.drift import expected_of_template
from webhook.audit.enforcement import NOT_ENFORCED, Enforcement
from webhook.audit.findings import Finding, Item
from webhook.audit.reports import html
from webhook.audit.reports.plots import plot
from webhook.audit.reports.scope import Scope
from webhook.audit.reports.usage import NamespaceUse, OwnerUse, Trial, UsageReport
from webhook.audit.summary import Auditor, Located, Total, summary_json
from webhook.engine.snapshot import Snapshot, snapshot_of
from webhook.model.names import MODE
from webhook.model.place import Place
from webhook.model.pod import pod_view
from webhook.model.subject import Namespace
from webhook.policies.shipped import Profile, shipped
from webhook.workloads.builtin_plugins import NO_PLUGINS
from webhook.workloads.templates import manifests_of
from webhook.workloads.workload import Ref, Workload, template_of, unreadable

AT = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
CORE, GIB = 1000, 1000 * 2**30
SINCE = "2026-01-01T12:00:00Z"
LONG = "a-team-with-a-name-as-long-as-kubernetes-allows-and-no-shorter"
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
FILES = Scope(of="deploy/", manifests=("-f", "deploy/"))
CLUSTER = Scope(of="prod-eu-1", connection=("--context=prod-eu-1",))

_POLICIES = (
    policy(
        "{priority: 100, match: {namespaceSelector: {matchLabels: {team: shop}}}, "
        "resources: {limits: [{type: Container, max: {memory: 32Gi}, defaultRequest: {memory: 512Mi}, default: {memory: 2Gi}}]}}",
        name="shop-bounds",
    ),
    policy(
        "{match: {namespaceSelector: {matchLabels: {team: shop}}, annotations: {tier: web}}, "
        "resources: {limits: [{type: Container, defaultRequest: {memory: 1Gi}}]}}",
        name="web-memory",
    ),
    policy(
        "{mode: Audit, match: {workloadTypes: [GPU]}, "
        "resources: {perDevice: {cpu: '4', memory: 16Gi}}, resizePolicy: {memory: RestartContainer}}",
        name="inference",
    ),
)
SIZED = "resources: {requests: {cpu: 500m, memory: 1Gi}, limits: {cpu: '1', memory: 1Gi}}"
PASSES = (
    f"{SIZED}\nresizePolicy: "
    "[{resourceName: cpu, restartPolicy: NotRequired}, {resourceName: memory, restartPolicy: NotRequired}]"
)


class Owner(NamedTuple):
    kind: str
    namespace: str
    name: str
    pods: int = 0
    container: str = "{}"
    is_new: bool = False
    """Whether its Pods are newer than the policies."""
    annotations: str = "{}"
    spec: str = "{}"


def owners() -> Iterator[Owner]:
    for name in ("cart", "catalog", "search", "checkout", "recommendations", "storefront"):
        yield Owner("Deployment", "shop", name, 6)
    yield Owner(
        "Deployment", "shop", "prices", 4, "resources: {requests: {memory: 64Gi}, limits: {memory: 64Gi}}"
    )
    yield Owner("Deployment", "shop", "reviews", 3, annotations="{tier: web}")
    yield Owner("StatefulSet", "shop", "sessions", 3, "resources: {limits: {memory: 48Gi}}")
    for name in ("ledger", "fraud-detection", "invoices"):
        yield Owner("Deployment", "payments", name, 4, is_new=True)
    for name in ("orders-db", "events-db", "users-db"):
        yield Owner(
            "StatefulSet",
            "data",
            name,
            3,
            spec="{volumes: [{name: d, persistentVolumeClaim: {claimName: d}}]}",
        )
    yield Owner("StatefulSet", "data", "kafka", 5, PASSES)
    for name in ("llama-70b", "embeddings", "whisper"):
        yield Owner("Deployment", "inference", name, 2, "resources: {limits: {nvidia.com/gpu: '1'}}")
    for name in ("daily-report", "reindex", "cleanup"):
        yield Owner("CronJob", "batch", name)
    yield Owner("Job", "batch", "transcode", 2, spec="{nodeSelector: {kubernetes.io/arch: arm64}}")
    for name in ("node-exporter", "log-agent"):
        yield Owner("DaemonSet", "monitoring", name, 12)
    for name in ("grafana", "prometheus"):
        yield Owner("Deployment", "monitoring", name, 1, SIZED)
    for name in ("alertmanager", "loki", "tempo"):
        yield Owner("StatefulSet", "monitoring", name, 2, PASSES)
    yield Owner("Deployment", LONG, f"{LONG[:52]}-api", 2, is_new=True)
    for name in ("coredns", "kube-proxy"):
        yield Owner("Deployment", "kube-system", name, 2)


def cluster() -> tuple[Snapshot, Enforcement]:
    names = {"shop": {"team": "shop"}, "inference": {MODE: "audit"}, "batch": {MODE: "audit"}}
    spaces = {each.namespace: Namespace(each.namespace, names.get(each.namespace, {})) for each in owners()}
    policies = (*_POLICIES, *shipped(Profile.SAFE, ["mongodb", "redis"]))
    snapshot = snapshot_of(policies, namespaces=spaces, knows_namespaces=True, kubernetes=36)
    times = {(each.source, each.key): EARLIER for each in policies}
    return snapshot, Enforcement(webhook=EVERYBODY, policies=times, since=SINCE)


def costs() -> Costs:
    metric = Metric("cpu", 70)
    scaler = Autoscaler(
        Ref("HorizontalPodAutoscaler", "shop", "storefront"),
        Ref("Deployment", "shop", "storefront"),
        (metric,),
    )
    room = {"cpu": 192 * CORE, "memory": 768 * GIB}
    gpus = {"cpu": 64 * CORE, "memory": 512 * GIB}
    return Costs(
        (
            NodeCapacity(selector="", nodes=14, allocatable=room, requested={"cpu": 121_500, "memory": 471 * GIB}, added={"cpu": 35_900, "memory": 128 * GIB}, full_nodes=()),
            NodeCapacity(selector="accelerator=a100", nodes=2, allocatable=gpus, requested={"cpu": 12_000, "memory": 450 * GIB}, added={"cpu": 24_000, "memory": 96 * GIB}, full_nodes=("gpu-2",)),
        ),
        (Wakeup(scaler, metric, 143),),
    )  # fmt: skip


@cache
def full() -> str:
    """The report of the cluster."""
    auditor = Auditor(*cluster(), with_diff=True)
    for owner in owners():
        for workload in workloads(owner, auditor.snapshot):
            auditor.judge(workload)
    auditor.judge(unreadable(Ref("Deployment", "data", "broken"), "spec.containers: expected a list"))
    return page(auditor, CLUSTER, costs())


def workloads(owner: Owner, snapshot: Snapshot) -> Iterator[Workload]:
    """The template and the live Pods of an owner."""
    template = workload_of(deployment(owner))
    yield structs.replace(template, replicas=0)
    expected = expected_of_template(owner.namespace, template.admitted, template.written, snapshot)
    for number in range(owner.pods):
        pod = structs.replace(
            template,
            ref=Ref("Pod", owner.namespace, f"{owner.name}-{number}"),
            created=LATER if owner.is_new else "2025-12-01T00:00:00Z",
        )
        if owner.name == "kafka" and number == 0:
            resized = yaml(PASSES.replace("cpu: 500m", "cpu: '1'"))
            view = pod_view(_pod(owner, resized))
            pod = structs.replace(pod, admitted=view, written=view, expected=expected, created=LATER)
        yield pod


@cache
def used() -> str:
    """The report of three owners with their usage: one is too large, one too small, one is not measured."""
    objects = [
        deployment(Owner("Deployment", "shop", name, container=PASSES)) for name in ("web", "cart", "api")
    ]
    sizes = {
        "web": Item(Finding.OVERSIZED, field="app:requests.cpu", before="500m", after="230m", why="P95 200m of web-a, and 15 %"),
        "cart": Item(Finding.UNDERSIZED, field="app:limits.memory", before="1Gi", after="2Gi", why="peak of 1.6Gi"),
    }  # fmt: skip
    known: dict[Located, Sequence[Item]] = {
        (Ref("Deployment", "shop", name), None): [item] for name, item in sizes.items()
    }
    auditor = Auditor(snapshot_of(shipped(Profile.SAFE, [])), NOT_ENFORCED, sizes=known, with_diff=True)
    for obj in objects:
        auditor.judge(workload_of(obj))
    return page(auditor, FILES, Costs(unknown_reason="these are files"), usage=usage_report())


def usage_report(*, owners: int = 2, window: bool = True) -> UsageReport:
    """`owners`: how many are shown of a hundred. `window`: whether the source has a history."""
    day = [100.0 + 50 * math.sin(hour / 24 * 2 * math.pi) for hour in range(168)]
    plots = [
        plot("app", "cpu", (*day[:80], *[math.nan] * 10, *day[90:]), (500, 230), (1000, 1000)),
        plot("app", "memory", [each * GIB / 100 for each in day], (GIB, 2 * GIB), (GIB, 3 * GIB)),
    ]
    trials = [
        Trial(by="as it stands"),
        Trial(by="podtailor", is_change=True, cpu_hours=52.3, memory_hours=-12),
        Trial(by="krr simple", is_change=True, kills=3, throttled=85, cpu_hours=61, memory_hours=20.5),
    ]
    total = Total(pods=3, before=Counter(cpu=1500, memory=3 * GIB), after=Counter(cpu=690, memory=6 * GIB))
    use = NamespaceUse(
        requests=total, above=Counter(cpu=810), below=Counter(memory=3 * GIB), undersized=1, trials=trials
    )
    shown = [
        OwnerUse(owner=Ref("Deployment", "shop", name), pods=3, reasons=("app:requests.cpu is 500m, needs 230m: P95",), requests=total, plots=tuple(filter(None, plots)), trials=tuple(trials))
        for name in ["web", "cart", *(f"owner-{number}" for number in range(98))][:owners]
    ]  # fmt: skip
    times = {"begin": "10 Sep 00:26", "judged": "14 Sep 22:01", "end": "17 Sep 00:26", "split": 0.7}
    return UsageReport(
        namespaces={"shop": use, LONG: use},
        owners=shown,
        sized=100,
        **(times if window else {"untried": ("week.json has no history of namespace shop",)}),
    )


def report(*objects: Json, profile: Profile = Profile.STRICT, places: bool = False) -> str:
    """The report of manifests by the built-in policies."""
    auditor = Auditor(snapshot_of(shipped(profile, [])), NOT_ENFORCED, with_diff=True)
    for line, obj in enumerate(objects, 1):
        place = Place("deploy/web.yaml", line, 1) if places else None
        auditor.judge(structs.replace(workload_of(obj), place=place))
    return page(auditor, FILES, Costs(unknown_reason="these are files"))


def page(auditor: Auditor, scope: Scope, costs: Costs, usage: UsageReport | None = None) -> str:
    totals = summary_json(auditor.summary, costs)
    return html.page(auditor, costs, totals, scope, at=AT, usage=usage)


def open_all(opened: Page) -> None:
    """What a report shows of its owners: their details and diffs, which the page makes after the click."""
    summaries = opened.locator("#owners summary")
    expect(summaries).not_to_have_count(0)
    summaries.evaluate_all("all => all.forEach((each) => each.click())")
    expect(opened.locator("#owners .detail:empty")).to_have_count(0)


def workload_of(obj: Json) -> Workload:
    (manifest,) = manifests_of(obj)
    ref = Ref(obj["kind"], obj["metadata"]["namespace"], obj["metadata"]["name"])
    return template_of(obj, manifest, ref, NO_PLUGINS)


def deployment(owner: Owner, *, container: str = "app", image: str = "example.com/app:1") -> Json:
    template = {
        "metadata": {"annotations": yaml(owner.annotations)},
        "spec": _spec(owner, yaml(owner.container), container, image),
    }
    spec: dict[str, Any] = {"template": template}
    if owner.kind == "CronJob":
        spec = {"schedule": "@daily", "jobTemplate": {"spec": spec}}
    group = "batch/v1" if owner.kind in ("Job", "CronJob") else "apps/v1"
    metadata = {"name": owner.name, "namespace": owner.namespace}
    return {"apiVersion": group, "kind": owner.kind, "metadata": metadata, "spec": spec}


def _pod(owner: Owner, fields: Any) -> Json:
    return {"metadata": {}, "spec": _spec(owner, fields, "app", "example.com/app:1")}


def _spec(owner: Owner, fields: Any, container: str, image: str) -> Json:
    return {**yaml(owner.spec), "containers": [{"name": container, "image": image, **fields}]}

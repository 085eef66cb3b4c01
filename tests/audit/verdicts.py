"""Policies, Pods and verdicts that tests of the audit share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.support.pods import Json, pod, policy, snapshot
from webhook.audit.enforcement import NOT_ENFORCED, Enforcement, FirstApplied, Scope
from webhook.audit.findings import Demand, Finding, Item, Verdict
from webhook.audit.judge import judge
from webhook.engine.qos import QOSClass, QosMove
from webhook.engine.snapshot import Snapshot
from webhook.model.pod import PodView, pod_view
from webhook.model.policy import Policy
from webhook.model.selectors import Selector
from webhook.workloads.workload import Ref, Workload

REQUESTS = policy("{resources: {limits: [{type: Container, defaultRequest: {cpu: 100m}}]}}")


AUDITED = policy(
    "{mode: Audit, resources: {limits: [{type: Container, defaultRequest: {memory: 1Gi}}]}}", name="tried"
)


SIZED = pod(container="resources: {requests: {cpu: 100m}}")


EVERYBODY = Scope(Selector(()), Selector(()), "2026-01-01T00:00:00Z")


EARLIER, LATER = "2026-01-01T00:00:00Z", "2026-01-02T00:00:01Z"


BETWEEN = "2026-01-02T00:00:00.5Z"


CPU = "requests.cpu"


def in_force(
    *policies: Policy, webhook: Scope = EVERYBODY, first_applied: FirstApplied | None = None
) -> Enforcement:
    """With an earlier Pod of the namespace that has the fields of the policies."""
    earlier = {(each.name, field): BETWEEN for each in policies for field in (CPU, "nodeSelector.a")}
    times = {(each.source, each.key): "2026-01-02T00:00:00Z" for each in policies}
    return Enforcement(
        webhook=webhook,
        policies=times,
        first_applied={"default": earlier if first_applied is None else first_applied},
    )


def judged(
    obj: Json,
    *policies: Policy,
    within: Snapshot | None = None,
    enforcement: Enforcement = NOT_ENFORCED,
    sizes: Sequence[Item] = (),
    **known: Any,
) -> Verdict:
    view, ref = pod_view(obj), Ref("Pod", "default", "p")
    workload = Workload(ref=ref, owner=ref, admitted=view, written=view, **known)
    return judge(workload, within or snapshot(*policies), enforcement, more=sizes)


STAYS = QosMove(QOSClass.BURSTABLE, QOSClass.BURSTABLE)


VIEW = pod_view({"metadata": {}, "spec": {"containers": [{"name": "app"}]}})


def live_pod(name: str, owner: Ref | None = None) -> Workload:
    ref = Ref("Pod", "shop", name)
    return Workload(
        ref=ref, owner=owner or ref, admitted=PodView(), written=VIEW, created="2026-01-01T00:00:00Z"
    )


def verdict_with(
    finding: Finding, *fields: str, why: str = "", after: object = "1", qos: QosMove = STAYS
) -> Verdict:
    items = [Item(finding, "p", field, after=after, why=why, in_force=True) for field in fields or ("",)]
    return Verdict(
        items=tuple(items),
        qos=qos,
        enforced_qos=qos,
        before=Demand(requests={"cpu": 100}),
        after=Demand(requests={"cpu": 300}),
    )


WEB = Ref("Deployment", "shop", "web")

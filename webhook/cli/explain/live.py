"""`podtailor explain TYPE/NAME`: why live Pods are as they are, and the audit's findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cached_property
from http import HTTPStatus
from typing import Any, NamedTuple

from msgspec import structs
from rich.text import Text

from webhook.audit.cluster import workloads
from webhook.audit.cluster.evidence import with_evidence
from webhook.audit.cluster.workloads import Cluster, Selection
from webhook.audit.diagnosis import ClusterContext, diagnose, webhook_problems
from webhook.audit.enforcement import Enforcement
from webhook.audit.findings import Finding
from webhook.audit.summary import Auditor
from webhook.cli.cluster.cluster_view import ClusterView, served_certificate
from webhook.cli.cluster.targets import Target
from webhook.cli.common.manifests import TemplatePaths, find_manifests
from webhook.cli.common.terminal import warn
from webhook.cli.explain.render import as_json, as_text, explain_or_warn
from webhook.cluster.client import Api
from webhook.errors import ClusterError
from webhook.model.pod import NO_METADATA
from webhook.resize.pod import read_pod
from webhook.resize.progress import Progress, pending_resize
from webhook.workloads.builtin_plugins import NO_PLUGINS, Plugins
from webhook.workloads.controllers import PODS, Controller
from webhook.workloads.workload import Ref, Workload, kind_of


class Explained(NamedTuple):
    """One object, for programs and for people."""

    data: dict[str, Any]
    lines: list[Text]


class Live:
    """Explains objects of one namespace. Its methods raise ClusterError."""

    def __init__(
        self,
        api: Api,
        view: ClusterView,
        namespace: str,
        controllers: tuple[Controller, ...],
        templates: TemplatePaths,
    ) -> None:
        self._api = api
        self._view = view
        self._namespace = namespace
        self._templates = templates
        selection = Selection(namespace=namespace, controllers=controllers, unreadable=view.part.unreadable)
        self._cluster = Cluster(api, view.snapshot, selection, lambda *_: None)
        self._enforcement = with_evidence(view.enforcement, view.snapshot, self._cluster.first_applied)

    def explain(self, target: Target) -> Iterator[Explained | None]:
        """A Pod, or each template of an owner; None and a warning if it cannot be judged."""
        if target.kind is PODS:
            yield self._pod(target)
        else:
            yield from self._owner(target)

    def _pod(self, target: Target) -> Explained | None:
        """As it was created, and why a new one would differ."""
        workload, enforcement = self._workload(target)
        located = next(find_manifests(target.document))
        located = structs.replace(
            located, manifest=structs.replace(located.manifest, admitted=workload.admitted)
        )
        explanation = explain_or_warn(located, self._namespace, NO_PLUGINS, self._view.snapshot)
        verdict = Auditor(self._view.snapshot, enforcement).judge(workload)
        if explanation and verdict.problem:
            warn(f"{workload.ref} could not be judged: {verdict.problem}", name=Finding.NOT_JUDGED)
        if explanation is None or verdict.problem:
            return None
        context = ClusterContext(
            namespace=self._view.snapshot.namespace(self._namespace),
            installed=self._view.installed,
            enforcement=enforcement,
            served=self._served,
            now=datetime.now(UTC),
        )
        reasons = [*self._view.export_problems, *diagnose(workload, explanation, verdict, context)]
        hanging = pending_resize(read_pod(target.raw))
        audited = {
            "finding": verdict.finding,
            "items": verdict.items,
            "tailoredBy": verdict.tailor,
            "whyNot": reasons,
            "resize": hanging,
        }
        title = f"  {verdict.finding}, created at {workload.created}"
        _, *rest = as_text(located, self._namespace, explanation, sets="A new Pod would get")
        return Explained(
            {**as_json(located, self._namespace, explanation), **audited},
            [
                Text.assemble((str(workload.ref), "bold"), title),
                *_reason_lines([*_hangs(hanging), *reasons]),
                *(line for line in rest if not _repeats(line, reasons)),
            ],
        )

    def _owner(self, target: Target) -> Iterator[Explained | None]:
        """Its templates as admission would see their Pods, and how its live Pods compare."""
        pods = self._pods_of(target)
        manifests = list(find_manifests(target.document, self._templates))
        for located in manifests:
            explanation = explain_or_warn(located, self._namespace, self._plugins, self._view.snapshot)
            if explanation is None:
                yield None
                continue
            excluded = self._view.exclusion(located, self._namespace)
            reasons = [*self._problems, *([str(excluded)] if excluded else [])]
            found = [{"finding": finding, "pods": names} for finding, names in pods.items()]
            _, *rest = as_text(located, self._namespace, explanation, sets="A new Pod would get")
            live = _pod_lines(pods) if located is manifests[-1] else ()
            yield Explained(
                {**as_json(located, self._namespace, explanation), "whyNot": reasons, "livePods": found},
                [
                    Text(str(located.ref(self._namespace)), style="bold"),
                    *_reason_lines(reasons),
                    *rest,
                    *live,
                ],
            )

    def _pods_of(self, target: Target) -> dict[Finding, list[str]]:
        """The names of its live Pods by finding, worst first."""
        metadata = target.document.data["metadata"]
        kind = kind_of(target.kind.version, target.kind.kind)
        owner = Ref(kind, self._namespace, metadata["name"])
        auditor = Auditor(self._view.snapshot, self._enforcement)
        found: dict[Finding, list[str]] = {}
        for pod in self._live_pods:
            if pod.owner == owner or _is_controlled_by(pod, target.kind.kind, metadata["name"]):
                found.setdefault(auditor.judge(pod).finding, []).append(pod.ref.name)
        return {each: sorted(found[each]) for each in Finding if each in found}

    @cached_property
    def _live_pods(self) -> list[Workload]:
        try:
            return [each for each in self._cluster.workloads() if each.is_live]
        except ClusterError as error:
            if error.status != HTTPStatus.FORBIDDEN:
                raise
            warn(f"live Pods are not compared: {error}", name=error.name)
            return []

    @cached_property
    def _plugins(self) -> Plugins:
        return workloads.plugins(self._api, self._view.part)

    @cached_property
    def _problems(self) -> list[str]:
        problems = webhook_problems(self._view.installed, self._served, datetime.now(UTC))
        return [*problems, *self._view.export_problems]

    @cached_property
    def _served(self) -> bytes | None:
        return served_certificate(self._api, self._view)

    def _workload(self, target: Target) -> tuple[Workload, Enforcement]:
        """As the audit sees it: with its template, and with evidence for whether it slipped through."""
        alone = workloads.live_pod(target.raw)
        try:
            workload = self._cluster.live(target.raw)
        except ClusterError as error:
            if error.status != HTTPStatus.FORBIDDEN:
                raise
            warn(f"not compared with its template: {error}", name=error.name)
            return alone, self._view.enforcement
        return workload or alone, self._enforcement


def _hangs(hanging: Progress | None) -> Iterator[str]:
    """What `kubectl describe` does not show of a resize: its reason, its message and since when."""
    if hanging:
        message = f": {hanging.message}" if hanging.message else ""
        since = f" since {hanging.since}" if hanging.since else ""
        yield f"its resize is {hanging.state}{since}{message}"


def _reason_lines(reasons: Iterable[str]) -> Iterator[Text]:
    return (Text(f"  {reason}", style="yellow") for reason in reasons)


def _repeats(line: Text, reasons: Sequence[str]) -> bool:
    return any(reason.startswith(line.plain.strip()) for reason in reasons)


def _is_controlled_by(pod: Workload, kind: str, name: str) -> bool:
    """As the ReplicaSet of a Deployment, or the Job of a CronJob, is."""
    owners = (pod.written.metadata or NO_METADATA).ownerReferences or ()
    return any(each.controller and each.kind == kind and each.name == name for each in owners)


def _pod_lines(pods: dict[Finding, list[str]]) -> Iterator[Text]:
    yield Text("\n  Live Pods", style="bold")
    if not pods:
        yield Text("    none")
    width = max(map(len, pods), default=0)
    for finding, names in pods.items():
        yield Text(f"    {len(names):>3} {finding:<{width}}  {_some(names)}")


_SHOWN = 3


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more

"""On which platforms the images of a Pod run, as findings of the audit. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import structs

from webhook.audit.costs.capacity import Node
from webhook.audit.findings import Demand, Finding, Item
from webhook.images.evidence import Knowledge
from webhook.images.running import platform_of
from webhook.images.summary import headline, summarize, totals_to_json
from webhook.images.survey import STATIC, Survey, judge, judge_images
from webhook.model.affinity import required_terms
from webhook.model.image_platforms import Level
from webhook.model.names import ARCH, node_label
from webhook.model.pod import NO_SPEC, ContainerView, NodeSelectorRequirement, NodeSelectorTerm, PodSpec
from webhook.workloads.workload import Workload

# The controller of DaemonSets tolerates these (k8s.io/kubernetes `pkg/controller/daemon/util`).
_OF_DAEMONS = "node.kubernetes.io/"


class Platforms:
    """Judges workloads by what is known of images, and sums up whether their owners would run."""

    def __init__(self, arch: str, knowledge: Knowledge, nodes: Iterable[Node] = ()) -> None:
        """`arch`: as in `kubernetes.io/arch`. `nodes`: none if they are not known."""
        self._name = arch.upper()
        self._wanted = f"linux/{arch}"
        self._knowledge = knowledge
        self._nodes = [*nodes]
        self._platforms = {each.name: platform_of(each.labels) for each in self._nodes}
        self._survey = Survey()

    def items(self, workload: Workload) -> Iterator[Item]:
        if workload.problem or workload.owner.kind == STATIC:
            return
        containers = [*_containers(workload)]
        yield from self._wrong(workload, containers)
        levels = {
            each.name: self._knowledge.platforms(each.image or "").level(self._wanted) for each in containers
        }
        for each in containers:
            if levels[each.name] is Level.NO:
                yield _item(Finding.STOPPED_BY_IMAGE, each, f"{each.image} has no {self._wanted}")
        for each in containers:
            if levels[each.name] is Level.UNKNOWN:
                piece = self._knowledge.decisive(each.image or "", self._wanted)
                yield _item(
                    Finding.ARCH_UNKNOWN, each, f"{each.image}: {piece.source if piece else 'not seen'}"
                )
        if containers and {*levels.values()} <= {Level.RUNS, Level.SAYS}:
            sure = "its images run" if {*levels.values()} == {Level.RUNS} else "its images say that they run"
            yield Item(Finding.WOULD_RUN, field="pod:image", why=f"{sure} on {self._wanted}")

    def add(self, workload: Workload, cpu: int) -> None:
        """`cpu`: what one Pod requests, in thousandths."""
        self._survey.add(workload, cpu)

    @property
    def headline(self) -> str:
        """As `41 of 60 owners would run on ARM64 (118 of 190 CPUs); 12 unknown`."""
        judged = [judge(each, self._knowledge, self._wanted) for each in self._survey.owners()]
        return headline(summarize(judged), self._name)

    def as_json(self) -> dict[str, Any]:
        """Totals and images: every owner has items of its own."""
        owners = self._survey.owners()
        judged = [judge(each, self._knowledge, self._wanted) for each in owners]
        images = judge_images(owners, self._knowledge, self._wanted)
        return totals_to_json(self._wanted, summarize(judged), images)

    def _wrong(self, workload: Workload, containers: Iterable[ContainerView]) -> Iterator[Item]:
        """Images that are known not to run where the Pod stands, or has to."""
        for platform, why in self._places(workload):
            for each in containers:
                if self._knowledge.platforms(each.image or "").level(platform) is Level.NO:
                    yield _item(Finding.WRONG_ARCH, each, f"{each.image} has no {platform}, and {why}")

    def _places(self, workload: Workload) -> Iterator[tuple[str, str]]:
        """Platforms with the reason. Where it is not sure, there are none."""
        spec = workload.admitted.spec or NO_SPEC
        if platform := self._platforms.get(workload.node):
            yield platform, f"the Pod is on Node {workload.node}"
        elif workload.node:
            return
        elif arch := _required_arch(spec):
            yield f"linux/{arch}", f"the Pod requires {arch}"
        elif workload.owner.kind == "DaemonSet":
            for platform, node in sorted(self._covered(spec).items()):
                yield platform, f"the DaemonSet covers Node {node}"

    def _covered(self, spec: PodSpec) -> dict[str, str]:
        """Platforms on which a DaemonSet has Pods, each with a Node."""
        needs = Demand(node_selector=spec.nodeSelector or {}, tolerations=tuple(spec.tolerations or ()))
        terms = required_terms(spec)
        found: dict[str, str] = {}
        for node in sorted(self._nodes, key=lambda each: each.name):
            taints = tuple(each for each in node.taints if not each.key.startswith(_OF_DAEMONS))
            covers = structs.replace(node, taints=taints).matches(needs)
            platform = self._platforms[node.name]
            if platform and covers and (not terms or any(_holds(each, node.labels) for each in terms)):
                found.setdefault(platform, node.name)
        return found


def _containers(workload: Workload) -> Iterator[ContainerView]:
    spec = workload.written.spec or NO_SPEC
    yield from (each for each in (*(spec.containers or ()), *(spec.initContainers or ())) if each.image)


def _item(finding: Finding, container: ContainerView, why: str) -> Item:
    return Item(finding, field=f"{container.name}:image", before=container.image, why=why)


def _required_arch(spec: PodSpec) -> str:
    """The only one on which it may run; empty if there are several."""
    for key, value in (spec.nodeSelector or {}).items():
        if node_label(key) == ARCH and value:
            return value
    terms = [_arch_of(each) for each in required_terms(spec)]
    return terms[0] if terms and len({*terms}) == 1 else ""


def _arch_of(term: NodeSelectorTerm) -> str:
    """Empty if it leaves several."""
    for each in term.matchExpressions or ():
        if node_label(each.key) == ARCH and each.operator == "In" and len(each.values or ()) == 1:
            return (each.values or [""])[0]
    return ""


def _holds(term: NodeSelectorTerm, labels: Mapping[str, str]) -> bool:
    """Whether it surely matches the Node: not by its fields, or an order of numbers."""
    expressions = term.matchExpressions or ()
    return bool(expressions) and not term.matchFields and all(_matches(each, labels) for each in expressions)


def _matches(each: NodeSelectorRequirement, labels: Mapping[str, str]) -> bool:
    match each.operator:
        case "In":
            return labels.get(each.key) in (each.values or ())
        case "NotIn":
            return labels.get(each.key) not in (each.values or ())
        case "Exists":
            return each.key in labels
        case "DoesNotExist":
            return each.key not in labels
        case _:
            return False

"""What decides where a Pod runs besides policies: `webhook.model.placement` and `affinity` in CEL."""

from __future__ import annotations

from msgspec import Struct

from webhook.export.cel import values as cel
from webhook.export.cel.values import Any_, Bool, List, Text
from webhook.export.classify import expressions, required_terms
from webhook.export.declared import Declared
from webhook.export.pod import NO_ITEMS, NO_MAP, NO_TEXT, SPEC, Pod
from webhook.export.program import Program
from webhook.model.names import OLD_LABELS

_NODE_SELECTOR = "scheduler.alpha.kubernetes.io/node-selector"


class Placement(Struct, frozen=True, kw_only=True):
    declared: Declared
    is_fixed: Bool
    """The scheduler does not decide: DaemonSet Pods and bound Pods."""
    selected: List[Text]
    """Labels of the Pod's nodeSelector, by their current names."""
    required: List[Text]
    """Labels that the terms of its required nodeAffinity name."""
    preferred: List[Text]
    """Labels that its preferences name."""
    namespace: List[Text]
    """What the annotation of the namespace selects, as `label=value`; of several values the last counts."""


def placement(pod: Pod, declared: Declared, program: Program) -> Placement:
    is_bound = SPEC.maybe("nodeName", default=NO_TEXT) != ""
    return Placement(
        declared=declared,
        is_fixed=program.let("isPlaced", pod.is_daemon | is_bound),
        selected=program.let("selectedLabels", SPEC.maybe("nodeSelector", default=NO_MAP).keys().map(label)),
        required=program.let("requiredLabels", _named(required_terms())),
        preferred=program.let("preferredLabels", _named(preferences().map(preference))),
        namespace=program.let("selectedByNamespace", _of_namespace(pod)),
    )


def label(key: Text) -> Text:
    """The current name of a Node label that has an old one."""
    return cel.when(key.one_of(cel.texts(OLD_LABELS)), key.substring(len("beta.")), key)


def preferences() -> List[Any_]:
    return SPEC.maybe(
        "affinity", "nodeAffinity", "preferredDuringSchedulingIgnoredDuringExecution", default=NO_ITEMS
    )


def preference(term: Any_) -> Any_:
    return term.field("preference", Any_)


def _named(terms: List[Any_]) -> List[Text]:
    return terms.map(lambda term: expressions(term).map(lambda one: label(one.field("key", Text)))).flatten()


def _of_namespace(pod: Pod) -> List[Text]:
    def pair(written: Text) -> Text:
        at = written.index_of("=")
        key, value = written.substring(0, at).strip(), written.substring(at + 1).strip()
        return cel.let(key, label) + "=" + value

    written = cel.split(pod.namespace_annotations.get(_NODE_SELECTOR, NO_TEXT), ",")
    return written.filter(lambda each: each.contains("=")).map(pair)

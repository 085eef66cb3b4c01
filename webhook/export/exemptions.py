"""Pods to which no policy is applied: `webhook.engine.exemptions` in CEL, as conditions that must all hold.

Conditions know neither the variables nor the namespace, whose labels are in `namespace_is_enforced`.
Source: k8s.io/apiserver `pkg/admission/plugin/webhook/matchconditions`.
"""

from __future__ import annotations

from webhook.engine.exemptions import CRITICAL, LONG_IMAGE, MAX_PARTS, MIRROR
from webhook.export.cel import values as cel
from webhook.export.cel.values import Any_, Bool, Int, List, Map, Text
from webhook.export.classify import expressions, required_terms
from webhook.export.pod import METADATA, NO_ITEMS, NO_MAP, NO_TEXT, NO_TEXTS, SPEC, Pod
from webhook.model.names import INJECTION, MODE, OS, old_label

_SYSTEMS = cel.texts((OS, old_label(OS)))


def namespace_is_enforced(pod: Pod) -> Bool:
    """It has not opted out, and its mode is Enforce; any other mode changes nothing."""
    return _opts_in(pod.namespace_labels) & (
        pod.namespace_labels.get(MODE, cel.text("enforce")).lower() == "enforce"
    )


def conditions() -> dict[str, Bool]:
    """By name. All must hold, else the Pod is left alone."""
    labels, annotations = (METADATA.maybe(name, default=NO_MAP) for name in ("labels", "annotations"))
    priority = SPEC.maybe("priorityClassName", default=NO_TEXT)
    return {
        "not-opted-out": _opts_in(labels) & _opts_in(annotations),
        "no-mirror-pod": ~annotations.has_key(MIRROR),
        "not-for-windows": ~_may_run_on_windows(),
        "not-critical": ~priority.one_of(cel.texts(sorted(CRITICAL))),
        "not-too-large": _parts() <= MAX_PARTS,
    }


def _opts_in(pairs: Map[Text]) -> Bool:
    """An unknown value opts out."""
    return pairs.get(INJECTION, cel.text("enabled")) == "enabled"


def _may_run_on_windows() -> Bool:
    selector = SPEC.maybe("nodeSelector", default=NO_MAP)
    selected = selector.keys().exists(lambda key: key.one_of(_SYSTEMS) & (selector[key] == "windows"))

    def allows(one: Any_) -> Bool:
        operator, values = one.field("operator", Text), one.maybe("values", default=NO_TEXTS)
        is_listed = (operator == "In") & cel.text("windows").one_of(values)
        is_not_excluded = (operator == "NotIn") & cel.text("linux").one_of(values)
        return one.field("key", Text).one_of(_SYSTEMS) & (is_listed | is_not_excluded)

    return cel.any_of(
        SPEC.maybe("os", "name", default=NO_TEXT) == "windows",
        selected,
        required_terms().exists(lambda term: expressions(term).exists(allows)),
    )


def _parts() -> Int:
    def count(container: Any_) -> Int:
        amounts = [
            container.maybe("resources", kind, default=NO_MAP).size() for kind in ("limits", "requests")
        ]
        image = container.maybe("image", default=NO_TEXT)
        return amounts[0] + amounts[1] + image.size() // LONG_IMAGE + 4

    containers: List[Any_] = SPEC.field("containers", cel.listed(Any_)) + SPEC.maybe(
        "initContainers", default=NO_ITEMS
    )
    parts = containers.map(count).sum()
    return SPEC.maybe("tolerations", default=NO_ITEMS).size() + parts

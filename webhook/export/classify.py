"""Which workload types a Pod has, as lower case words: `webhook.engine.classify` in CEL."""

from __future__ import annotations

from msgspec import Struct

from webhook.export.cel import values as cel
from webhook.export.cel.values import Any_, Bool, List, Text
from webhook.export.pod import NO_ITEMS, NO_MAP, NO_TEXT, NO_TEXTS, SPEC, Pod
from webhook.export.program import Program
from webhook.model.names import ARCH, DEFAULT_WORKLOAD_TYPE, WORKLOAD_TYPE, WorkloadType, old_label

_WORDS = cel.texts(each.lower() for each in WorkloadType)
_ARM64, _GENERAL = (each.lower() for each in (WorkloadType.ARM64, WorkloadType.GENERAL))
_ARCHITECTURE = cel.texts((ARCH, old_label(ARCH)))


class Classified(Struct, frozen=True):
    """What the types are made from."""

    labelled: List[Text]
    """By the label of the Pod; if it says something, it decides."""
    detected: List[Text]
    """GPU and Stateful."""
    is_arm64: Bool
    defaults: List[Text]
    """Of the namespace, unless the Pod has the label."""


def required_terms() -> List[Any_]:
    """Of the required nodeAffinity."""
    return SPEC.maybe(
        "affinity",
        "nodeAffinity",
        "requiredDuringSchedulingIgnoredDuringExecution",
        "nodeSelectorTerms",
        default=NO_ITEMS,
    )


def expressions(term: Any_) -> List[Any_]:
    return term.maybe("matchExpressions", default=NO_ITEMS)


def classified(pod: Pod, program: Program) -> Classified:
    def said(value: Text) -> List[Text]:
        return cel.split(value.lower(), ".").filter(lambda word: word.one_of(_WORDS))

    default = said(pod.namespace_labels.get(DEFAULT_WORKLOAD_TYPE, NO_TEXT))
    return Classified(
        labelled=program.let("labelled", said(pod.labels.get(WORKLOAD_TYPE, NO_TEXT))),
        detected=program.let("detected", _detected(pod)),
        is_arm64=program.let("isArm64", _requires_arm64()),
        defaults=program.let("defaultTypes", cel.when(pod.labels.has_key(WORKLOAD_TYPE), NO_TEXTS, default)),
    )


def types(found: Classified, sent: Bool | None = None) -> List[Text]:
    """`sent`: whether a policy sends the Pod to ARM64 Nodes."""
    is_arm64 = found.is_arm64 if sent is None else found.is_arm64 | sent
    evidence = found.detected + cel.when(is_arm64, cel.texts([_ARM64]), NO_TEXTS) + found.defaults
    all_types = cel.when(found.labelled.is_empty(), evidence, found.labelled)
    special = all_types.filter(lambda word: word != _GENERAL)
    return cel.let(special, lambda words: cel.when(words.is_empty(), cel.texts([_GENERAL]), words))


def _detected(pod: Pod) -> List[Text]:
    requests_accelerator = pod.containers.exists(lambda one: ~one.devices.is_empty())
    is_stateful = (pod.owner == "StatefulSet") | SPEC.maybe("volumes", default=NO_ITEMS).exists(
        lambda volume: volume.has("persistentVolumeClaim") | volume.has("ephemeral")
    )
    gpu, stateful = (cel.texts([each.lower()]) for each in (WorkloadType.GPU, WorkloadType.STATEFUL))
    return cel.when(requests_accelerator, gpu, NO_TEXTS) + cel.when(is_stateful, stateful, NO_TEXTS)


def _requires_arm64() -> Bool:
    selector = SPEC.maybe("nodeSelector", default=NO_MAP)
    selected = selector.keys().exists(lambda key: key.one_of(_ARCHITECTURE) & (selector[key] == "arm64"))
    terms = required_terms()

    def requires(one: Any_) -> Bool:
        only = one.maybe("values", default=NO_TEXTS) == cel.texts(["arm64"])
        return one.field("key", Text).one_of(_ARCHITECTURE) & (one.field("operator", Text) == "In") & only

    every = terms.all(lambda term: expressions(term).exists(requires))
    return selected | (~terms.is_empty() & every)

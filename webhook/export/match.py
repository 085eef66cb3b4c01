"""Whether a policy matches a Pod: `webhook.engine.match` in CEL, clause by clause."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from webhook.export import images, selectors
from webhook.export.cel import values as cel
from webhook.export.cel.code import Code
from webhook.export.cel.values import Any_, Bool, List, Text
from webhook.export.pod import Container, Pod
from webhook.export.program import Program
from webhook.export.regular_expressions import of_globs
from webhook.model.globs import Glob
from webhook.model.images import ImageGlob
from webhook.model.names import WorkloadType
from webhook.model.policy import Match, Policy
from webhook.model.selectors import Selector

_of_request = Any_(Code("request")).field("namespace", Text)


class Matching(Struct, frozen=True):
    """What clauses ask about."""

    pod: Pod
    owner_kinds: List[Text]
    """The values of `ownerKinds` that match the Pod."""
    requested: List[Text]
    """The extended resources and huge pages that containers request."""
    program: Program
    with_images: dict[tuple[ImageGlob, ...], Bool]
    """Whether a container's image matches, by patterns: each a variable, for one has a budget of its own."""


def matching(pod: Pod, program: Program) -> Matching:
    is_deployed = (pod.owner == "ReplicaSet") & pod.labels.has_key("pod-template-hash")
    owner = cel.when(pod.owner == "", cel.text("Pod"), pod.owner)
    kinds = cel.when(is_deployed, cel.texts(["Deployment", "ReplicaSet"]), cel.list_of([owner], Text))
    return Matching(
        pod,
        program.let("ownerKinds", kinds),
        program.let("requested", pod.containers.map(_requested).flatten()),
        program,
        {},
    )


def matches(policy: Policy, types: List[Text], about: Matching) -> Bool:
    """`types` as lower case words."""
    given = _clauses(policy.match, types, about)
    excluded = _clauses(policy.exclude, types, about)
    return cel.all_of(
        *([_of_request == policy.namespace] if policy.namespace is not None else []),
        *given,
        *([~cel.all_of(*excluded)] if excluded else []),
    )


def _clauses(match: Match, types: List[Text], about: Matching) -> list[Bool]:
    """Those that are given; all must hold."""
    values = {name: getattr(match, name) for name in _CLAUSES}
    return [_CLAUSES[name](value, types, about) for name, value in values.items() if value is not None]


def _requested(one: Container) -> List[Text]:
    return one.requests.keys().filter(
        lambda resource: (
            (resource.contains("/") | resource.starts_with("hugepages-"))
            & one.requests[resource].as_quantity().is_greater(cel.ZERO)
        )
    )


def _workload_types(wanted: tuple[WorkloadType, ...], types: List[Text], _: Matching) -> Bool:
    words = cel.texts(each.lower() for each in wanted)
    return types.exists(lambda word: word.one_of(words))


def _namespace_selector(selector: Selector, _: List[Text], about: Matching) -> Bool:
    return selectors.holds(selector, about.pod.namespace_labels)


def _pod_selector(selector: Selector, _: List[Text], about: Matching) -> Bool:
    return selectors.holds(selector, about.pod.labels)


def _annotations(wanted: Mapping[str, str], _: List[Text], about: Matching) -> Bool:
    of_pod = about.pod.annotations
    return cel.all_of(*(of_pod.has_key(key) & (of_pod[key] == value) for key, value in wanted.items()))


def _owner_kinds(kinds: tuple[str, ...], _: List[Text], about: Matching) -> Bool:
    wanted = cel.texts(kinds)
    return about.owner_kinds.exists(lambda kind: kind.one_of(wanted))


def _images(patterns: tuple[ImageGlob, ...], _: List[Text], about: Matching) -> Bool:
    if patterns not in about.with_images:
        found = about.pod.containers.exists(lambda one: images.is_one_of(one.repository, patterns))
        name = f"hasImage{len(about.with_images)}"
        about.with_images[patterns] = about.program.let(name, found)
    return about.with_images[patterns]


def _resources(patterns: tuple[Glob, ...], _: List[Text], about: Matching) -> Bool:
    return about.requested.exists(lambda resource: resource.matches(of_globs(patterns)))


# `imagePlatforms` is not among them: the API server knows nothing of images, so such policies are refused.
_CLAUSES: Mapping[str, Callable[[Any, List[Text], Matching], Bool]] = {
    "workload_types": _workload_types,
    "namespace_selector": _namespace_selector,
    "pod_selector": _pod_selector,
    "annotations": _annotations,
    "owner_kinds": _owner_kinds,
    "images": _images,
    "resources": _resources,
}

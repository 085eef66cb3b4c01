"""Lists that a Pod declares, and that must stay as they are so that the Pod can be applied again.

`kubectl apply` keeps the manifest in an annotation, server-side apply its fields in `managedFields`. Applying
again replaces a list without merge keys by the one in the manifest: that removes what admission appended, and
the API server rejects it, because a Pod's tolerations only grow and its resizePolicy never changes
(`ValidatePodUpdate` in k8s.io/kubernetes `pkg/apis/core/validation/validation.go`). Pods of a controller are
never applied.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Raw, Struct

from webhook.model.pod import ObjectMeta, SpecFields

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


class DeclaredLists(Struct, frozen=True):
    """Whether each is declared. Only server-side apply replaces `node_selector` as a whole."""

    tolerations: bool = False
    node_selector: bool = False
    required_affinity: bool = False
    preferred_affinity: bool = False
    """The terms of nodeAffinity: each of the two lists is replaced as a whole."""
    resize_policy: frozenset[str] | None = frozenset()
    """Names of the containers that declare one; None: any may."""

    def has_resize_policy_of(self, container: str) -> bool:
        return self.resize_policy is None or container in self.resize_policy


NO_LISTS = DeclaredLists()
# The annotation holds no manifest: assume that everything is declared.
_ANY = DeclaredLists(
    tolerations=True,
    node_selector=True,
    required_affinity=True,
    preferred_affinity=True,
    resize_policy=None,
)
_ABSENT = Raw()


class _Container(Struct, frozen=True):
    name: str = ""
    resizePolicy: Raw = _ABSENT


class _NodeAffinity(Struct, frozen=True):
    requiredDuringSchedulingIgnoredDuringExecution: Raw = _ABSENT
    preferredDuringSchedulingIgnoredDuringExecution: Raw = _ABSENT


class _Affinity(Struct, frozen=True):
    nodeAffinity: _NodeAffinity | None = _NodeAffinity()


class _Spec(Struct, frozen=True):
    tolerations: Raw = _ABSENT
    affinity: _Affinity | None = _Affinity()
    containers: list[_Container] | None = None
    initContainers: list[_Container] | None = None


class _Manifest(Struct, frozen=True):
    spec: _Spec | None = None


_MANIFESTS = msgspec.json.Decoder(_Manifest)


def declared_lists(metadata: ObjectMeta) -> DeclaredLists:
    """For a Pod without controller. An empty or null field is declared too."""
    text = (metadata.annotations or {}).get(LAST_APPLIED)
    if text:
        return _of_manifest(text)
    applied = [each.fieldsV1 for each in metadata.managedFields or () if each.operation == "Apply"]
    specs = [each.spec for each in applied if each and each.spec]
    return _of_fields(specs) if specs else NO_LISTS


def _of_manifest(text: str) -> DeclaredLists:
    try:
        spec = _MANIFESTS.decode(text).spec or _Spec()
    except (msgspec.MsgspecError, ValueError, RecursionError):  # users may write anything there
        return _ANY
    containers = (*(spec.containers or ()), *(spec.initContainers or ()))
    # Null removes the whole affinity, so it declares both lists.
    affinity = spec.affinity and spec.affinity.nodeAffinity
    return DeclaredLists(
        tolerations=bool(bytes(spec.tolerations)),
        required_affinity=not affinity
        or bool(bytes(affinity.requiredDuringSchedulingIgnoredDuringExecution)),
        preferred_affinity=not affinity
        or bool(bytes(affinity.preferredDuringSchedulingIgnoredDuringExecution)),
        resize_policy=frozenset(each.name for each in containers if bytes(each.resizePolicy)),
    )


def _of_fields(specs: Sequence[SpecFields]) -> DeclaredLists:
    affinities = [
        each.affinity.nodeAffinity for each in specs if each.affinity and each.affinity.nodeAffinity
    ]
    containers = [each for spec in specs for each in (spec.containers, spec.initContainers) if each]
    return DeclaredLists(
        tolerations=any(each.tolerations for each in specs),
        node_selector=any(each.nodeSelector for each in specs),
        required_affinity=any(each.requiredDuringSchedulingIgnoredDuringExecution for each in affinities),
        preferred_affinity=any(each.preferredDuringSchedulingIgnoredDuringExecution for each in affinities),
        resize_policy=frozenset(
            key.removeprefix('k:{"name":"').removesuffix('"}')
            for each in containers
            for key, fields in each.items()
            if fields.resizePolicy
        ),
    )

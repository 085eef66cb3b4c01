"""Which lists a Pod brings that are replaced as a whole when somebody applies the same Pod again.

`kubectl apply` keeps the manifest in an annotation, server-side apply its fields in `managedFields`. A list
without merge keys is replaced by the one in the manifest, which takes away what was appended at admission,
and the API server refuses that: a Pod's tolerations only grow, its resizePolicy never changes
(`ValidatePodUpdate` in k8s.io/kubernetes `pkg/apis/core/validation/validation.go`). Pods that a controller
makes are never applied.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Raw, Struct

from webhook.model.pod import ObjectMeta, SpecFields

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


class DeclaredLists(Struct, frozen=True):
    """What stays as it is. `node_selector` is replaced as a whole by server-side apply alone."""

    tolerations: bool = False
    node_selector: bool = False
    resize_policy: frozenset[str] | None = frozenset()
    """Names of containers; None: it may be any of them."""

    def has_resize_policy_of(self, container: str) -> bool:
        return self.resize_policy is None or container in self.resize_policy


NO_LISTS = DeclaredLists()
# The annotation is there and is no manifest: it may declare anything.
_ANY = DeclaredLists(tolerations=True, node_selector=True, resize_policy=None)
_ABSENT = Raw()


class _Container(Struct, frozen=True):
    name: str = ""
    resizePolicy: Raw = _ABSENT


class _Spec(Struct, frozen=True):
    tolerations: Raw = _ABSENT
    containers: list[_Container] | None = None
    initContainers: list[_Container] | None = None


class _Manifest(Struct, frozen=True):
    spec: _Spec | None = None


_MANIFESTS = msgspec.json.Decoder(_Manifest)


def declared_lists(metadata: ObjectMeta) -> DeclaredLists:
    """Of a Pod that no controller made. A field that is written empty or null is declared too."""
    text = (metadata.annotations or {}).get(LAST_APPLIED)
    if text:
        return _of_manifest(text)
    applied = [each.fieldsV1 for each in metadata.managedFields or () if each.operation == "Apply"]
    specs = [each.spec for each in applied if each and each.spec]
    return _of_fields(specs) if specs else NO_LISTS


def _of_manifest(text: str) -> DeclaredLists:
    try:
        spec = _MANIFESTS.decode(text).spec or _Spec()
    except (msgspec.MsgspecError, ValueError, RecursionError):  # anybody may write an annotation
        return _ANY
    containers = (*(spec.containers or ()), *(spec.initContainers or ()))
    return DeclaredLists(
        tolerations=bool(bytes(spec.tolerations)),
        resize_policy=frozenset(each.name for each in containers if bytes(each.resizePolicy)),
    )


def _of_fields(specs: Sequence[SpecFields]) -> DeclaredLists:
    containers = [each for spec in specs for each in (spec.containers, spec.initContainers) if each]
    return DeclaredLists(
        tolerations=any(each.tolerations for each in specs),
        node_selector=any(each.nodeSelector for each in specs),
        resize_policy=frozenset(
            key.removeprefix('k:{"name":"').removesuffix('"}')
            for each in containers
            for key, fields in each.items()
            if fields.resizePolicy
        ),
    )

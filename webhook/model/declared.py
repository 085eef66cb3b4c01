"""Lists that a Pod declares, and that must stay as they are so that the Pod can be applied again.

`kubectl apply` keeps the manifest in an annotation, server-side apply its fields in `managedFields`. Applying
again replaces a list without merge keys by the one in the manifest: that removes what admission appended, and
the API server rejects it, because a Pod's tolerations only grow and its resizePolicy never changes
(`ValidatePodUpdate` in k8s.io/kubernetes `pkg/apis/core/validation/validation.go`). Pods of a controller are
never applied.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

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
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
# Around the name of a container, as the key of its fields.
CONTAINER_PREFIX, CONTAINER_SUFFIX = 'k:{"name":"', '"}'
# Null removes the whole affinity, so it declares both lists.
NO_AFFINITY = r'"(?:affinity|nodeAffinity)"[ \t\r\n]*:[ \t\r\n]*null'


def named(field: str) -> str:
    """A pattern: the manifest's text names the field."""
    return f'"{field}"'


def declared_lists(metadata: ObjectMeta) -> DeclaredLists:
    """For a Pod without controller. An empty or null field is declared too."""
    text = (metadata.annotations or {}).get(LAST_APPLIED)
    if text:
        return _of_manifest(text)
    applied = [each.fieldsV1 for each in metadata.managedFields or () if each.operation == "Apply"]
    specs = [each.spec for each in applied if each and each.spec]
    return _of_fields(specs) if specs else NO_LISTS


def _of_manifest(text: str) -> DeclaredLists:
    """By the names in it, wherever they stand: what names a field in vain is only given less."""
    no_affinity = re.search(NO_AFFINITY, text) is not None
    return DeclaredLists(
        tolerations=named("tolerations") in text,
        required_affinity=no_affinity or named(REQUIRED) in text,
        preferred_affinity=no_affinity or named(PREFERRED) in text,
        resize_policy=None if named("resizePolicy") in text else frozenset(),
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
            key.removeprefix(CONTAINER_PREFIX).removesuffix(CONTAINER_SUFFIX)
            for each in containers
            for key, fields in each.items()
            if fields.resizePolicy
        ),
    )

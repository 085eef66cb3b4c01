"""The edits: what podtailor can change in a Pod. Pure, one file or room each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter

from msgspec import Struct

from webhook.edits.node_affinity import ensure_node_affinity
from webhook.edits.node_selector import default_node_selector
from webhook.edits.resize_policy import ensure_resize_policy
from webhook.edits.resources.edit import default_resources
from webhook.edits.tolerations import ensure_tolerations
from webhook.model.draft import Draft
from webhook.model.policy import Policy
from webhook.model.subject import Subject


class Edit(Struct, frozen=True, kw_only=True):
    """One kind of change, as a value: `policies list`, the reference, metrics and the laws derive from it."""

    name: str
    """The field of a policy's `spec` that requests it."""
    requested_by: Callable[[Policy], object]
    """Truthy if the policy requests the edit."""
    apply: Callable[[Subject, Sequence[Policy], Draft], None]
    """Reads the Pod and the policies that request the edit, in order of precedence; writes into the draft."""
    fields: tuple[str, ...]
    """Every field of a Pod that it may write."""


EDITS = (
    Edit(
        name="resizePolicy",
        requested_by=lambda policy: policy.resize_policy or policy.accelerators.resize_policy,
        apply=ensure_resize_policy,
        fields=("spec.containers[*].resizePolicy", "spec.initContainers[*].resizePolicy"),
    ),
    Edit(
        name="nodeSelector",
        requested_by=attrgetter("node_selector"),
        apply=default_node_selector,
        fields=("spec.nodeSelector",),
    ),
    Edit(
        name="nodeAffinity",
        requested_by=attrgetter("node_affinity"),
        apply=ensure_node_affinity,
        fields=("spec.affinity.nodeAffinity",),
    ),
    Edit(
        name="tolerations",
        requested_by=lambda policy: policy.tolerations or policy.accelerators.tolerations,
        apply=ensure_tolerations,
        fields=("spec.tolerations",),
    ),
    Edit(
        name="resources",
        requested_by=attrgetter("resources"),
        apply=default_resources,
        fields=(
            "spec.containers[*].resources.requests",
            "spec.containers[*].resources.limits",
            "spec.initContainers[*].resources.requests",
            "spec.initContainers[*].resources.limits",
        ),
    ),
)


def field_name(field: str) -> str:
    """The last name of a field: its label in metrics."""
    return field.rpartition(".")[2]

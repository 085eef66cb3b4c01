"""Which policies are heard for a Pod.

Those that match it as it came, and those that match it as it will be: a policy that sends a Pod to ARM64
Nodes makes it an ARM64 Pod. Without that a second review of our own output would find one type more than the
first, and change the Pod again. No other type can come of an edit: none adds devices or volumes.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from webhook.edits.node_selector import default_node_selector
from webhook.engine.classify import classify
from webhook.engine.match import matches
from webhook.model.draft import Draft
from webhook.model.names import ARCH, WorkloadType, node_label
from webhook.model.policy import Policy
from webhook.model.subject import Subject


def heard(subject: Subject, policies: Sequence[Policy]) -> list[Policy]:
    """The policies, in their order, that have a say. `subject.types` are filled in."""
    matching = [policy for policy in policies if matches(policy, subject)]
    if WorkloadType.ARM64 in subject.types:
        return matching
    if not any(_sends_to_arm64(policy) for policy in matching):
        return matching
    draft = Draft()
    default_node_selector(subject, matching, draft)
    selected = {change.field.partition(".")[2]: change.value for change in draft.changes}
    selector = {**(subject.spec.nodeSelector or {}), **selected}
    placed = structs.replace(subject, spec=structs.replace(subject.spec, nodeSelector=selector))
    placed = placed.of_types(classify(placed).types)
    return [policy for policy in policies if matches(policy, subject) or matches(policy, placed)]


def _sends_to_arm64(policy: Policy) -> bool:
    return any(node_label(key) == ARCH and value == "arm64" for key, value in policy.node_selector.items())

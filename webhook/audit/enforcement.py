"""Where policies are in force, and since when: this tells a Pod that slipped through from an older one.

Times are RFC 3339 as the API server writes them, to the second, and compare as text.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from webhook.model.notice import Notice
from webhook.model.policy import Policy
from webhook.model.selectors import Labels, Selector
from webhook.model.subject import Namespace


class WebhookScope(Struct, frozen=True):
    """Which Pods the API server sends to podtailor, by the webhook configuration."""

    namespaces: Selector
    objects: Selector
    changed: str

    def excludes(self, namespace: Namespace, labels: Labels) -> Notice | None:
        """Why the API server does not send such a Pod; None if it does."""
        namespace_labels = {"kubernetes.io/metadata.name": namespace.name, **namespace.labels}
        unmet = self.namespaces.first_unmet(namespace_labels)
        if unmet:
            detail = f"the webhook selects namespaces with {unmet}, and {namespace.name} does not match"
            return Notice("not-selected", detail)
        unmet = self.objects.first_unmet(labels)
        return Notice("not-selected", f"the webhook selects Pods with {unmet}") if unmet else None


FirstApplied = Mapping[tuple[str, str], str]
"""By policy and field, as `requests.cpu`: when the first Pod that got it was created."""


class Enforcement(Struct, frozen=True, kw_only=True):
    webhook: WebhookScope | None = None
    """None: there is no webhook configuration."""
    policies: Mapping[tuple[str, str], str] = {}
    """When each policy last changed, by source and key: one of the same name in a file has another source."""
    namespaces: Mapping[str, str] = {}
    """When each namespace was last written."""
    revisions: Mapping[str, int] = {}
    """The resourceVersion of each namespace."""
    first_applied: Mapping[str, FirstApplied] = {}
    """By namespace, from Pods that are newer than the last change of everything that decides."""
    unenforced_namespaces: frozenset[str] = frozenset()
    since: str = ""
    """From `--since`: everything has been in force since then, and nothing was before."""

    def in_force_since(self, policy: Policy, namespace: str) -> str | None:
        """None if that is unknown, or the policy is not in force in the namespace."""
        times = self.last_changes(policy, namespace)
        return max(times.values()) if times else None

    def last_changes(self, policy: Policy, namespace: str) -> dict[str, str] | None:
        """When each thing that decides about Pods of the namespace last changed. Keys are phrases."""
        if self.webhook is None or namespace in self.unenforced_namespaces:
            return None
        stated = {"--since is": self.since} if self.since else {}
        changed = self.policies.get((policy.source, policy.key))
        if changed is None:
            return stated or None
        return {
            "the webhook configuration last changed at": self.webhook.changed,
            f"policy {policy.key} last changed at": changed,
            f"namespace {namespace} last changed at": self.namespaces.get(namespace, ""),
            **stated,
        }

    def evidence(self, policy: Policy, field: str, namespace: str, created: str, revision: int) -> str:
        """What shows that a policy was in force when a Pod was created; empty if nothing does.

        That nothing seems to have changed since is not enough. A label removed from a namespace leaves no
        time in managedFields. But an older Pod with the field from the same policy shows that the namespace
        was selected then; and a resourceVersion of the namespace that is not above the Pod's shows that the
        namespace has not been written since (etcd has one counter for both).

        `revision`: the resourceVersion of the Pod.
        """
        if self.since:
            return f"--since states that everything has been in force since {self.since}"
        if self.revisions.get(namespace, 0) > revision:
            return ""
        earlier = self.first_applied.get(namespace, {}).get((policy.name, field_in_container(field)), "")
        return f"a Pod created at {earlier} got it from this policy" if earlier and earlier < created else ""

    def excludes(self, namespace: Namespace, labels: Labels) -> Notice | None:
        """Why the API server does not send such a Pod; None if it does, or if there is no webhook."""
        return self.webhook.excludes(namespace, labels) if self.webhook else None


def field_in_container(field: str) -> str:
    """`requests.cpu` of `app:requests.cpu`."""
    return field.partition(":")[2]


NOT_ENFORCED = Enforcement()

"""Where and since when Pods are tailored: what tells a Pod that slipped through from one that came before.

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
    """Our webhook as the API server calls it."""

    namespaces: Selector
    objects: Selector
    changed: str

    def excludes(self, namespace: Namespace, labels: Labels) -> Notice | None:
        """Why the API server does not call us for such a Pod; None where it does."""
        there = {"kubernetes.io/metadata.name": namespace.name, **namespace.labels}
        unmet = self.namespaces.first_unmet(there)
        if unmet:
            detail = f"the webhook is for namespaces with {unmet}, which {namespace.name} has not"
            return Notice("not-selected", detail)
        unmet = self.objects.first_unmet(labels)
        return Notice("not-selected", f"the webhook is for Pods with {unmet}") if unmet else None


FirstApplied = Mapping[tuple[str, str], str]
"""By policy and field, as in `requests.cpu`: when the first Pod was created that has it from that policy."""


class Enforcement(Struct, frozen=True):
    webhook: WebhookScope | None = None
    """None: nobody calls us."""
    policies: Mapping[tuple[str, str], str] = {}
    """When each policy last changed, by its source and key: one of that name that is tried has another."""
    namespaces: Mapping[str, str] = {}
    """When somebody last wrote each namespace."""
    revisions: Mapping[str, int] = {}
    """The resourceVersion of each namespace."""
    first_applied: Mapping[str, FirstApplied] = {}
    """By namespace, of Pods that are newer than the last change of the policy and of all around it."""
    unenforced_namespaces: frozenset[str] = frozenset()
    """Namespaces in which nothing is in force."""
    since: str = ""
    """Nothing was in force before, and all has been since, where somebody said so."""

    def in_force_since(self, policy: Policy, namespace: str) -> str | None:
        """Since when a policy is in force in a namespace; None where that is not known, or it is not."""
        times = self.last_changes(policy, namespace)
        return max(times.values()) if times else None

    def last_changes(self, policy: Policy, namespace: str) -> dict[str, str] | None:
        """When each thing changed last that a Pod of the namespace depends on."""
        if self.webhook is None or namespace in self.unenforced_namespaces:
            return None
        given = {"what --since says": self.since} if self.since else {}
        changed = self.policies.get((policy.source, policy.key))
        if changed is None:
            return given or None
        return {
            "the webhook configuration": self.webhook.changed,
            f"policy {policy.key}": changed,
            f"namespace {namespace}": self.namespaces.get(namespace, ""),
            **given,
        }

    def evidence(self, policy: Policy, field: str, namespace: str, created: str, revision: int) -> str:
        """What shows that a policy was in force here when a Pod was created; empty: nothing does.

        It takes more than that nothing seems to have changed since. A label that is taken off a namespace
        leaves no time in its managedFields; but a Pod from before that has the field from the same policy
        shows that the namespace was selected then, and the resourceVersion of a namespace that is not newer
        than the Pod's that it has not been written since (one counter for both: etcd's).

        `revision`: the resourceVersion of the Pod.
        """
        if self.since:
            return f"--since says that all has been in force since {self.since}"
        if self.revisions.get(namespace, 0) > revision:
            return ""
        earlier = self.first_applied.get(namespace, {}).get((policy.name, field_in_container(field)), "")
        return f"a Pod from {earlier} was given it" if earlier and earlier < created else ""

    def excludes(self, namespace: Namespace, labels: Labels) -> Notice | None:
        """Why the API server does not call us for such a Pod; None where it does, or nobody is called."""
        return self.webhook.excludes(namespace, labels) if self.webhook else None


def field_in_container(field: str) -> str:
    """`requests.cpu` of `app:requests.cpu`."""
    return field.partition(":")[2]


NOT_ENFORCED = Enforcement()

"""Where and since when Pods are tailored: what tells a Pod that slipped through from one that came before.

Times are RFC 3339 as the API server writes them, to the second, and compare as text.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from webhook.model.policy import Policy
from webhook.model.selectors import Labels, Selector
from webhook.model.subject import Namespace


class Hook(Struct, frozen=True):
    """Our webhook as the API server calls it."""

    namespaces: Selector
    objects: Selector
    changed: str

    def spares(self, namespace: Namespace, labels: Labels) -> str | None:
        """Why the API server does not call us for such a Pod; None where it does."""
        there = {"kubernetes.io/metadata.name": namespace.name, **namespace.labels}
        unmet = self.namespaces.first_unmet(there)
        if unmet:
            return f"not-selected: the webhook is for namespaces with {unmet}, which {namespace.name} has not"
        unmet = self.objects.first_unmet(labels)
        return f"not-selected: the webhook is for Pods with {unmet}" if unmet else None


class Enforcement(Struct, frozen=True):
    hook: Hook | None = None
    """None: nobody calls us."""
    policies: Mapping[tuple[str, str], str] = {}
    """When each policy last changed, by its source and key: one of that name that is tried has another."""
    namespaces: Mapping[str, str] = {}
    """When the labels of each namespace last changed."""
    outside: frozenset[str] = frozenset()
    """Namespaces in which nothing is in force."""
    since: str = ""
    """Nothing was in force before, where somebody said so: of policies of files nothing else tells."""

    def begins(self, policy: Policy, namespace: str) -> str | None:
        """Since when a policy is in force in a namespace; None where that is not known, or it is not."""
        times = self.times(policy, namespace)
        return max(times.values()) if times else None

    def times(self, policy: Policy, namespace: str) -> dict[str, str] | None:
        """When each thing changed last that a Pod of the namespace depends on."""
        if self.hook is None or namespace in self.outside:
            return None
        given = {"what --since says": self.since} if self.since else {}
        changed = self.policies.get((policy.source, policy.key))
        if changed is None:
            return given or None
        return {
            "the webhook configuration": self.hook.changed,
            f"policy {policy.key}": changed,
            f"the labels of namespace {namespace}": self.namespaces.get(namespace, ""),
            **given,
        }

    def spares(self, namespace: Namespace, labels: Labels) -> str | None:
        """Why the API server does not call us for such a Pod; None where it does, or nobody is called."""
        return self.hook.spares(namespace, labels) if self.hook else None


NOWHERE = Enforcement()

"""Where policies are in force, and since when: this tells a Pod that slipped through from an older one.

Times are RFC 3339 as the API server writes them, to the second, and compare as text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum

from msgspec import Struct

from webhook.model.notice import Notice
from webhook.model.policy import Policy
from webhook.model.selectors import Labels, Selector
from webhook.model.subject import Namespace


class Scope(Struct, frozen=True):
    """Which Pods the API server sends to podtailor, by the webhook configuration; or tailors itself."""

    namespaces: Selector
    objects: Selector
    changed: str
    selector: str = "the webhook"
    """Whose selectors these are."""

    def excludes(self, namespace: Namespace, labels: Labels) -> Notice | None:
        """Why such a Pod is not selected; None if it is."""
        namespace_labels = {"kubernetes.io/metadata.name": namespace.name, **namespace.labels}
        unmet = self.namespaces.first_unmet(namespace_labels)
        if unmet:
            detail = f"{self.selector} selects namespaces with {unmet}, and {namespace.name} does not match"
            return Notice("not-selected", detail)
        unmet = self.objects.first_unmet(labels)
        return Notice("not-selected", f"{self.selector} selects Pods with {unmet}") if unmet else None


class Tailor(StrEnum):
    """What tailors new Pods of a namespace."""

    WEBHOOK = "webhook"
    EXPORTED = "exported policy"
    BOTH = "both"
    NOBODY = "nobody"


EXPORTING = (Tailor.EXPORTED, Tailor.BOTH)


class ExportedScope(Struct, frozen=True):
    """An exported policy that the API server applies."""

    scope: Scope
    policies: frozenset[tuple[str, str]]
    """Those that it was made from and that have not changed since, by source and key."""
    unselected: frozenset[str] = frozenset()
    """Names of namespaces that it does not select."""


FirstApplied = Mapping[tuple[str, str], str]
"""By policy and field, as `requests.cpu`: when the first Pod that got it was created."""


class Enforcement(Struct, frozen=True, kw_only=True):
    webhook: Scope | None = None
    """None: there is no webhook configuration."""
    unselected: frozenset[str] = frozenset()
    """Names of namespaces that the webhook does not select, if policies are exported too."""
    exported: tuple[ExportedScope, ...] = ()
    knows_tailors: bool = False
    """Whether a cluster was asked for both."""
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
        if (self.webhook is None and not self.exported) or namespace in self.unenforced_namespaces:
            return None
        stated = {"--since is": self.since} if self.since else {}
        ways = [*self._ways(policy, namespace)]
        if not ways:
            return stated or None
        earliest = min(ways, key=lambda way: max(way.values()))
        written = {f"namespace {namespace} last changed at": self.namespaces.get(namespace, "")}
        return {**earliest, **written, **stated}

    def _ways(self, policy: Policy, namespace: str) -> Iterator[dict[str, str]]:
        """By whom the policy is in force in the namespace: what decides that, and its last change."""
        changed = self.policies.get((policy.source, policy.key))
        if self.webhook and changed is not None and namespace not in self.unselected:
            yield {
                "the webhook configuration last changed at": self.webhook.changed,
                f"policy {policy.key} last changed at": changed,
            }
        for each in self.exported:
            if (policy.source, policy.key) in each.policies and namespace not in each.unselected:
                yield {f"{each.scope.selector} last changed at": each.scope.changed}

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
        """Why the API server neither sends nor tailors such a Pod; None if it does, or without a webhook."""
        scopes = [*([self.webhook] if self.webhook else []), *(each.scope for each in self.exported)]
        notices = [each.excludes(namespace, labels) for each in scopes]
        return notices[0] if notices and all(notices) else None

    def tailor(self, namespace: Namespace, labels: Labels) -> Tailor | None:
        """What tailors such a new Pod, if its policies are enforced; None if that is unknown."""
        if not self.knows_tailors:
            return None
        by_webhook = self.webhook is not None and not self.webhook.excludes(namespace, labels)
        by_export = any(not each.scope.excludes(namespace, labels) for each in self.exported)
        if by_webhook and by_export:
            return Tailor.BOTH
        return Tailor.WEBHOOK if by_webhook else Tailor.EXPORTED if by_export else Tailor.NOBODY


def field_in_container(field: str) -> str:
    """`requests.cpu` of `app:requests.cpu`."""
    return field.partition(":")[2]


NOT_ENFORCED = Enforcement()

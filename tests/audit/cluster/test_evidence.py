"""Pods that show since when a policy is in force."""

from __future__ import annotations

from collections.abc import Mapping

from tests.audit.verdicts import EARLIER, REQUESTS
from tests.support.pods import policy, snapshot
from webhook.audit.cluster.evidence import with_evidence
from webhook.audit.enforcement import Enforcement, FirstApplied, Scope
from webhook.model.selectors import Selector


def test_evidence_is_asked_for_once_a_namespace_and_by_names_that_tell() -> None:
    calls: list[tuple[str, Mapping[str, str]]] = []

    def first_applied(namespace: str, since: Mapping[str, str]) -> FirstApplied:
        calls.append((namespace, since))
        return {}

    mine = policy("{nodeSelector: {a: b}}", name="shared", kind="WorkloadPolicy", namespace="shop")
    shared = policy("{nodeSelector: {a: b}}", name="shared")
    within = snapshot(REQUESTS, mine, shared)
    scope = Scope(Selector(()), Selector(()), EARLIER)
    in_force = Enforcement(
        webhook=scope, policies={(each.source, each.key): EARLIER for each in (REQUESTS, mine, shared)}
    )
    by_namespace = with_evidence(in_force, within, first_applied).first_applied
    assert [by_namespace.get("shop"), by_namespace.get("shop")] == [{}, {}]
    assert calls == [("shop", {"test": EARLIER})]
    assert by_namespace.get("other") == {}
    assert calls[1:] == [("other", {"test": EARLIER, "shared": EARLIER})]

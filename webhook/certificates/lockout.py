"""Whether a webhook configuration could keep a cluster from healing: `Fail`, for what it needs to come back.

With `failurePolicy: Fail` and nobody who answers, the API server refuses everything that is selected
(k8s.io/apiserver `pkg/admission/plugin/webhook/mutating/dispatcher.go`). Where that includes podtailor's own
Pods, nobody ever answers again.
"""

from __future__ import annotations

from typing import Any

import msgspec

from webhook.model.selectors import LabelSelector

# What a Node and the control plane run from; podtailor's own comes beside it.
_CLUSTERS_OWN = ("kube-system",)
_NAME = "kubernetes.io/metadata.name"


def lockout(webhooks: list[dict[str, Any]], own_namespace: str) -> str | None:
    """Why these of a configuration, as JSON, must not be trusted as they stand; None where they may be."""
    return next(filter(None, (_reason(webhook, own_namespace) for webhook in webhooks)), None)


def _reason(webhook: dict[str, Any], own_namespace: str) -> str | None:
    if webhook.get("failurePolicy", "Fail") != "Fail":
        return None
    selector = msgspec.convert(webhook.get("namespaceSelector") or {}, LabelSelector).compiled()
    for namespace in (own_namespace, *_CLUSTERS_OWN):
        # Labels change: that the namespace does not carry one today keeps nobody from selecting it tomorrow.
        named = (each for each in selector.requirements if each.key == _NAME)
        if all(each.holds({_NAME: namespace}) for each in named):
            return (
                f"webhooks[].namespaceSelector: failurePolicy is Fail and {namespace} is selected, so "
                f"nothing there could start while podtailor is away: add {_NAME} NotIn [{namespace}]"
            )
    for rule in webhook.get("rules", ()):
        if rule.get("resources") != ["pods"]:
            return (
                "webhooks[].rules: failurePolicy is Fail and more than pods is asked for, so nothing could "
                "be repaired while podtailor is away: leave pods alone in there"
            )
    return None

"""Whether a webhook configuration could lock out a cluster: `Fail` for objects that it needs to recover.

With `failurePolicy: Fail` and no replica that answers, the API server refuses every object that is selected
(k8s.io/apiserver `pkg/admission/plugin/webhook/mutating/dispatcher.go`). If those include podtailor's own
Pods, no replica can ever start again.
"""

from __future__ import annotations

from typing import Any

import msgspec

from webhook.model.decoding import prepare
from webhook.model.selectors import LabelSelector

prepare(LabelSelector)

# It has the control plane and what every Node runs.
_SYSTEM_NAMESPACE = "kube-system"
_NAME_LABEL = "kubernetes.io/metadata.name"


def lockout(webhooks: list[dict[str, Any]], own_namespace: str) -> str | None:
    """Why these `webhooks` of a configuration must not get a caBundle; None if they may."""
    return next(filter(None, (_reason(webhook, own_namespace) for webhook in webhooks)), None)


def _reason(webhook: dict[str, Any], own_namespace: str) -> str | None:
    if webhook.get("failurePolicy", "Fail") != "Fail":
        return None
    selector = msgspec.convert(webhook.get("namespaceSelector") or {}, LabelSelector).compiled()
    for namespace in (own_namespace, _SYSTEM_NAMESPACE):
        # Only the name excludes a namespace for good: its other labels may change.
        by_name = (each for each in selector.requirements if each.key == _NAME_LABEL)
        if all(each.holds({_NAME_LABEL: namespace}) for each in by_name):
            return (
                f"webhooks[].namespaceSelector: failurePolicy is Fail and {namespace} is selected, so "
                f"no Pod there could start while podtailor is down: add {_NAME_LABEL} NotIn [{namespace}]"
            )
    for rule in webhook.get("rules", ()):
        if rule.get("resources") != ["pods"]:
            return (
                "webhooks[].rules: failurePolicy is Fail and the rules cover more than pods, so nothing "
                "could be repaired while podtailor is down: list only pods"
            )
    return None

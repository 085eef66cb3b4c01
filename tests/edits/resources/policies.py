"""Policies of one bound or one default, that tests of the resources edit share."""

from __future__ import annotations

from tests.support.pods import policy
from webhook.model.policy import Policy


def bounds_policy(text: str, kind: str = "Container", more: str = "") -> Policy:
    return policy(f"resources: {{limits: [{{type: {kind}, {text}}}], {more}}}", name=f"bounds-{kind.lower()}")


def resources_policy(text: str) -> Policy:
    return policy(f"resources: {text}", name="gives")

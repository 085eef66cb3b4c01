"""Owners in tables, as kubectl names them."""

from __future__ import annotations

from webhook.workloads.controllers import CONTROLLERS
from webhook.workloads.workload import Ref

_SHORT = {each.kind: each.short[0] if each.short else each.plural.removesuffix("s") for each in CONTROLLERS}


def short(owner: Ref, *, with_namespace: bool) -> str:
    """As `deploy/web`."""
    name = f"{_SHORT.get(owner.kind, owner.kind.lower())}/{owner.name}"
    return f"{owner.namespace}/{name}" if with_namespace else name

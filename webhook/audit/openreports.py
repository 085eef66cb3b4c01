"""Reports."""

from __future__ import annotations

from typing import Any

from webhook.audit.tally import Tally


def reports(tally: Tally) -> list[dict[str, Any]]:
    return []

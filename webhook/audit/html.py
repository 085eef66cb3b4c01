"""The report as one page."""

from __future__ import annotations

from typing import Any

from webhook.audit.tally import Tally


def page(tally: Tally, total: dict[str, Any]) -> str:
    return f"{tally}{total}"

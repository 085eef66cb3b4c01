"""What there is to tell about a Pod besides its changes: an exemption, or a warning."""

from __future__ import annotations

from msgspec import Struct

from webhook.model.text import WARNING_LENGTH, truncate


class Notice(Struct, frozen=True):
    """Its text is `reason: detail`, in warnings, logs and audit annotations alike."""

    reason: str
    """A code such as `opted-out`, which is a label of metrics: never text of a Pod."""
    detail: str

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}"

    def truncated(self) -> Notice:
        """With a text of at most WARNING_LENGTH characters."""
        room = WARNING_LENGTH - len(f"{self.reason}: ")
        return Notice(self.reason, truncate(self.detail, room))

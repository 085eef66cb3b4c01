"""The shape of a message."""

from __future__ import annotations

from msgspec import Struct


class Message(Struct, frozen=True):
    """A name that output shows, explained."""

    name: str
    """As output shows it, and programs read it: it stays the same."""
    title: str
    """A phrase of at most 53 characters that continues the name, for help and tiles."""
    meaning: str
    """One to three whole sentences, in Markdown: what it means."""
    action: str
    """One to three whole sentences, in Markdown: what to do, with the command to run."""

    @property
    def text(self) -> str:
        """The whole paragraph."""
        return f"{self.meaning} {self.action}"

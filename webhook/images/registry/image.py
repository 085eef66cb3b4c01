"""What reading an image ends with: its platforms, or the reason why they are not known."""

from __future__ import annotations

from msgspec import Struct


class ReadImage(Struct, frozen=True):
    digest: str
    """Of what the reference stands for: an index, or the manifest of a single image."""
    platforms: frozenset[str]
    """Those of Linux, without variant: `linux/arm64`. An image for Windows alone has none."""
    source: str
    """What names them: `index` or `configuration`."""


class RegistryError(Exception):
    """The platforms are not known. The message is a short reason for the user: `403 from example.com`."""

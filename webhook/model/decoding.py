"""Struct types that several threads read: msgspec looks into each when it is first used.

Two threads that use one for the first time at once, through `convert` or `decode(type=...)`, end the process:
msgspec 0.22.0, 13 of 25 processes with eight threads. A Decoder that was made before keeps them from it.
"""

from __future__ import annotations

from typing import Any

import msgspec


def prepare(*types: Any) -> None:
    """Where a module is imported, for each type without a Decoder there; what is inside comes along."""
    for each in types:
        msgspec.json.Decoder(each)

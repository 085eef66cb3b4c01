"""Makes Struct types safe to decode from several threads: msgspec inspects each type at its first use.

If two threads first use a type at once, through `convert` or `decode(type=...)`, the process crashes
(msgspec 0.22.0: 13 of 25 processes with eight threads). A Decoder made at import prevents that.
"""

from __future__ import annotations

from typing import Any

import msgspec


def prepare(*types: Any) -> None:
    """Call at import, for each type without a Decoder of its own; nested types are included."""
    for each in types:
        msgspec.json.Decoder(each)

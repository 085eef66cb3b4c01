"""JSON that terminals and YAML parsers can be given."""

from __future__ import annotations

import re

# JSON may hold these as they are; YAML refuses them, and a terminal obeys them.
_CONTROLS = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def escape_controls(json_text: str) -> str:
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", json_text)

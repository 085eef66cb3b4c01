"""JSON that is safe to print to a terminal and to parse as YAML."""

from __future__ import annotations

import re

# JSON allows these unescaped; YAML parsers refuse them, and terminals interpret some of them.
_CONTROLS = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def escape_controls(json_text: str) -> str:
    return _CONTROLS.sub(lambda match: f"\\u{ord(match[0]):04x}", json_text)

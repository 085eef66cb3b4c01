"""docs/messages.md, generated from webhook/messages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from webhook.messages import PAGE, SECTIONS


def text() -> str:
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Messages: what each name means, and what to do"
    yield "\n*Generated from the code by `make generate`; a test compares the two.*"
    yield "\nFindings, reasons, warnings and errors have names that stay the same. Find yours here."
    for section, messages in SECTIONS.items():
        yield f"\n| {section} | in short |"
        yield "|---|---|"
        yield from (f"| [`{each.name}`](#{each.name.lower()}) | {each.title} |" for each in messages)
    for section, messages in SECTIONS.items():
        yield f"\n## {section}"
        for each in messages:
            yield f"\n### {each.name}\n\n{each.text}"


if __name__ == "__main__":
    Path(PAGE).write_text(text())

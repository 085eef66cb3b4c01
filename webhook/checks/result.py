"""What a check found, at a place of a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from pathlib import PurePath

from msgspec import Struct, structs

from webhook.messages import MESSAGES, PAGE
from webhook.messages.message import Message
from webhook.model.place import STDIN, Place

SITE = "https://podtailor.dev/"


class Level(StrEnum):
    """Worst first."""

    ERROR = "error"
    """The check fails, with exit code 1 or 2."""
    WARNING = "warning"
    NOTE = "note"
    SKIPPED = "skipped"
    """Nothing was checked, on purpose."""
    PASSED = "passed"


WORST_FIRST = tuple(Level)


class Result(Struct, frozen=True, kw_only=True):
    rule: str
    """Its stable name, which docs/messages.md explains; for a test, empty if it passed."""
    level: Level
    message: str = ""
    place: Place | None = None
    """None for an object of a cluster."""
    object: str = ""
    """As in `Deployment shop/web`; the name of a test or of a policy."""
    diff: str = ""
    """What would change, as a unified diff."""
    judged: bool = True
    """False for input that could not be read, and for what could not be judged."""

    @property
    def is_finding(self) -> bool:
        return self.level in (Level.ERROR, Level.WARNING, Level.NOTE)

    @property
    def title(self) -> str:
        """The rule and its object."""
        return ": ".join(filter(None, (self.rule, self.object)))


def findings(results: Iterable[Result]) -> list[Result]:
    """Without what was skipped and what passed; worst first, then in the order given."""
    return sorted(
        (each for each in results if each.is_finding), key=lambda each: WORST_FIRST.index(each.level)
    )


def counted(results: Iterable[Result]) -> str:
    """As in `1 violation, 2 would-change, 3 passed`, worst first: findings, and objects without one."""
    results = [*results]
    found = findings(results)
    of_finding = {_subject(each) for each in found}
    others = {_subject(each): each.level for each in results if _subject(each) not in of_finding}
    counts = Counter([each.rule for each in found])
    counts.update(sorted(others.values(), key=WORST_FIRST.index))
    return ", ".join(f"{count} {name}" for name, count in counts.items())


def _subject(result: Result) -> tuple[str, str]:
    return result.place.file if result.place else "", result.object


def message_of(rule: str) -> Message:
    """What a rule means. A name that has no text stands for itself."""
    return MESSAGES.get(rule) or Message(rule, rule, "", "")


def link_to(rule: str) -> str:
    return f"{SITE}{PAGE}#{rule}"


def relative_to(results: Iterable[Result], root: PurePath, folder: PurePath) -> list[Result]:
    """The results with files named from `root`, as repositories name them; files outside of it by full path.

    `folder`: where the files were named from. Both are absolute.
    """
    return [
        structs.replace(
            each, place=structs.replace(each.place, file=_relative(each.place.file, root, folder))
        )
        if each.place
        else each
        for each in results
    ]


def _relative(file: str, root: PurePath, folder: PurePath) -> str:
    if file == STDIN:
        return file
    path = _without_dots(folder / file)
    return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()


def _without_dots(path: PurePath) -> PurePath:
    parts: list[str] = []
    for part in path.parts:
        if part == "..":
            parts = parts[: max(1, len(parts) - 1)]  # the root has no parent
        else:
            parts.append(part)
    return type(path)(*parts)

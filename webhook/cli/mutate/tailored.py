"""What admission would make of documents and files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from msgspec import Struct

from webhook.cli.common.manifests import LocatedManifest
from webhook.documents.files import Document
from webhook.documents.yaml_edit import edited
from webhook.engine.evaluate import VIOLATION, Decision, evaluate
from webhook.engine.snapshot import Snapshot
from webhook.model.notice import Notice
from webhook.model.patch import Op
from webhook.model.place import STDIN


@dataclass(frozen=True)
class Tailored:
    """A document, and what admission would do to its Pods."""

    document: Document
    decisions: tuple[tuple[LocatedManifest, Decision], ...]
    """Of each Pod and template in it."""
    namespace: str
    """Of manifests that name none."""
    ops: list[Op]
    """On the whole document."""

    @cached_property
    def after(self) -> str:
        """The text. Raises InvalidInputError if it cannot be edited."""
        return edited(self.document, self.ops)


def warnings_of(decision: Decision) -> list[Notice]:
    """Without violations that the refusal names already."""
    return [each for each in decision.warnings if not (decision.denied and each.reason == VIOLATION)]


def tailored(
    document: Document, manifests: Iterable[LocatedManifest], snapshot: Snapshot, namespace: str
) -> Tailored:
    decisions = tuple((each, evaluate(each.request(namespace), snapshot)) for each in manifests)
    ops = [
        op
        for each, decision in decisions
        for op in decision.outcome.operations(each.manifest.template, (*each.at, *each.manifest.at))
    ]
    return Tailored(document, decisions, namespace, ops)


class TailoredFile(Struct, frozen=True):
    path: str
    """As it was given."""
    before: str
    after: str
    changes: int
    """How many fields the policies set."""

    is_on_disk: bool
    """Whether the text is that of the file: no tool rendered it, and it is not standard input."""


def files_of(found: Iterable[Tailored]) -> list[TailoredFile]:
    """Raises InvalidInputError as `after`."""
    by_file: dict[str, list[Tailored]] = {}
    for each in found:
        by_file.setdefault(each.document.source, []).append(each)
    return [
        TailoredFile(
            path,
            "".join(each.document.text for each in parts),
            "".join(each.after for each in parts),
            sum(len(decision.outcome.changes) for each in parts for _, decision in each.decisions),
            _is_on_disk(path) and not any(each.document.is_rendered for each in parts),
        )
        for path, parts in by_file.items()
    ]


def _is_on_disk(path: str) -> bool:
    return path != STDIN and Path(path).is_file()

"""docs/reference.md, generated from the models and the command line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from typer.main import get_command
from typer.testing import CliRunner

from tests.support.pods import decide, pod, policy, snapshot
from webhook.cli import app
from webhook.cli.shell.exit_codes import EXIT_CODES, ONE
from webhook.edits import EDITS, field_name
from webhook.model.names import Mode
from webhook.policies.schema import Spec
from webhook.server.log import ReviewLine
from webhook.server.metrics import Metrics

PAGE = Path("docs/reference.md")


def text() -> str:
    return re.sub(r"[ \t]+$", "", "\n".join(_lines()) + "\n", flags=re.MULTILINE)


def _lines() -> Iterator[str]:
    yield "# Reference"
    yield "\n*Generated from the code by `make generate`; a test compares the two. [Messages](messages.md) has the names in the output.*"
    yield "\n## Policy: `spec`\n"
    yield "`apiVersion: podtailor.dev/v1alpha1`, `kind: ClusterWorkloadPolicy` or `WorkloadPolicy`.\n"
    yield "| field | type | meaning |"
    yield "|---|---|---|"
    yield from _fields(Spec, "")
    yield "\n## Edits\n"
    yield "In this order. `field` is a label of `podtailor_mutations_total`.\n"
    yield "| field of `spec` | sets in a Pod | `field` |"
    yield "|---|---|---|"
    for edit in EDITS:
        labels = dict.fromkeys(map(field_name, edit.fields))
        yield f"| `{edit.name}` | {_listed(edit.fields)} | {_listed(labels)} |"
    yield "\n## Modes\n"
    yield "What a policy does to a Pod, by its own mode, the label `podtailor.dev/mode` of the namespace, and the server's `--mode`.\n"
    yield "| server | namespace | policy Enforce | policy Audit | policy Off |"
    yield "|---|---|---|---|---|"
    yield from _modes()
    yield "\n## The log line of a review\n"
    yield "One JSON line a review on standard error; under `review`:\n"
    yield "| field | meaning |"
    yield "|---|---|"
    for name, annotation in get_type_hints(ReviewLine, include_extras=True).items():
        yield f"| `{name}` | {annotation.__metadata__[0].description} |"
    yield "\n## Metrics\n"
    yield "And those of the process, `process_...`: memory, CPU time, open files.\n"
    yield "| metric | type | meaning |"
    yield "|---|---|---|"
    metrics = Metrics()
    metrics.observe_trust(lambda: True)
    metrics.observe_events(dict)
    for metric in sorted(metrics.registry.collect(), key=lambda each: each.name):
        if metric.name.startswith("process_"):
            continue
        name = f"{metric.name}_total" if metric.type == "counter" else metric.name
        yield f"| `{name}` | {metric.type} | {metric.documentation} |"
    yield "\n## Exit codes\n"
    yield "The same for all verbs.\n"
    yield "| code | meaning |"
    yield "|---|---|"
    yield from (f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items())
    yield "\nOnly these verbs end with 1:\n"
    yield "| verb | what 1 means |"
    yield "|---|---|"
    yield from (f"| `{verb}` | {meaning} |" for verb, meaning in ONE.items())
    yield "\n## Commands"
    for words in _commands(get_command(app), ()):
        result = CliRunner().invoke(app, [*words, "--help"], terminal_width=78, prog_name="podtailor")
        yield f"\n### `{' '.join(('podtailor', *words))}`\n\n```text\n{result.output.strip()}\n```"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _commands(command: Any, words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    yield words
    for name in getattr(command, "commands", ()):
        yield from _commands(command.get_command(None, name), (*words, name))


def _modes() -> Iterator[str]:
    """Rows that the engine itself decides."""
    for server in Mode:
        for label in (None, "enforce", "audit", "dryrun", "off", "anything else"):
            effects = (_effect(server, label, own) for own in Mode)
            yield f"| {server} | {label or 'no label'} | {' | '.join(effects)} |"


def _effect(server: Mode, label: str | None, own: Mode) -> str:
    labels = {"podtailor.dev/mode": label} if label else {}
    proposing = policy("resizePolicy: {cpu: NotRequired}\n" + f"mode: '{own}'")
    decision = decide(pod(), snapshot(proposing, labels=labels, mode=server))
    return "sets" if decision.patch else "reports" if decision.would_change else "nothing"


def _fields(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        inner, kind = _shape(field.annotation)
        default = _default(field)
        yield f"| `{prefix}{name}` | {kind} | {field.description}{default} |"
        if inner:
            dots = "[]." if kind.startswith("list") else "."
            yield from _fields(inner, f"{prefix}{name}{dots}")


def _default(field: FieldInfo) -> str:
    shown = field.default
    return f" Default `{shown}`." if isinstance(shown, str | int) else ""


def _shape(annotation: Any) -> tuple[type[BaseModel] | None, str]:
    """The model in an annotation, if there is one, and the type in words."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _shape(arguments[0])
    if origin in (Union, UnionType):
        return _shape(next(each for each in arguments if each is not NoneType))
    if origin is list:
        inner, kind = _shape(arguments[0])
        return inner, f"list of {kind}"
    if origin is dict:
        keys, values = _shape(arguments[0])[1], _shape(arguments[1])[1]
        return None, f"map of {keys} to {values}"
    if origin is Literal:
        return None, ", ".join(f"`{each}`" for each in arguments)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, "object"
    if hasattr(annotation, "__members__"):
        return None, ", ".join(f"`{each}`" for each in annotation)
    return None, {str: "string", int: "integer"}[annotation]


if __name__ == "__main__":
    PAGE.write_text(text())

"""webhook/completion/commands.json, generated from the command line: what completion knows without importing it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from typer import Context
from typer.main import get_command

from webhook.cli import app
from webhook.cli.audit.fail_on import FAIL_ON, NONE
from webhook.cli.shell.help import value_of
from webhook.model.policy import BUILT_IN_ORDER
from webhook.policies.shipped import preset_names
from webhook.workloads.controllers import CONTROLLERS, PODS

FILE = Path("webhook/completion/commands.json")
Json = dict[str, Any]
_WIDTH = 200


def text() -> str:
    """A line per option and per list, so that two changes seldom meet."""
    verbs: Json = {}
    _add(get_command(app), (), None, verbs)
    kinds = (PODS, *CONTROLLERS)
    values = {
        "PRESET": preset_names(),
        "FINDING": [*FAIL_ON, NONE],
        "POLICY": [*BUILT_IN_ORDER, *preset_names()],
        "KIND": [each.kind for each in kinds],
        "TYPE": [each.kind.lower() for each in kinds],
    }
    types = {word: each.path("{namespace}") for each in kinds for word in each.words}
    return _formatted({"verbs": verbs, "values": values, "types": types})


def _add(command: Any, words: tuple[str, ...], parent: Context | None, verbs: Json) -> None:
    ctx = Context(command, info_name=words[-1] if words else "podtailor", parent=parent)
    params = [each for each in command.get_params(ctx) if not each.hidden]
    verbs[" ".join(words)] = {
        "help": command.get_short_help_str(1000),
        "arguments": [
            f"{value_of(each)}{'...' if each.nargs == -1 else ''}"
            for each in params
            if each.param_type_name == "argument"
        ],
        "options": [
            {"names": sorted(each.opts, key=len), "value": value_of(each), "help": _sentence(each.help)}
            for each in params
            if each.param_type_name == "option"
        ],
    }
    for name in getattr(command, "commands", ()):
        _add(command.get_command(ctx, name), (*words, name), ctx, verbs)


def _sentence(help_text: str) -> str:
    """The first one: there is no room for more beside a candidate."""
    return help_text.partition(". ")[0].removesuffix(".")


def _formatted(value: Any, indent: str = "") -> str:
    """JSON, with what has no further levels on one line."""
    compact = json.dumps(value)
    if not isinstance(value, dict | list) or len(compact) < _WIDTH or not _is_deep(value):
        return compact
    inner = f"{indent} "
    items = (
        (f"{json.dumps(key)}: {_formatted(each, inner)}" for key, each in value.items())
        if isinstance(value, dict)
        else (_formatted(each, inner) for each in value)
    )
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    body = ",\n".join(f"{inner}{each}" for each in items)
    return f"{opening}\n{body}\n{indent}{closing}"


def _is_deep(value: Any) -> bool:
    return any(
        isinstance(each, dict | list) for each in (value.values() if isinstance(value, dict) else value)
    )


if __name__ == "__main__":
    FILE.write_text(text() + "\n")

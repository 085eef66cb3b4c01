"""Which word of which command is to be completed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

Json = dict[str, Any]


@cache
def commands() -> Json:
    """All that is known without a cluster.

    `verbs`: by name, each with `help`, `arguments` and `options`; `values`: by metavar; `types`: the API
    path by each word for a kind of object.
    """
    read: Json = json.loads(Path(__file__).with_name("commands.json").read_text(encoding="utf-8"))
    return read


class Question(NamedTuple):
    """A word that is not finished yet."""

    word: str
    """As far as it is typed; of `--option=value` the value."""
    kind: str
    """`VERB`, `OPTION`, a metavar such as `PATH`, the values as `a|b`, or empty if nothing is known."""
    verb: str
    arguments: list[str]
    """Those before it, without options."""
    given: dict[str, str]
    """The values of options before it, by the longest name of the option."""


def question(words: Sequence[str]) -> Question:
    """`words`: those after the name of the program; the last one is to be completed, and may be empty."""
    *before, word = words or [""]
    verb, arguments, given, waiting = "", [], {}, None
    options = _options(verb)
    for each in before:
        name, equals, value = each.partition("=")
        if waiting:
            given[waiting["names"][-1]], waiting = each, None
        elif equals and name in options:
            given[options[name]["names"][-1]] = value
        elif each in options:
            waiting = options[each] if options[each]["value"] else None
        elif each[:2] in options and not each.startswith("--"):
            given[options[each[:2]]["names"][-1]] = each[2:]
        elif f"{verb} {each}".lstrip() in commands()["verbs"]:
            verb = f"{verb} {each}".lstrip()
            options = _options(verb)
        elif not each.startswith("-"):
            arguments.append(each)
    name, equals, value = word.partition("=")
    if waiting is None and equals and name in options:
        waiting, word = options[name], value
    kind = waiting["value"] if waiting else "OPTION" if word.startswith("-") else _argument(verb, arguments)
    return Question(word, kind, verb, arguments, given)


def subcommands(verb: str) -> list[str]:
    """The words that may follow a verb; those that follow `podtailor` if it is empty."""
    prefix = f"{verb} ".lstrip()
    names = (each.removeprefix(prefix) for each in commands()["verbs"] if each.startswith(prefix))
    return [each for each in names if each and " " not in each]


def _options(verb: str) -> dict[str, Json]:
    """By each of their names."""
    return {name: each for each in commands()["verbs"][verb]["options"] for name in each["names"]}


def _argument(verb: str, before: Sequence[str]) -> str:
    if subcommands(verb):
        return "" if before else "VERB"
    kinds: list[str] = commands()["verbs"][verb]["arguments"]
    if len(before) < len(kinds):
        return kinds[len(before)].removesuffix("...")
    return kinds[-1].removesuffix("...") if kinds and kinds[-1].endswith("...") else ""

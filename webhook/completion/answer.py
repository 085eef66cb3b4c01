"""The candidates for a word, and what the shell should do with them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence

from webhook.completion import kubeconfig
from webhook.completion.grammar import Question, commands, question, subcommands
from webhook.completion.names import names

# Cobra's directives.
NO_SPACE, NO_FILES, FOLDERS = 2, 4, 16
FILES = 0
"""Files, if there is no candidate."""

_FILE_KINDS = ("PATH", "FILE")


def answer(words: Sequence[str]) -> str:
    """Lines for the shell. Never raises: TAB is no place for an error message."""
    try:
        asked = question(words)
        offered = {value: text for value, text in _candidates(asked).items() if value.startswith(asked.word)}
        directive = _directive(asked, offered)
    except Exception:  # noqa: BLE001 (such as a broken kubeconfig)
        offered, directive = {}, NO_FILES
    lines = [f"{value}\t{text}" if text else value for value, text in offered.items()]
    return "".join(f"{line}\n" for line in [*lines, f":{directive}"])


def main() -> None:
    """The words to complete are the arguments; those of kubectl's plugin protocol are the same."""
    sys.stdout.write(answer(sys.argv[1:]))
    sys.stdout.flush()
    os._exit(0)  # at once: a thread may still wait for the cluster


def _directive(asked: Question, offered: Iterable[str]) -> int:
    if asked.kind == "DIRECTORY":
        return FOLDERS
    ends = NO_SPACE if all(each.endswith("/") for each in offered) and offered else 0
    return ends if asked.kind in (*_FILE_KINDS, "TARGET") else ends | NO_FILES


def _candidates(asked: Question) -> dict[str, str]:
    """Values with descriptions, not only those that begin as the word does."""
    kind = asked.kind.removesuffix(",...")
    if kind != asked.kind:
        before, comma, _ = asked.word.rpartition(",")
        taken = before.split(",")
        return {f"{before}{comma}{each}": "" for each in _values(asked, kind) if each not in taken}
    if kind == "OPTION":
        options = commands()["verbs"][asked.verb]["options"]
        return {each["names"][-1]: each["help"] for each in options}
    if kind == "VERB":
        verb = " ".join(asked.arguments) if asked.verb == "help" else asked.verb
        return {each: commands()["verbs"][f"{verb} {each}".lstrip()]["help"] for each in subcommands(verb)}
    return dict.fromkeys(_values(asked, kind), "")


def _values(asked: Question, kind: str) -> list[str]:
    if kind == "CONTEXT":
        return list(_kubeconfig(asked).contexts)
    if kind == "NAMESPACE":
        return _names(asked, "/api/v1/namespaces")
    if kind == "POLICY":
        own = _names(asked, "/apis/podtailor.dev/v1alpha1/clusterworkloadpolicies")
        return sorted({*commands()["values"]["POLICY"], *own})
    if kind == "TARGET":
        return _targets(asked)
    return list(commands()["values"].get(kind) or (() if kind.isupper() else kind.split("|") if kind else ()))


def _targets(asked: Question) -> list[str]:
    """`TYPE/NAME`, a NAME after a TYPE, or the name of a Pod or of what makes Pods."""
    types = commands()["types"]
    typed, slash, _ = asked.word.partition("/")
    if slash and typed in types:
        return [f"{typed}/{name}" for name in _of_namespace(asked, types[typed])]
    if asked.arguments and asked.arguments[0] in types:
        return _of_namespace(asked, types[asked.arguments[0]])
    if slash or asked.word.startswith("."):
        return []
    named = commands()["values"]["TYPE"]
    return [*_of_namespace(asked, *(types[each] for each in named)), *(f"{each}/" for each in named)]


def _of_namespace(asked: Question, *paths: str) -> list[str]:
    config, context = _kubeconfig(asked), _context(asked)
    namespace = asked.given.get("--namespace") or kubeconfig.namespace(config, context)
    return names(config, context, *(each.replace("{namespace}", namespace) for each in paths))


def _names(asked: Question, path: str) -> list[str]:
    return names(_kubeconfig(asked), _context(asked), path)


def _kubeconfig(asked: Question) -> kubeconfig.Kubeconfig:
    return kubeconfig.read(asked.given.get("--kubeconfig") or os.environ.get("PODTAILOR_KUBECONFIG"))


def _context(asked: Question) -> str | None:
    return asked.given.get("--context") or os.environ.get("PODTAILOR_CONTEXT")

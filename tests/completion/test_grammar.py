"""Which word is to be completed."""

from __future__ import annotations

import pytest

from tools import completion
from webhook.completion.grammar import question, subcommands


def test_commands_are_those_of_the_command_line() -> None:
    assert completion.FILE.read_text() == completion.text() + "\n", "run make generate"


@pytest.mark.parametrize(
    ("words", "kind", "word"),
    [
        pytest.param([], "VERB", "", id="nothing typed"),
        pytest.param(["au"], "VERB", "au", id="a verb"),
        pytest.param(["policies", ""], "VERB", "", id="a verb of a verb"),
        pytest.param(["policies", "lint", ""], "PATH", "", id="an argument"),
        pytest.param(["policies", "lint", "a.yaml", ""], "PATH", "", id="one of several arguments"),
        pytest.param(["policies", "show", "gpu", ""], "", "", id="an argument too many"),
        pytest.param(["version", ""], "", "", id="an argument where there is none"),
        pytest.param(["audit", "--fail"], "OPTION", "--fail", id="an option"),
        pytest.param(["audit", "-"], "OPTION", "-", id="a dash"),
        pytest.param(["audit", "--fail-on", "v"], "FINDING,...", "v", id="the value of an option"),
        pytest.param(["audit", "--fail-on=v"], "FINDING,...", "v", id="a value after ="),
        pytest.param(["audit", "-n", ""], "NAMESPACE", "", id="the value of a letter"),
        pytest.param(["audit", "-n", "-"], "NAMESPACE", "-", id="a value that begins like an option"),
        pytest.param(["audit", "--diff", "--builtin", ""], "safe|strict|off", "", id="after a switch"),
        pytest.param(["retrofit", "--no-such", ""], "", "", id="after an unknown option"),
        pytest.param(["no-such", ""], "", "", id="after an unknown verb"),
    ],
)
def test_question(words: list[str], kind: str, word: str) -> None:
    asked = question(words)
    assert (asked.kind, asked.word) == (kind, word)


@pytest.mark.parametrize("words", [["-n", "shop"], ["-nshop"], ["--namespace", "shop"], ["--namespace=shop"]])
def test_options_before_it_are_read(words: list[str]) -> None:
    asked = question(["audit", *words, "--kinds", "x", ""])
    assert asked.given == {"--namespace": "shop", "--kinds": "x"}


def test_subcommands() -> None:
    assert subcommands("certs") == ["issue", "show", "check", "rotate"]
    assert subcommands("audit") == []

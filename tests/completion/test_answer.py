"""What is offered for a word."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from tests.completion.conftest import Api
from webhook.completion import answer as module
from webhook.completion.answer import answer
from webhook.completion.names import names


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow this machine is."""
    monkeypatch.setattr(module, "names", partial(names, deadline=60))


@pytest.mark.parametrize(
    ("call", "values", "directive"),
    [
        pytest.param("po", ["policies"], 4, id="verbs"),
        pytest.param("policies s", ["show"], 4, id="verbs of a verb"),
        pytest.param("help policies l", ["lint", "list"], 4, id="verbs after help"),
        pytest.param("audit --fail-o", ["--fail-on"], 4, id="options"),
        pytest.param("audit --fail-on viol", ["violation"], 4, id="findings"),
        pytest.param("audit --fail-on violation,sk", ["violation,skipped"], 4, id="findings after a comma"),
        pytest.param("audit --fail-on violation,viol", [], 4, id="no finding twice"),
        pytest.param("audit --kinds Dep", ["Deployment"], 4, id="kinds"),
        pytest.param("audit --preset mongo", ["mongodb"], 4, id="presets"),
        pytest.param("audit --builtin s", ["safe", "strict"], 4, id="profiles"),
        pytest.param("audit --mode e", ["enforce"], 4, id="modes"),
        pytest.param("audit --what-if ", ["enforce"], 4, id="the only value"),
        pytest.param("audit -o ht", ["html"], 4, id="formats"),
        pytest.param("serve --log-level w", ["warning"], 4, id="levels"),
        pytest.param("policies show mo", ["models", "mongodb"], 4, id="policies, of the cluster too"),
        pytest.param("audit -n s", ["shop", "staging"], 4, id="namespaces"),
        pytest.param("audit --context sh", ["shop"], 4, id="contexts"),
        pytest.param("audit --context arn:aws:e", ["arn:aws:eks:eu-1:cluster/prod"], 4, id="contexts with colons"),
        pytest.param("explain w", ["web-1", "web-2", "web", "worker"], 0, id="Pods and what makes them"),
        pytest.param("mutate -f ", [], 0, id="files by the shell"),
        pytest.param("certs issue --out ", [], 16, id="folders by the shell"),
        pytest.param("completion z", ["zsh"], 4, id="shells"),
        pytest.param("certs issue --service ", [], 4, id="nothing where anything may be written"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("kubeconfig")
def test_values(call: str, values: list[str], directive: int) -> None:
    *lines, last = answer(call.split(" ")).splitlines()
    assert [line.partition("\t")[0] for line in lines] == values
    assert last == f":{directive}"


def test_verbs_and_options_are_described() -> None:
    assert "version\tPrint the version.\n" in answer([""])
    assert "--diff\tWith a diff of each object\n" in answer(["audit", "--di"])


@pytest.mark.parametrize("text", ["", "][", "contexts: 3", '{"contexts": [{}]}'])
def test_broken_kubeconfig_offers_nothing(kubeconfig: Path, text: str) -> None:
    kubeconfig.write_text(text)
    for words in (["audit", "--context", ""], ["audit", "-n", ""], ["policies", "show", "mod"]):
        assert answer(words) == ":4\n"


@pytest.mark.usefixtures("kubeconfig")
def test_names_of_the_cluster_are_asked_for_only_where_they_are_wanted(api: Api) -> None:
    for words in ([""], ["audit", "--"], ["audit", "--fail-on", ""], ["audit", "--context", ""]):
        answer(words)
    assert api.requests == []


def test_nothing_slow_is_imported(kubeconfig: Path) -> None:
    """It is what makes the difference between 70 ms and a second."""
    code = """
import sys
from webhook.completion.answer import answer
answer(["audit", "-n", ""])
print(sorted({"kubernetes", "pydantic", "typer", "rich", "msgspec", "urllib3", "ruamel"} & set(sys.modules)))
"""
    command = [sys.executable, "-c", code]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[]\n"
    assert kubeconfig.is_file()

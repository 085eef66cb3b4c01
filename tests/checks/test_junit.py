"""JUnit's XML."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from webhook.checks import junit
from webhook.checks.result import WORST_FIRST, Level, Result
from webhook.model.place import Place

RESULTS = [
    Result(
        rule="violation",
        level=Level.ERROR,
        message="too much memory",
        place=Place("a.yaml", 7, 5),
        object="Pod shop/a",
    ),
    Result(
        rule="would-change",
        level=Level.NOTE,
        message="requests",
        place=Place("a.yaml", 4, 5),
        object="Pod shop/a",
    ),
    Result(
        rule="would-change",
        level=Level.NOTE,
        message="requests",
        place=Place("a.yaml", 9, 1),
        object="Pod shop/b",
    ),
    Result(
        rule="skipped",
        level=Level.SKIPPED,
        message="opted out",
        place=Place("b.yaml", 1, 1),
        object="Pod shop/c",
    ),
    Result(rule="pass", level=Level.PASSED, place=Place("b.yaml", 5, 1), object="Pod shop/d"),
    Result(
        rule="invalid-yaml", level=Level.ERROR, message="a tab", place=Place("c.yaml", 2, 3), judged=False
    ),
]


def _parsed(results: list[Result]) -> ET.Element:
    return ET.fromstring(junit.write(results).encode())  # noqa: S314 (we have just written it)


def test_a_suite_for_each_file_and_a_case_for_each_object() -> None:
    root = _parsed(RESULTS)
    assert root.attrib == {"name": "podtailor", "tests": "5", "failures": "1", "errors": "1", "skipped": "1"}
    assert [(suite.get("name"), suite.get("tests")) for suite in root] == [
        ("a.yaml", "2"),
        ("b.yaml", "2"),
        ("c.yaml", "1"),
    ]
    cases = [case.attrib for case in root.iter("testcase")]
    assert cases[0] == {"classname": "a.yaml", "name": "Pod shop/a", "file": "a.yaml", "line": "7"}
    assert cases[4]["name"] == "invalid-yaml"


def test_outcomes_are_those_that_pipelines_know() -> None:
    cases = list(_parsed(RESULTS).iter("testcase"))
    assert [[each.tag for each in case] for case in cases] == [
        ["failure"],
        ["system-out"],
        ["skipped"],
        [],
        ["error"],
    ]
    (failure,) = cases[0]
    assert failure.attrib == {"type": "violation", "message": "violation: too much memory"}
    assert failure.text == "a.yaml:7:5: violation: too much memory\na.yaml:4:5: would-change: requests"


def test_results_of_a_cluster_are_one_suite_of_the_given_name() -> None:
    text = junit.write([Result(rule="pass", level=Level.PASSED, object="Pod shop/a")], name="cluster")
    (suite,) = ET.fromstring(text)  # noqa: S314 (we have just written it)
    assert (suite.get("name"), suite[0].attrib) == ("cluster", {"classname": "cluster", "name": "Pod shop/a"})


@given(st.text(), st.text(), st.sampled_from(WORST_FIRST))
def test_whatever_is_found_is_xml(message: str, name: str, level: Level) -> None:
    root = _parsed(
        [Result(rule="violation", level=level, message=message, object=name, place=Place(name, 1, 1))]
    )
    assert len(list(root.iter("testcase"))) == 1

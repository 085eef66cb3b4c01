"""JUnit's XML as CI systems read it: a suite for each file, a test case for each object in it.

There is no standard. Jenkins and GitLab tell cases apart by `classname` and `name`; GitLab shows `file`, and
of an outcome its text alone, so that the text says all.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from xml.etree import ElementTree as ET

from webhook.checks.result import WORST_FIRST, Level, Result

# All that XML 1.0 does not allow: https://www.w3.org/TR/xml/#charsets.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(results: Sequence[Result], *, name: str = "podtailor") -> str:
    """`name`: of a suite whose results are of no file."""
    root = ET.Element("testsuites", name="podtailor")
    suites: dict[str, dict[str, list[Result]]] = {}
    for each in results:
        file = each.place.file if each.place else ""
        suites.setdefault(file, {}).setdefault(each.object or each.rule, []).append(each)
    totals: Counter[str] = Counter()
    for file, cases in suites.items():
        suite = ET.SubElement(root, "testsuite", name=_safe(file or name))
        counts = Counter(_case(suite, file or name, title, each) for title, each in cases.items())
        _count(suite, counts)
        totals.update(counts)
    _count(root, totals)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _count(element: ET.Element, counts: Counter[str]) -> None:
    element.set("tests", str(counts.total()))
    for tag, attribute in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        element.set(attribute, str(counts[tag]))


def _case(suite: ET.Element, file: str, title: str, results: Iterable[Result]) -> str:
    """The tag of its outcome."""
    ordered = sorted(results, key=lambda each: WORST_FIRST.index(each.level))
    worst = ordered[0]
    case = ET.SubElement(suite, "testcase", classname=_safe(file), name=_safe(title))
    if worst.place:
        case.set("file", _safe(file))
        if worst.place.line:
            case.set("line", str(worst.place.line))
    lines = "\n".join(_line(each) for each in ordered if each.message or each.is_finding)
    tag = _tag(worst)
    if tag == "skipped":
        ET.SubElement(case, tag, message=_safe(worst.message))
    elif tag:
        outcome = ET.SubElement(case, tag, type=worst.rule, message=_safe(_title(worst)))
        outcome.text = _safe(lines)
    elif lines:
        ET.SubElement(case, "system-out").text = _safe(lines)
    return tag


def _tag(worst: Result) -> str:
    match worst.level:
        case Level.ERROR:
            return "failure" if worst.judged else "error"
        case Level.SKIPPED:
            return "skipped"
        case _:  # CI systems know no warnings
            return ""


def _title(result: Result) -> str:
    return ": ".join(filter(None, (result.rule, result.message)))


def _line(result: Result) -> str:
    return ": ".join(filter(None, (str(result.place or ""), _title(result))))


def _safe(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)

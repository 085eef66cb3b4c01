"""SARIF 2.1.0, for code scanning: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any
from urllib.parse import quote

import msgspec

from webhook.checks.result import SITE, Level, Result, findings, link_to, message_of
from webhook.model.place import STDIN

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
# Of our own name: GitHub's upload warns about a primaryLocationLineHash that it did not compute itself.
_FINGERPRINT = "podtailor/v1"


def write(results: Sequence[Result], *, version: str) -> str:
    """One run. Results without a file are left out: code scanning refuses them."""
    found = [each for each in findings(results) if each.place]
    rules = list(dict.fromkeys(each.rule for each in found))
    seen: Counter[str] = Counter()
    log = {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "podtailor",
                        "version": version,
                        "semanticVersion": version,
                        "informationUri": SITE,
                        "rules": [_rule(rule, found) for rule in rules],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "invocations": [
                    {
                        "executionSuccessful": all(each.judged for each in results),
                        "toolExecutionNotifications": [
                            _notification(each) for each in findings(results) if not each.judged
                        ],
                    }
                ],
                "results": [_result(each, rules.index(each.rule), seen) for each in found],
            }
        ],
    }
    return msgspec.json.format(msgspec.json.encode(log), indent=2).decode() + "\n"


def _rule(name: str, found: Sequence[Result]) -> dict[str, Any]:
    message = message_of(name)
    worst = next(each.level for each in found if each.rule == name)
    return {
        "id": name,
        "name": name,
        "shortDescription": {"text": f"{name}: {message.title}"},
        "fullDescription": {"text": _plain(message.meaning) or name},
        "help": {"text": _plain(message.text) or name, "markdown": _absolute(message.text) or name},
        "helpUri": link_to(name),
        "defaultConfiguration": {"level": str(worst)},
        "properties": {"tags": ["kubernetes"], "problem.severity": _SEVERITIES[worst]},
    }


_SEVERITIES = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "recommendation"}
# Plain text of SARIF has links too, and what users write must not be one (SARIF 2.1.0, 3.11.6).
_LINK_START = re.compile(r"\[(?=[^]]*\]\()")
_LINK = re.compile(r"\[([^]]*)\]\(([^)]*)\)")


def _plain(markdown: str) -> str:
    return _LINK.sub(r"\1", markdown)


def _absolute(markdown: str) -> str:
    """Links of the pages of docs/, which SARIF is not shown beside."""
    return re.sub(r"\]\((?!https?:)", f"]({SITE}docs/", markdown)


def _result(result: Result, rule: int, seen: Counter[str]) -> dict[str, Any]:
    return {
        "ruleId": result.rule,
        "ruleIndex": rule,
        "level": str(result.level),
        "message": {"text": _text(result)},
        "locations": [_location(result)],
        "partialFingerprints": {_FINGERPRINT: _fingerprint(result, seen)},
    }


def _text(result: Result) -> str:
    text = ": ".join(filter(None, (result.object, result.message))) or result.rule
    return _LINK_START.sub(r"\\[", text)


def _location(result: Result) -> dict[str, Any]:
    physical: dict[str, Any] = {}
    if result.place:
        physical["artifactLocation"] = _artifact(result.place.file)
        if result.place.line:
            region = {"startLine": result.place.line}
            if result.place.column:
                region["startColumn"] = result.place.column
            physical["region"] = region
    logical = {"fullyQualifiedName": result.object, "kind": "resource"}
    return {
        **({"physicalLocation": physical} if physical else {}),
        **({"logicalLocations": [logical]} if result.object else {}),
    }


def _artifact(file: str) -> dict[str, str]:
    if file == STDIN:
        return {"uri": "stdin"}
    if PurePosixPath(file).is_absolute():
        return {"uri": f"file://{quote(file)}"}
    if PureWindowsPath(file).is_absolute():
        return {"uri": f"file:///{quote(file, safe='/:')}"}
    return {"uri": quote(file), "uriBaseId": "%SRCROOT%"}


def _fingerprint(result: Result, seen: Counter[str]) -> str:
    """Of everything but the line, so that a result is the same when lines above it come and go."""
    parts = (result.rule, result.place.file if result.place else "", result.object, result.message)
    digest = hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:32]
    seen[digest] += 1
    return f"{digest}:{seen[digest]}"


def _notification(result: Result) -> dict[str, Any]:
    location = _location(result)
    return {
        "level": str(result.level),
        "message": {"text": _text(result)},
        "descriptor": {"id": result.rule},
        **({"locations": [location]} if location else {}),
    }

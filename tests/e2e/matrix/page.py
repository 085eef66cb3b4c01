"""What docs/kubernetes.md has below its marker: what `make matrix` saw on each version, as it is recorded.

`observed.json` has, by version: the release, the tests by subject (passed, failed), the generated Pods by what became
of them, and what each probe observed, by topic.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from tests.e2e.controlplane.build import VERSIONS, minor
from tests.e2e.matrix.probes import TOPICS, Probe
from tests.support.pods import Json

# Of characters in a cell: what matters is said first.
_MAX_MESSAGE = 160
PAGE = Path("docs/kubernetes.md")
OBSERVED = Path(__file__).with_name("observed.json")
_MARKER = "<!-- written by make matrix -->\n"


def observations() -> dict[str, Json]:
    """By version, oldest first."""
    found: dict[str, Json] = json.loads(OBSERVED.read_text())
    return dict(sorted(found.items(), key=lambda item: minor(item[0])))


def differing(topic: str, runs: dict[str, Json]) -> list[Probe]:
    """Probes that did not see the same on every version, messages apart."""
    return [probe for probe in TOPICS[topic] if len(set(map(_word, _seen(topic, probe, runs).values()))) > 1]


def text() -> str:
    """Of the page; what is written by hand stays."""
    runs = observations()
    by_hand, marker, _ = PAGE.read_text().partition(_MARKER)
    return by_hand + marker + "\n".join(["", *_counts(runs), *_differences(runs), *_same(runs), ""])


def _counts(runs: dict[str, Json]) -> Iterator[str]:
    yield "## Tests\n"
    yield "Tests that passed, by subject. Each Pod was created with podtailor and without; a Pod that is accepted only without it would be a failure.\n"
    missing = [version for version in VERSIONS if version not in runs]
    if missing:
        yield f"Not asked yet: {', '.join(missing)}.\n"
    subjects = list(next(iter(runs.values()))["tests"])
    yield from _table(
        ["Kubernetes", *subjects],
        ([run["release"], *(_passed(*run["tests"][each]) for each in subjects)] for run in runs.values()),
    )
    yield "\nOne test of *resize* is not run on 1.33, which drops the Pod-level resources that it is about, and one of *version* not on the newest, which no other follows.\n"
    yield "Each version was given the same generated Pods. All that became something else on another version have [Pod-level resources](#pod-level-resources).\n"
    yield from _table(
        ["generated Pods", *(run["release"] for run in runs.values())],
        (
            [outcome, *(str(run["pods"].get(outcome, 0)) for run in runs.values())]
            for outcome in outcomes(runs)
        ),
    )


def outcomes(runs: dict[str, Json], *, with_classes: bool = True) -> list[str]:
    """What became of generated Pods, with or without their QoS classes."""
    found = {outcome for run in runs.values() for outcome in run["pods"]}
    return sorted((each for each in found if with_classes or not each.startswith("class ")), key=_by_class)


def _by_class(outcome: str) -> tuple[bool, str]:
    return outcome.startswith("class "), outcome


def _passed(passed: int, failed: int) -> str:
    return f"{passed}, **{failed} failed**" if failed else str(passed)


def _differences(runs: dict[str, Json]) -> Iterator[str]:
    yield "\n## What differs"
    for topic in TOPICS:
        probes = differing(topic, runs)
        if not probes:
            continue
        yield f"\n### {topic}\n"
        seen = {probe: _seen(topic, probe, runs) for probe in probes}
        yield from _table(
            ["", *runs], ([probe.what, *map(_word, versions.values())] for probe, versions in seen.items())
        )
        yield ""
        for why in dict.fromkeys(probe.why for probe in probes):
            yield f"- {why}"
            rows = [probe for probe in probes if probe.why == why]
            messages = dict.fromkeys(message for probe in rows for message in _messages(seen[probe]))
            yield from (f"  - {message}" for message in messages)


def _messages(versions: dict[str, str]) -> Iterator[str]:
    """What the API server says, with the versions that say so."""
    for message, group in groupby(versions, key=lambda version: _message(versions[version])):
        if message:
            found = list(group)
            yield f"{found[0]}{f' to {found[-1]}' if len(found) > 1 else ''}: “{message}”"


def _same(runs: dict[str, Json]) -> Iterator[str]:
    yield "\n## What is the same on all"
    version = list(runs)[-1]
    for topic, probes in TOPICS.items():
        others = differing(topic, runs)
        rows = [
            [probe.what, _cell(_seen(topic, probe, runs)[version])] for probe in probes if probe not in others
        ]
        if rows:
            yield f"\n### {topic}\n"
            yield from _table(["", "the API server"], rows)


def _seen(topic: str, probe: Probe, runs: dict[str, Json]) -> dict[str, str]:
    return {
        version: run["observed"].get(topic, {}).get(probe.what, "not asked") for version, run in runs.items()
    }


def _word(seen: str) -> str:
    return seen if seen.startswith("`") else seen.partition(": ")[0]


def _message(seen: str) -> str:
    message = "" if seen.startswith("`") else seen.partition(": ")[2]
    return f"{message[:_MAX_MESSAGE]}…" if len(message) > _MAX_MESSAGE else message


def _cell(seen: str) -> str:
    return f"{_word(seen)}: “{_message(seen)}”" if _message(seen) else _word(seen)


def _table(head: list[str], rows: Iterable[list[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield "|---" * len(head) + "|"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |"


if __name__ == "__main__":
    PAGE.write_text(text())

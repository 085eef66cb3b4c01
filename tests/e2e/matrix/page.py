"""What docs/kubernetes.md has below its marker: what `make matrix` saw on each version, as it is recorded.

`observed.json` has, by version: the release, the tests by subject (passed, failed), the generated Pods by how they are
sized and by what became of them, and what each probe observed, by topic.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path

from tests.e2e.controlplane.build import VERSIONS, minor
from tests.e2e.matrix.probes import TOPICS, Probe
from tests.support.pods import Json

# Of characters in a cell: what matters is said first.
_MAX_MESSAGE = 160
PAGE = Path("docs/kubernetes.md")
OBSERVED = Path(__file__).with_name("observed.json")
SIZED_BY_CONTAINER, SIZED_AS_A_WHOLE = "without Pod-level resources", "with Pod-level resources"
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
    yield "Tests that passed, by subject; *probes* are what was asked for the tables below. Each Pod was created with podtailor and without; a Pod that is accepted only without it would be a failure.\n"
    missing = [version for version in VERSIONS if version not in runs]
    if missing:
        yield f"Not asked yet: {', '.join(missing)}.\n"
    subjects = list(next(iter(runs.values()))["tests"])
    yield from _table(
        ["Kubernetes", *subjects],
        ([run["release"], *(_passed(*run["tests"][each]) for each in subjects)] for run in runs.values()),
    )
    yield "\nOne test of *resize* is not run on 1.33, which drops the Pod-level resources that it is about, and one of *version* not on the newest, which no other follows.\n"
    yield "Each version was given the same generated Pods. The version makes a difference to those with [Pod-level resources](#pod-level-resources) alone."
    for group in (SIZED_BY_CONTAINER, SIZED_AS_A_WHOLE):
        counts = {run["release"]: run["pods"][group] for run in runs.values()}
        yield ""
        yield from _table(
            [f"Pods {group}", *counts],
            ([each, *(str(of.get(each, 0)) for of in counts.values())] for each in outcomes(counts.values())),
        )


def outcomes(counts: Iterable[Mapping[str, int]]) -> list[str]:
    """What became of generated Pods, and after it of their QoS classes."""
    return sorted({outcome for of in counts for outcome in of}, key=lambda each: (is_class(each), each))


def is_class(outcome: str) -> bool:
    return outcome.startswith("class ")


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
    for topic, probes in TOPICS.items():
        others = differing(topic, runs)
        rows = [[probe.what, _cell(_seen(topic, probe, runs))] for probe in probes if probe not in others]
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


def _cell(versions: dict[str, str]) -> str:
    """What all did, and the words of each where they are not the same."""
    (word,) = {*map(_word, versions.values())}
    messages = {*map(_message, versions.values())}
    if messages == {""}:
        return word
    words = f"“{messages.pop()}”" if len(messages) == 1 else ", ".join(_messages(versions))
    return f"{word}: {words}"


def _table(head: list[str], rows: Iterable[list[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield "|---" * len(head) + "|"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |"


if __name__ == "__main__":
    PAGE.write_text(text())

"""Many Pods at once, compared: the first that differ are shown with all that is needed to see it again."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests.e2e.export.admission import PLAIN, Admission, Answer, at_once
from tests.e2e.export.comparison import Compared, Place, Tally, compared
from tests.support.pods import Json

_SHOWN = 3


def as_they_are(admission: Admission, pods: Iterable[Json]) -> list[tuple[Json, Answer]]:
    sent = [*pods]
    answers = at_once(lambda each: admission.create(PLAIN, each), sent)
    return [(pod, answer) for pod, answer in zip(sent, answers, strict=True) if not answer.is_refusal]


def compare(admission: Admission, jobs: Iterable[tuple[Json, Answer, Place]], tally: Tally) -> list[Compared]:
    """All; fails with the first that differ."""
    done = at_once(lambda job: compared(admission, *job), jobs)
    for each in done:
        tally.add(each)
    differing = [each for each in done if each.differs]
    if differing:
        shown = "\n\n".join(map(str, differing[:_SHOWN]))
        pytest.fail(f"{len(differing)} of {len(done)} Pods differ:\n{shown}", pytrace=False)
    return done

"""What a survey found, in one sentence and for programs. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from msgspec import Struct

from webhook.images.survey import Judged, JudgedImage, Use
from webhook.model.image_platforms import Level
from webhook.model.images import repository

Json = dict[str, Any]
_MAX_NAMES = 5


class Summary(Struct, frozen=True, kw_only=True):
    """Counts of owners, and what their live Pods request, in thousandths of a CPU."""

    owners: int
    would_run: int
    unknown: int
    stopped_by_one: tuple[tuple[str, int], ...]
    """Repositories, each with the owners that no other image stops; those of the most owners first."""
    stopped_by_more: int
    cpu: int
    cpu_would_run: int


def summarize(judged: Iterable[Judged]) -> Summary:
    judged = [*judged]
    stopped = [each for each in judged if each.level is Level.NO]
    by_one = Counter(
        repository(each.stopped_by[0].image) for each in stopped if len(_images(each.stopped_by)) == 1
    )
    return Summary(
        owners=len(judged),
        would_run=sum(each.would_run for each in judged),
        unknown=sum(each.level is Level.UNKNOWN for each in judged),
        stopped_by_one=tuple(sorted(by_one.items(), key=lambda each: (-each[1], each[0]))),
        stopped_by_more=len(stopped) - by_one.total(),
        cpu=sum(each.owner.cpu for each in judged),
        cpu_would_run=sum(each.owner.cpu for each in judged if each.would_run),
    )


def _images(uses: Iterable[Use]) -> set[str]:
    return {each.image for each in uses}


def headline(summary: Summary, name: str) -> str:
    """As `41 of 60 owners would run on ARM64 (118 of 190 CPUs); 12 unknown`. `name`: of the platform."""
    return "; ".join(_parts(summary, name)) if summary.owners else "No workload was found"


def _parts(summary: Summary, name: str) -> Iterator[str]:
    owners = f"{summary.owners} owner{'' if summary.owners == 1 else 's'}"
    cpus = f" ({_of_cpus(summary)})" if summary.cpu else ""
    yield f"{summary.would_run} of {owners} would run on {name}{cpus}"
    if summary.stopped_by_one:
        count = sum(count for _, count in summary.stopped_by_one)
        yield f"{count} stopped by one container: {', '.join(_names(summary.stopped_by_one))}"
    if summary.stopped_by_more:
        yield f"{summary.stopped_by_more} stopped by more than one"
    if summary.unknown:
        yield f"{summary.unknown} unknown"


_WHOLE = 10_000


def _of_cpus(summary: Summary) -> str:
    digits = 0 if summary.cpu >= _WHOLE else 1
    part, whole = (f"{milli / 1000:.{digits}f}" for milli in (summary.cpu_would_run, summary.cpu))
    return f"{part} of {whole} CPUs"


def _names(stopped: Sequence[tuple[str, int]]) -> Iterator[str]:
    """By the last part of a repository, if no other has the same."""
    short = Counter(name.rpartition("/")[2] for name, _ in stopped)
    for name, count in stopped[:_MAX_NAMES]:
        last = name.rpartition("/")[2]
        yield f"{last if short[last] == 1 else name} ({count})"
    if len(stopped) > _MAX_NAMES:
        yield f"and {len(stopped) - _MAX_NAMES} more"


def to_json(platform: str, summary: Summary, judged: Iterable[Judged], images: Iterable[JudgedImage]) -> Json:
    totals = totals_to_json(platform, summary, images)
    return {**totals, "owners": [_owner(each) for each in judged]}


def totals_to_json(platform: str, summary: Summary, images: Iterable[JudgedImage]) -> Json:
    """Without the owners one by one."""
    return {
        "platform": platform,
        "summary": {
            "owners": summary.owners,
            "wouldRun": summary.would_run,
            "stopped": sum(count for _, count in summary.stopped_by_one) + summary.stopped_by_more,
            "unknown": summary.unknown,
            "stoppedByOne": dict(summary.stopped_by_one),
            "cpus": {"total": summary.cpu / 1000, "wouldRun": summary.cpu_would_run / 1000},
        },
        "images": [
            {
                "image": each.image,
                "level": each.level,
                "from": each.source,
                "seen": each.seen,
                "owners": len(each.owners),
                "injected": each.is_injected,
            }
            for each in images
        ],
    }


def _owner(judged: Judged) -> Json:
    owner = judged.owner
    return {
        "kind": owner.ref.kind,
        "namespace": owner.ref.namespace,
        "name": owner.ref.name,
        "level": judged.level,
        "pods": owner.pods,
        "cpus": owner.cpu / 1000,
        "stoppedBy": [_use(each) for each in judged.stopped_by],
        "unknown": [_use(each) for each in judged.unknown],
    }


def _use(use: Use) -> Json:
    return {"container": use.container, "image": use.image, "injected": use.is_injected}

"""A survey in one sentence, and as data."""

from __future__ import annotations

import pytest

from webhook.images.summary import headline, summarize, to_json
from webhook.images.survey import Judged, JudgedImage, Owner, Use
from webhook.model.image_platforms import ARM64, Level
from webhook.workloads.workload import Ref


def _owner(*uses: Use, cpu: int = 1000) -> Owner:
    return Owner(ref=Ref("Deployment", "shop", "web"), pods=2, cpu=cpu, uses=uses)


def _judged(level: Level, *stopped_by: str, cpu: int = 1000, unknown: str = "") -> Judged:
    uses = tuple(Use("app", image) for image in stopped_by)
    unknowns = (Use("helper", unknown),) if unknown else ()
    return Judged(_owner(*uses, *unknowns, cpu=cpu), level, uses, unknowns)


RUNS, SAYS = _judged(Level.RUNS), _judged(Level.SAYS, cpu=500)
UNKNOWN = _judged(Level.UNKNOWN, unknown="x:1")


def _no(*images: str, cpu: int = 1000) -> Judged:
    return _judged(Level.NO, *images, cpu=cpu)


@pytest.mark.parametrize(
    ("judged", "sentence"),
    [
        pytest.param([], "No workload was found", id="nothing"),
        pytest.param([RUNS], "1 of 1 owner would run on ARM64 (1.0 of 1.0 CPUs)", id="one"),
        pytest.param([SAYS, UNKNOWN], "1 of 2 owners would run on ARM64 (0.5 of 1.5 CPUs); 1 unknown", id="a claim counts, what is not known does not"),
        pytest.param([_judged(Level.RUNS, cpu=0)], "1 of 1 owner would run on ARM64", id="without requests"),
        pytest.param(
            [_judged(Level.RUNS, cpu=118_400), *[_no("pdf:1", cpu=1)] * 3, *[_no("a.io/fluent-bit:2", cpu=71_600)] * 4, UNKNOWN],
            "1 of 9 owners would run on ARM64 (118 of 406 CPUs); 7 stopped by one container: fluent-bit (4), pdf (3); 1 unknown",
            id="what stops most is first",
        ),
        pytest.param([_no("pdf:1", "bit:1")], "0 of 1 owner would run on ARM64 (0.0 of 1.0 CPUs); 1 stopped by more than one", id="two stop it"),
        pytest.param([_no("a.io/x/pdf:1"), _no("b.io/x/pdf:1"), _no("b.io/x/pdf:2")], "0 of 3 owners would run on ARM64 (0.0 of 3.0 CPUs); 3 stopped by one container: b.io/x/pdf (2), a.io/x/pdf (1)", id="of the same short name"),
        pytest.param([_no(f"i{index}") for index in range(7)], "0 of 7 owners would run on ARM64 (0.0 of 7.0 CPUs); 7 stopped by one container: i0 (1), i1 (1), i2 (1), i3 (1), i4 (1), and 2 more", id="many"),
    ],
)  # fmt: skip
def test_headline(judged: list[Judged], sentence: str) -> None:
    assert headline(summarize(judged), "ARM64") == sentence


def test_data() -> None:
    judged = [RUNS, UNKNOWN, _no("pdf:1"), _no("pdf:1", "bit:1")]
    owner = _owner(Use("app", "pdf:1", is_injected=True))
    image = JudgedImage(image="pdf:1", level=Level.NO, source="index", seen=7, owners=(owner,))
    data = to_json(ARM64, summarize(judged), judged, [image])
    assert data["platform"] == "linux/arm64"
    assert data["summary"] == {
        "owners": 4,
        "wouldRun": 1,
        "stopped": 2,
        "unknown": 1,
        "stoppedByOne": {"docker.io/library/pdf": 1},
        "cpus": {"total": 4.0, "wouldRun": 1.0},
    }
    assert data["owners"][1] == {
        "kind": "Deployment",
        "namespace": "shop",
        "name": "web",
        "level": "unknown",
        "pods": 2,
        "cpus": 1.0,
        "stoppedBy": [],
        "unknown": [{"container": "helper", "image": "x:1", "injected": False}],
    }
    assert [each["image"] for each in data["owners"][3]["stoppedBy"]] == ["pdf:1", "bit:1"]
    assert data["images"] == [
        {"image": "pdf:1", "level": "no", "from": "index", "seen": 7, "owners": 1, "injected": True}
    ]

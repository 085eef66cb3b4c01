"""Owners, the images of their containers, and whether they would run."""

from __future__ import annotations

import pytest

from tests.images.test_evidence import NOW, failed, ran, read
from tests.support.pods import Json
from webhook.images.evidence import Evidence, Knowledge
from webhook.images.survey import Owner, Survey, Use, judge, judge_images
from webhook.model.image_platforms import AMD64, ARM64, Level
from webhook.model.pod import pod_view
from webhook.workloads.workload import Ref, Workload, unreadable

WEB = Ref("Deployment", "shop", "web")


def workload(
    *images: str, ref: Ref = WEB, owner: Ref | None = None, replicas: int = 1, init: tuple[Json, ...] = ()
) -> Workload:
    containers = [{"name": f"c{index}", "image": image} for index, image in enumerate(images)]
    view = pod_view({"spec": {"containers": containers, "initContainers": [*init]}})
    return Workload(ref=ref, owner=owner or ref, admitted=view, written=view, replicas=replicas)


def pod(name: str, *images: str, owner: Ref = WEB, init: tuple[Json, ...] = ()) -> Workload:
    return workload(*images, ref=Ref("Pod", "shop", name), owner=owner, init=init)


def _owners(*workloads: Workload, cpu: int = 100) -> list[Owner]:
    survey = Survey()
    for each in workloads:
        survey.add(each, cpu)
    return survey.owners()


TEMPLATE = workload("web:1", replicas=0)
PROXY: Json = {"name": "proxy", "image": "proxy:2", "restartPolicy": "Always"}


@pytest.mark.parametrize(
    ("workloads", "uses"),
    [
        pytest.param([TEMPLATE], [Use("c0", "web:1")], id="those of a template without Pods"),
        pytest.param([TEMPLATE, pod("a", "web:1")], [Use("c0", "web:1")], id="once"),
        pytest.param([pod("a", "web:1"), TEMPLATE], [Use("c0", "web:1")], id="in any order"),
        pytest.param([workload("web:1", init=({"name": "db", "image": "migrate:1"},), replicas=0)], [Use("c0", "web:1"), Use("db", "migrate:1")], id="init containers"),
        pytest.param([TEMPLATE, pod("a", "web:1", init=(PROXY,))], [Use("c0", "web:1"), Use("proxy", "proxy:2", is_injected=True)], id="injected sidecars"),
        pytest.param([pod("a", "web:1", init=(PROXY,))], [Use("c0", "web:1"), Use("proxy", "proxy:2")], id="of an unknown template nothing counts as injected"),
        pytest.param([workload("auto", replicas=0), pod("a", "proxy:2")], [Use("c0", "proxy:2")], id="what admission has made of the template"),
        pytest.param([TEMPLATE, pod("a", "web:0"), pod("b", "web:1")], [Use("c0", "web:0"), Use("c0", "web:1")], id="old and new ones during a rollout"),
        pytest.param([workload("web:1", "new:1", replicas=0), pod("a", "web:1")], [Use("c0", "web:1"), Use("c1", "new:1")], id="a container that no Pod has yet"),
        pytest.param([workload("web:1", "", replicas=0)], [Use("c0", "web:1")], id="none for a container without an image"),
    ],
)  # fmt: skip
def test_images_of_an_owner(workloads: list[Workload], uses: list[Use]) -> None:
    (owner,) = _owners(*workloads)
    assert (owner.ref, [*owner.uses]) == (WEB, uses)


def test_requests_are_those_of_its_pods() -> None:
    (owner,) = _owners(TEMPLATE, pod("a", "web:1"), pod("b", "web:1"))
    assert (owner.pods, owner.cpu) == (2, 200)
    (owner,) = _owners(workload("web:1", replicas=3))
    assert (owner.pods, owner.cpu) == (3, 300)


def test_pods_alone_are_owners_and_static_ones_are_not() -> None:
    alone = workload("web:1", ref=Ref("Pod", "shop", "alone"))
    static = pod("kube-proxy-x-1", "proxy:1", owner=Ref("Node", "shop", "x-1"))
    (owner,) = _owners(alone, static, unreadable(WEB, "odd"))
    assert (owner.ref.name, owner.pods) == ("alone", 1)


def test_owners_are_in_order() -> None:
    refs = [Ref("Job", "b", "a"), Ref("Deployment", "b", "z"), Ref("Deployment", "a", "z")]
    assert [each.ref for each in _owners(*(workload("x", ref=ref) for ref in refs))] == [*reversed(refs)]


def _known(*evidence: Evidence) -> Knowledge:
    return Knowledge(evidence, now=NOW, max_age=60)


WEB_1, PDF_1 = "docker.io/library/web:1", "docker.io/library/pdf:1"


@pytest.mark.parametrize(
    ("evidence", "level", "stopped_by", "unknown"),
    [
        pytest.param([], Level.UNKNOWN, [], ["web:1", "pdf:1"], id="nothing is known"),
        pytest.param([ran(ref=WEB_1)], Level.UNKNOWN, [], ["pdf:1"], id="one is not known"),
        pytest.param([ran(ref=WEB_1), failed(ref=PDF_1)], Level.UNKNOWN, [], ["pdf:1"], id="one could not be read"),
        pytest.param([ran(ref=WEB_1), read(ARM64, ref=PDF_1, digest="sha256:x")], Level.SAYS, [], [], id="one only says so"),
        pytest.param([ran(ref=WEB_1), ran(ref=PDF_1)], Level.RUNS, [], [], id="both run"),
        pytest.param([ran(ref=WEB_1), read(AMD64, ref=PDF_1, digest="sha256:x")], Level.NO, ["pdf:1"], [], id="one does not"),
        pytest.param([read(AMD64, ref=PDF_1)], Level.NO, ["pdf:1"], ["web:1"], id="no before unknown"),
    ],
)  # fmt: skip
def test_all_images_must_agree(
    evidence: list[Evidence], level: Level, stopped_by: list[str], unknown: list[str]
) -> None:
    (owner,) = _owners(workload("web:1", "pdf:1"))
    judged = judge(owner, _known(*evidence), ARM64)
    assert judged.level is level
    assert judged.would_run is (level in (Level.RUNS, Level.SAYS))
    assert [each.image for each in judged.stopped_by] == stopped_by
    assert [each.image for each in judged.unknown] == unknown


def test_an_owner_without_images_is_unknown() -> None:
    (owner,) = _owners(workload(""))
    assert judge(owner, _known(), ARM64).level is Level.UNKNOWN


def test_what_stops_most_owners_is_first() -> None:
    owners = _owners(
        *(workload("web:1", "pdf:1", ref=Ref("Job", "shop", name)) for name in "ab"),
        workload("cron:1", "other:1", ref=Ref("Job", "shop", "c")),
        pod("a-1", "web:1", "pdf:1", owner=Ref("Job", "shop", "a"), init=(PROXY,)),
    )
    no = read(AMD64, ref="docker.io/library/other:1", digest="sha256:x")
    images = judge_images(
        owners, _known(read(AMD64, ref=PDF_1, digest="sha256:y"), ran(ref=WEB_1, seen=NOW - 9), no), ARM64
    )
    assert [(each.image, each.level, len(each.owners)) for each in images] == [
        ("pdf:1", Level.NO, 2),
        ("other:1", Level.NO, 1),
        ("cron:1", Level.UNKNOWN, 1),
        ("proxy:2", Level.UNKNOWN, 1),
        ("web:1", Level.RUNS, 2),
    ]
    assert [each.image for each in images if each.is_injected] == ["proxy:2"]
    assert (images[-1].source, images[-1].seen, images[3].source) == ("Node arm64-1", NOW - 9, "")

"""Which images are asked for, where, and what becomes of an answer."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.images.test_evidence import DAY, NOW, A, B, failed, ran, read
from webhook.images.asking import Ask, asked, mirrored, to_ask
from webhook.images.evidence import Evidence, Knowledge
from webhook.images.reference import Reference, parse_reference
from webhook.images.registry.image import ReadImage, RegistryError
from webhook.model.image_platforms import AMD64, ARM64, Level

NGINX = "docker.io/library/nginx:1.27"
PINNED = f"docker.io/library/nginx@{A}"


@pytest.mark.parametrize(
    ("evidence", "image", "missing", "every"),
    [
        pytest.param([], "nginx:1.27", [NGINX], [NGINX], id="nothing is known"),
        pytest.param([ran()], "nginx:1.27", [], [NGINX], id="a tag that runs"),
        pytest.param([ran(AMD64)], "nginx:1.27", [NGINX], [NGINX], id="one that runs elsewhere"),
        pytest.param([read(AMD64)], "nginx:1.27", [], [NGINX], id="a tag that was read"),
        pytest.param([read(AMD64, seen=NOW - DAY - 1)], "nginx:1.27", [NGINX], [NGINX], id="too long ago"),
        pytest.param([failed()], "nginx:1.27", [NGINX], [NGINX], id="one that could not be read"),
        pytest.param([], f"nginx@{A}", [PINNED], [PINNED], id="a digest"),
        pytest.param([ran()], f"nginx@{A}", [], [PINNED], id="a digest that runs, and was never read"),
        pytest.param([read(AMD64, seen=0)], f"nginx@{A}", [], [], id="a digest that was read"),
        pytest.param([], "NO image", [], [], id="no image"),
    ],
)  # fmt: skip
def test_what_is_asked_for(
    evidence: list[Evidence], image: str, missing: list[str], every: list[str]
) -> None:
    known = Knowledge(evidence, now=NOW, max_age=DAY)

    def wanted(ask: Ask) -> list[str]:
        return [str(each) for each in to_ask([image], known, ARM64, ask)]

    assert (wanted(Ask.NEVER), wanted(Ask.MISSING), wanted(Ask.ALL)) == ([], missing, every)


def test_each_image_is_asked_for_once() -> None:
    images = ["nginx:1.27", "docker.io/nginx:1.27", "example.com/app", "nginx:1.27"]
    known = Knowledge([], now=NOW, max_age=DAY)
    assert [str(each) for each in to_ask(images, known, ARM64, Ask.MISSING)] == [
        NGINX,
        "example.com/app:latest",
    ]


def _asked(answers: dict[str, ReadImage | str], mirrors: dict[str, str] | None = None) -> list[Evidence]:
    def answer(reference: Reference) -> ReadImage:
        found = answers[str(reference)]
        if isinstance(found, str):
            raise RegistryError(found)
        return found

    return [*asked(map(parse_reference, answers), answer, mirrors or {}, now=NOW)]


def test_an_answer_is_a_claim() -> None:
    (piece,) = _asked({NGINX: ReadImage(B, frozenset({ARM64}), "index")})
    assert piece == read(ARM64, digest=B)


def test_a_failure_is_no_answer() -> None:
    assert _asked({NGINX: "403 from docker.io"}) == [failed()]


def test_an_image_without_linux_says_nothing_of_it() -> None:
    (piece,) = _asked({NGINX: ReadImage(B, frozenset(), "configuration")})
    assert (piece.level, piece.digest, piece.source) == (Level.UNKNOWN, "", "no Linux in its configuration")


def test_another_registry_is_asked_instead() -> None:
    seen = []

    def answer(reference: Reference) -> ReadImage:
        seen.append(str(reference))
        return ReadImage(B, frozenset({ARM64}), "index")

    images = map(parse_reference, ("nginx:1.27", "example.com/app:1"))
    found = [*asked(images, answer, {"docker.io": "mirror.test:5000/hub"}, now=NOW)]
    assert sorted(seen) == ["example.com/app:1", "mirror.test:5000/hub/library/nginx:1.27"]
    assert [each.ref for each in found] == [NGINX, "example.com/app:1"]


@pytest.mark.parametrize(
    ("mirror", "name"),
    [
        ("mirror.test", "mirror.test/library/nginx:1.27"),
        ("mirror.test:5000/a/b", "mirror.test:5000/a/b/library/nginx:1.27"),
    ],
)
def test_mirror_with_and_without_a_path(mirror: str, name: str) -> None:
    found = mirrored(parse_reference("nginx:1.27"), {"docker.io": mirror})
    assert str(found) == name
    assert found.api_host == mirror.partition("/")[0]


def test_several_at_once_and_in_order() -> None:
    both = threading.Barrier(2)

    def answer(reference: Reference) -> ReadImage:
        both.wait(20)
        return ReadImage(B, frozenset({ARM64}), str(reference))

    references = [parse_reference(each) for each in ("b:1", "a:1")]
    assert [each.source for each in asked(references, answer, {}, now=NOW)] == [
        str(each) for each in references
    ]


def test_what_is_not_needed_any_more_is_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    cancelled = threading.Event()
    shutdown = ThreadPoolExecutor.shutdown

    def cancel_first(pool: ThreadPoolExecutor, wait: bool = True, *, cancel_futures: bool = False) -> None:
        shutdown(pool, wait=False, cancel_futures=cancel_futures)
        cancelled.set()  # reads that are under way end now, and no chance decides how many came before
        shutdown(pool, wait=wait)

    def answer(reference: Reference) -> ReadImage:
        seen.append(reference)
        if reference.tag != "0":
            assert cancelled.wait(20)
        raise RegistryError("no")

    monkeypatch.setattr(ThreadPoolExecutor, "shutdown", cancel_first)
    answers = asked((parse_reference(f"app:{index}") for index in range(1000)), answer, {}, now=NOW)
    next(answers)
    answers.close()  # type: ignore[attr-defined]  # as Ctrl-C does
    assert len(seen) <= 9  # the one that was answered, and eight at once

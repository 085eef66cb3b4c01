"""Whatever comes in ends as an answer or as the one error that says what is wrong: reviews, policies, quantities.

Bounded: hundreds of inputs each, bent from good ones, so that they get past the first check.
"""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from tests.support.examples import examples
from tests.support.pods import Json, decide, pod, snapshot
from tests.support.server import review_of
from tests.support.strategies import FEW, pods
from webhook.documents.files import read_file
from webhook.engine.explain import explain
from webhook.engine.snapshot import Request, snapshot_of
from webhook.model.declared import LAST_APPLIED
from webhook.model.names import APPLIED, INJECTION, MODE, PRESET, SKIP_CONTAINERS, WORKLOAD_TYPE
from webhook.model.pod import pod_view
from webhook.model.quantity import is_strict, parse
from webhook.model.selectors import LabelSelector
from webhook.model.subject import Namespace
from webhook.model.text import WARNING_LENGTH
from webhook.policies.load import load
from webhook.policies.shipped import Profile, built_in
from webhook.server.metrics import Metrics
from webhook.server.reviewer import Reviewer
from webhook.server.wire import BadReviewError

FUZZ = examples(200, settings(derandomize=True))

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(["", "0", "-1", "1e999", "Gi", "\x00", "\ud7ff", "a" * 300, "100m", "Enforce", "*"]),
    st.lists(st.none(), max_size=2),
    st.dictionaries(st.text(max_size=5), st.none(), max_size=2),
)


def _places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Of everything in there that could be something else."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for key, inner in items for place in _places(inner, (*at, key)))]


@st.composite
def bent(draw: Callable[[Any], Any], good: st.SearchStrategy[Json]) -> Any:
    """A good document of which up to three parts are something else, or gone."""
    document = copy.deepcopy(draw(good))
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from(_places(document)))
        if not place:
            return draw(ODD)
        holder = document
        for step in place[:-1]:
            holder = holder[step]
        if draw(st.booleans()):
            holder[place[-1]] = draw(ODD)
        else:
            holder.pop(place[-1])
    return document


# What a parser dreads: numbers of thousands of digits, nesting, halves of characters, what is no JSON.
DREADED = (
    f'{{"general": {"9" * 4300}}}',
    f'{{"general": {"9" * 4301}}}',
    f'{{"general": {"9" * 30}}}',
    '{"general": -1}',
    '{"general": 1e400}',
    '{"general": {"a": 1}}',
    f'{{"general": {"[" * 100_000}',
    f'{{"spec": {"[" * 100_000}',
    '{"spec": {"tolerations": 9, "containers": [{"name": 7}]}}',
    '{"spec": null}',
    "null",
    "," * 100_000,
    "." * 100_000,
    "9" * 5_000,
    "\x00",
    "",
)
READ = [
    *(APPLIED, SKIP_CONTAINERS, LAST_APPLIED, INJECTION, WORKLOAD_TYPE, PRESET, MODE),
    *("podtailor.dev/", "podtailor.dev/" + "x" * 100_000, "kubernetes.io/limit-ranger"),
]


STRICT = snapshot_of(built_in(Profile.STRICT))


@pytest.mark.parametrize("place", ["labels", "annotations", "namespace", "name"])
@pytest.mark.parametrize("key", range(len(READ)))
def test_whatever_is_written_where_we_read_is_decided(place: str, key: int) -> None:
    for text in DREADED:
        odd, of_namespace = pod(), {}
        if place == "name":
            odd["metadata"]["name"] = odd["spec"]["containers"][0]["name"] = text
        elif place == "namespace":
            of_namespace = {READ[key]: text}
        else:
            odd["metadata"][place] = {READ[key]: text}
        namespaces = {"default": Namespace("default", of_namespace)}
        within = structs.replace(STRICT, namespaces=namespaces)
        decision = decide(odd, within)
        assert decision.patch == decide(odd, within).patch
        assert all(len(str(warning)) <= WARNING_LENGTH for warning in decision.warnings)
        explain(Request("default", pod_view(odd)), within)


REVIEWER = Reviewer(snapshot(), Metrics())


def _answer(body: bytes) -> Json | None:
    """None where it was refused."""
    try:
        answer: Json = json.loads(asyncio.run(REVIEWER.review(body)))
    except BadReviewError:
        return None
    return answer


@examples(70, FUZZ)  # generating them is what takes long
@given(bent(pods(FEW).map(review_of)))
def test_reviews_are_answered_or_refused(review: Any) -> None:
    answer = _answer(json.dumps(review).encode())
    if answer is not None:
        assert answer["kind"] == "AdmissionReview"
        assert answer["response"]["uid"] == review["request"]["uid"]


@FUZZ
@given(st.binary(max_size=200), st.integers(0, 400))
def test_bytes_are_answered_or_refused(noise: bytes, at: int) -> None:
    good = json.dumps(review_of(pod())).encode()
    for body in (noise, good[:at], good[:at] + noise + good[at:], noise + good):
        _answer(body)


POLICIES = [
    document.data
    for file in sorted(Path("webhook/policies").rglob("*.yaml"))
    for document in read_file(str(file))
]


@FUZZ
@given(bent(st.sampled_from(POLICIES)))
def test_policies_are_understood_or_named(tmp_path_factory: pytest.TempPathFactory, policy: Any) -> None:
    if not isinstance(policy, dict):
        return  # what is no object is no document
    file = tmp_path_factory.getbasetemp() / "fuzz.yaml"
    file.write_text(json.dumps(policy), encoding="utf-8")
    loaded = load([str(file)])
    assert loaded.policies or loaded.problems
    for problem in loaded.problems:
        assert str(problem).startswith(f"{file}:")


@FUZZ
@given(
    st.one_of(
        st.text(max_size=70),
        st.from_regex(r"[+-]?[0-9.]{0,30}([eE][+-]?\d{1,5}|[numkMGTPE]i?)?", fullmatch=True),
    )
)
def test_quantities_are_amounts_or_none(text: str) -> None:
    quantity = parse(text)
    if quantity is not None:
        assert isinstance(quantity.milli, int)
        again = parse(str(quantity))
        assert again is not None
        assert again.milli == quantity.milli
    assert is_strict(text) in (True, False)


LABELS = st.dictionaries(st.sampled_from("abc"), st.sampled_from("xyz"))
EXPRESSIONS = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from(["In", "NotIn", "Exists", "DoesNotExist"]),
              st.lists(st.sampled_from("xyz"), max_size=2)),
    max_size=3,
)  # fmt: skip


@FUZZ
@given(LABELS, LABELS, EXPRESSIONS)
def test_selectors_hold_when_every_requirement_does(
    labels: dict[str, str], wanted: dict[str, str], more: list[Any]
) -> None:
    written = {
        "matchLabels": wanted,
        "matchExpressions": [
            {"key": key, "operator": operator, "values": values} for key, operator, values in more
        ],
    }
    selector = msgspec.convert(written, LabelSelector).compiled()
    expected = all(labels.get(key) == value for key, value in wanted.items()) and all(
        {"In": labels.get(key) in values, "NotIn": labels.get(key) not in values,
         "Exists": key in labels, "DoesNotExist": key not in labels}[operator]
        for key, operator, values in more
    )  # fmt: skip
    assert (selector.first_unmet(labels) is None) == expected

"""AdmissionReviews to ask: three that a kube-apiserver 1.36 sent, each made into as many as are asked for.

`bench/reviews/*.json` are recorded. Wherever they say 1234567 (uid, names, labels, image tags, values of
variables, quantities) each review made from one says a number of its own, so no two Pods are the same; or
that of a workload, as in a cluster, where most Pods are of a controller that has made others.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path

from tests.support.pods import Json

HERE = Path(__file__).parent / "reviews"
SIZES = ("small", "typical", "large")
_NUMBER = "1234567"
_FIRST = 2_000_000


def recorded(size: str) -> Json:
    review: Json = json.loads((HERE / f"{size}.json").read_text())
    return review


def many(one: Json, count: int) -> list[str]:
    """As many texts of `one` as asked for, of the same length, all different."""
    text = json.dumps(one, separators=(",", ":"))
    return [text.replace(_NUMBER, str(_FIRST + number)) for number in range(count)]


WORKLOADS = 300
"""Of which a cluster's Pods are, where they are not all different."""


def of_workloads(one: Json, count: int) -> list[str]:
    """As many texts: Pods of so many workloads, in turn. Reviews of one differ in their uid."""
    text = json.dumps(one, separators=(",", ":"))
    if "request" in one:
        before, uid, after = text.partition(one["request"]["uid"])
    else:
        before, uid, after = "", "", text
    return [
        before
        + uid.replace(_NUMBER, str(_FIRST + number))
        + after.replace(_NUMBER, str(_FIRST + number % WORKLOADS))
        for number in range(count)
    ]


def made(one: Json) -> Json:
    """One of them."""
    made: Json = json.loads(many(one, 1)[0])
    return made


# More than podtailor's caches of quantities and names hold: what comes round again is forgotten.
_COUNT = 5000


def written(
    folder: Path, name: str, one: Json, texts: Callable[[Json, int], list[str]] = many, count: int = _COUNT
) -> Path:
    """A file with one text a line; `texts` is `many` or `of_workloads`."""
    file = folder / f"{name}.jsonl"
    file.write_text("\n".join(texts(one, count)))
    return file


def with_containers(review: Json, count: int) -> Json:
    """The review with so many containers, each like its first."""
    return _changed(review, lambda pod: _multiply(pod["spec"], count))


def in_namespace(review: Json, namespace: str) -> Json:
    moved = _changed(review, lambda pod: pod["metadata"].update(namespace=namespace))
    moved["request"]["namespace"] = namespace
    return moved


def pod_of(review: Json) -> Json:
    """As its controller sends it to the API server, to whatever namespace."""
    pod: Json = copy.deepcopy(review["request"]["object"])
    for field in ("managedFields", "namespace", "creationTimestamp"):
        pod["metadata"].pop(field, None)
    pod.pop("status", None)
    return pod


def _changed(review: Json, change: Callable[[Json], None]) -> Json:
    changed = copy.deepcopy(review)
    change(changed["request"]["object"])
    return changed


def _multiply(spec: Json, count: int) -> None:
    first = spec["containers"][0]
    spec["containers"] = [{**first, "name": f"{first['name']}-{index}"} for index in range(count)]

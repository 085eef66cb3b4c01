"""Every Pod that the files of this repository hold, as a controller would send it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path

import msgspec

from bench import reviews
from tests.support.pods import Json
from webhook.documents.files import read_file
from webhook.model.patch import Path as At
from webhook.workloads.templates import manifests_of

_FOLDERS = ("examples", "tests/e2e", "tests/docs", "tests/policies", "manifests")


def pods() -> Iterator[tuple[str, Json]]:
    """Each with where it stands."""
    for folder in _FOLDERS:
        for file in sorted(Path(folder).rglob("*.yaml")):
            for document in read_file(str(file)):
                for number, obj in enumerate(_objects(document.data)):
                    yield from ((f"{file}:{document.first_line}:{number}", each) for each in _of(obj))
    for size in reviews.SIZES:
        pod = reviews.pod_of(reviews.made(reviews.recorded(size)))
        # The name that is made of it is another each time.
        pod["metadata"]["name"] = f"{pod['metadata'].pop('generateName')}x"
        yield size, pod


def _objects(document: Json) -> Iterator[Json]:
    """What a list holds, and what tests of policies are about, each by itself."""
    for each in document.get("items") or ():
        yield from _objects(each)
    for each in document.get("tests") or ():
        if "object" in each:
            yield from _objects(each["object"])
    yield document


def _of(obj: Json) -> Iterator[Json]:
    for manifest in manifests_of(obj) if "kind" in obj else ():
        template = copy.deepcopy(_at(obj, manifest.at))
        metadata = {"name": "p", **(template.get("metadata") or {})}
        admitted = manifest.admitted.metadata
        if admitted:
            metadata["labels"] = dict(admitted.labels or {})
            metadata["ownerReferences"] = [
                {"apiVersion": "apps/v1", "name": "o", "uid": "o", **msgspec.to_builtins(each)}
                for each in admitted.ownerReferences or ()
            ]
        yield {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": metadata,
            "spec": _completed(template["spec"], obj),
        }


def _completed(spec: Json, obj: Json) -> Json:
    """With the volumes that its controller adds, and as an account that every namespace has."""
    claims = (obj.get("spec") or {}).get("volumeClaimTemplates") or ()
    names = [each["metadata"]["name"] for each in claims]
    volumes = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in names]
    made: Json = {key: value for key, value in spec.items() if key != "serviceAccountName"}
    return {**made, "volumes": [*(spec.get("volumes") or ()), *volumes]}


def _at(obj: Json, path: At) -> Json:
    for step in path:
        obj = obj[str(step)]
    return obj

"""One Pod twice: as exported policies make it, and as the webhook's patch does. They must not differ by a letter."""

from __future__ import annotations

import difflib
import json
from collections import Counter
from collections.abc import Iterator, Sequence

import jsonpatch
import msgspec
from msgspec import Struct

from tests.e2e.controlplane.build import VERSION, minor
from tests.e2e.export.admission import PLAIN, Admission, Answer
from tests.support.pods import Json
from webhook.cluster.pager import Meta, Object
from webhook.cluster.snapshot_objects import NAMESPACES
from webhook.engine.evaluate import Decision, evaluate
from webhook.engine.snapshot import Request, Snapshot, snapshot_of
from webhook.model.pod import PodView
from webhook.model.policy import Policy
from webhook.model.subject import Namespace

_COMPLETED_LATE = 37
_PODS = msgspec.json.Decoder(PodView)


class Place(Struct, frozen=True):
    """A namespace, and the policies that are in force in it."""

    namespace: Namespace
    policies: tuple[Policy, ...]
    snapshot: Snapshot


def place(namespace: Json, policies: Sequence[Policy]) -> Place:
    """The webhook as it is where policies are exported: without its annotation, and in mode enforce."""
    metadata = namespace["metadata"]
    read = NAMESPACES.read(
        Object(Meta(name=metadata["name"], labels=metadata.get("labels")), msgspec.json.encode(namespace))
    )
    made = snapshot_of(policies, namespaces={read.name: read}, annotate=False, kubernetes=minor(VERSION))
    return Place(read, tuple(policies), made)


class Compared(Struct, frozen=True):
    sent: Json
    where: Place
    exported: Answer
    expected: Answer
    decision: Decision

    @property
    def differs(self) -> bool:
        return self.exported != self.expected

    def fields(self) -> Iterator[str]:
        """What is set, by kind: `requests.cpu`, `nodeSelector`."""
        for change in self.decision.outcome.changes:
            name = (
                change.field.rpartition(":")[2] if change.field.startswith("pod:") else _within(change.field)
            )
            yield name if name.startswith(("requests", "limits", "resizePolicy")) else name.partition(".")[0]

    def __str__(self) -> str:
        """All that is needed to see it again."""
        engine, exported = (
            json.dumps(each.body, indent=1, sort_keys=True).splitlines()
            for each in (self.expected, self.exported)
        )
        by = ", ".join(policy.key for policy in self.decision.enforced)
        return "\n".join(
            (
                f"policies of {self.where.namespace}: {', '.join(each.key for each in self.where.policies)}",
                f"that match: {by}; sources: {sorted({each.source for each in self.where.policies})}",
                f"Pod: {json.dumps(self.sent)}",
                f"patch of the engine: {json.dumps(self.decision.patch)}",
                f"with the engine's patch: {self.expected.status} {json.dumps(self.expected.body)}",
                f"by exported policies: {self.exported.status} {json.dumps(self.exported.body)}",
                *difflib.unified_diff(engine, exported, "engine", "exported", lineterm="", n=4),
            )
        )


def _within(field: str) -> str:
    """Without the name of the container."""
    return field.partition(":")[2]


def compared(admission: Admission, sent: Json, plain: Answer, where: Place) -> Compared:
    """`plain`: the Pod as it is created without anybody's doing."""
    text = msgspec.json.encode(_as_webhooks_see(plain.body, sent))
    decision = evaluate(Request(where.namespace.name, _PODS.decode(text)), where.snapshot)
    patch = decision.patch
    expected = plain
    if patch:
        patched: Json = jsonpatch.apply_patch(msgspec.json.decode(text), patch, in_place=True)
        patched.pop("status", None)  # before 1.37 the API server keeps the QoS class that it says
        expected = admission.create(PLAIN, patched)
    exported = admission.create(where.namespace.name, sent)
    return Compared(sent, where, exported, expected, decision)


def _as_webhooks_see(stored: Json, sent: Json) -> Json:
    """From 1.37 on the API server completes resources of the whole Pod after webhooks."""
    whole = sent["spec"].get("resources")
    if whole is None or minor(VERSION) < _COMPLETED_LATE:
        return stored
    return {**stored, "spec": {**stored["spec"], "resources": whole}}


class Tally:
    """What has been compared, so that nobody takes nothing for equal."""

    def __init__(self) -> None:
        self.pods: Counter[str] = Counter()
        self.fields: Counter[str] = Counter()

    def add(self, each: Compared) -> None:
        self.pods["tailored" if each.decision.patch else "left alone"] += 1
        self.fields.update(each.fields())

    def __str__(self) -> str:
        return json.dumps({"pods": self.pods, "fields": dict(self.fields.most_common())})

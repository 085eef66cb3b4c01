"""One Pod, with neither, with each alone and with both: is it taken, does it settle, and who wins each field."""

from __future__ import annotations

import copy
import json
import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import jsonpatch

from tests.e2e.client import Client, Refused
from tests.e2e.neighbours.neighbour import Neighbour
from tests.e2e.test_accepted_pods import GREEDY, PODS
from tests.e2e.webhook import Webhook
from tests.support.pods import Json, decide
from tests.support.strategies import many, pods
from webhook.engine.snapshot import snapshot_of
from webhook.model import quantity
from webhook.model.names import APPLIED
from webhook.policies.merge import in_force
from webhook.policies.shipped import Profile

Fields = dict[tuple[str, str], Any]
"""By container (empty: the Pod's own) and field; what is not set is not there."""
_NUMBERS = count()
# By the name of our configuration: the API server calls configurations in the order of their names, and a
# neighbour's own lies between these two.
FIRST, LAST = "podtailor first", "podtailor last"
ORDERS = {FIRST: "a-podtailor", LAST: "zz-podtailor"}
POLICIES = ["--builtin=strict", f"--policies={GREEDY}"]
PAGE = Path("docs/neighbours.md")


def stated(case: str, order: str) -> dict[str, str]:
    """By field: who wins it in this order, as the page says."""
    (table,) = re.findall(
        rf"^<!-- make neighbours: {case} -->\n((?:\|.*\n)+)", PAGE.read_text(), re.MULTILINE
    )
    header, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    return {row[0].strip("`"): row[header.index(order)] for row in rows}


class Pair:
    """podtailor and a neighbour, in one order, over many Pods."""

    def __init__(self, client: Client, webhook: Webhook, neighbour: Neighbour, order: str) -> None:
        """`order`: one of ORDERS. The webhook has POLICIES in force."""
        self._client, self._webhook, self._neighbour, self._order = client, webhook, neighbour, order
        self._snapshot = snapshot_of(in_force([str(GREEDY)], Profile.STRICT))
        cluster, number = neighbour.cluster, next(_NUMBERS)
        self.neither = cluster.create_namespace(f"neither-{number}", injection="disabled")
        self.ours = cluster.create_namespace(f"ours-{number}")
        self.theirs = cluster.create_namespace(f"theirs-{number}", injection="disabled")
        self.both = cluster.create_namespace(f"both-{number}")
        for namespace in (self.theirs, self.both):
            neighbour.enable(namespace)
        self.seen: Counter[str] = Counter()
        """How many Pods were refused, changed by both, and so on."""
        self.won: Counter[tuple[str, str]] = Counter()
        """How often, by field, it has whose value in the end."""

    def run(self, case: str) -> None:
        """Try random Pods; print what is seen, and compare it with the table of this name in docs/neighbours.md."""
        lot, late = many(pods(owned=False), PODS), []
        # Several at a time: much of it is waiting for one process after another.
        with ThreadPoolExecutor(6) as pool:
            for manifest, seen in zip(lot, pool.map(self._in_time, lot), strict=True):
                if seen is None:
                    late.append(manifest)
                else:
                    self._count(*seen)
        for manifest in late:  # again, when it is not hurried
            self._count(*self._tries(manifest))
        table = self.table()
        print(f"\n{case}, {self._order}: {json.dumps(self.seen)}, {len(late)} tried again")
        for field, who in table.items():
            print(f"| `{field}` | {who} |")
        assert self.seen["changed by both"] > PODS / 5
        assert len(late) < PODS / 50
        assert stated(case, self._order) == table

    def _count(self, outcome: str, winners: list[tuple[str, str]]) -> None:
        self.seen[outcome] += 1
        self.won.update(winners)

    def _in_time(self, manifest: Json) -> tuple[str, list[tuple[str, str]]] | None:
        """As `_tries`; None where the neighbour is late."""
        try:
            return self._tries(manifest)
        except Refused as refused:
            if not self._neighbour.late or self._neighbour.late not in refused.message:
                raise
            return None

    def _tries(self, manifest: Json) -> tuple[str, list[tuple[str, str]]]:
        """What becomes of a Pod, and by field who wins it.

        Raises AssertionError if podtailor is the one too many, or does not do what it says.
        """
        pod = self._neighbour.prepared(manifest)
        without = self._created(self.neither, pod)
        theirs = self._created(self.theirs, pod)
        if theirs is None:
            return "refused by themselves" if without is None else "refused by the neighbour", []
        both = self._created(self.both, pod)
        assert both is not None, f"refused with both: {json.dumps(pod)}"
        self.settles(both)
        if without is None:
            return f"accepted with {self._neighbour.name} alone", []
        ours = self._created(self.ours, pod)
        assert ours is not None, f"refused because of podtailor: {json.dumps(pod)}"
        assert self._decided(both) == self._decided(self._predicted(pod, ours)), "it becomes what we say"
        parts = [fields(each) for each in (without, ours, theirs, both)]
        names = {each["name"] for each in containers(without)}
        changes = (fields(ours) != parts[0], fields(theirs) != parts[0])
        words = {(True, True): "both", (True, False): "podtailor", (False, True): self._neighbour.name}
        changed = f"changed by {words.get(changes, 'neither')}"
        return changed, [*decided(self._neighbour.name, names, *parts)]

    def table(self) -> dict[str, str]:
        """By field: who wins it; what one sets alone, only where that is all."""
        words: dict[str, set[str]] = {}
        for field, who in self.won:
            words.setdefault(field, set()).add(who)
        alone = {"podtailor", self._neighbour.name}
        return {field: "; ".join(sorted(words[field] - alone or words[field])) for field in sorted(words)}

    def settles(self, stored: Json) -> None:
        """A second review, and one more creation of what is stored, changes nothing of it."""
        assert "patch" not in self._webhook.review(stored, namespace=self.both), "a second review of ours"
        again = self._client.create(self.both, bare(stored), dry_run=True)
        changed = jsonpatch.make_patch(self._all(stored), self._all(again)).patch
        assert changed == [], f"the neighbour and we, once more: {json.dumps([changed, stored])}"

    def _all(self, stored: Json) -> Json:
        """What must stay, reviewed again; the words of a neighbour's own annotations may come in another order."""
        annotations = stored["metadata"].get("annotations") or {}
        noted = {key: value if key == APPLIED else "" for key, value in annotations.items()}
        # Kyverno moves containers to the front that it has nothing to add to; podtailor never moves one.
        ordered = sorted(stored["spec"]["containers"], key=lambda container: container["name"])
        decided = [
            {key: value for key, value in container.items() if key not in self._neighbour.undecided}
            for container in ordered
        ]
        spec = {**stored["spec"], "containers": decided}
        return {"spec": spec, "labels": stored["metadata"].get("labels"), "annotations": noted}

    def _decided(self, stored: Json) -> Fields:
        """Fields without those that the neighbour may set or not."""
        undecided = self._neighbour.undecided
        return {key: value for key, value in fields(stored).items() if key[1].split(".")[0] not in undecided}

    def _predicted(self, pod: Json, ours: Json) -> Json:
        """Of what the neighbour makes of the Pod, or of the one that we have changed."""
        start = pod
        if self._order == FIRST:
            start = bare(ours)
            # The API server completes these from the containers, after webhooks: they do not know another one's.
            given = {key: value for key, value in pod["spec"].items() if key == "resources"}
            start["spec"] = {
                **{key: value for key, value in start["spec"].items() if key != "resources"},
                **given,
            }
        made = self._client.create(self.theirs, start, dry_run=True)
        here = {**made, "metadata": {**made["metadata"], "namespace": self.both}}
        predicted: Json = jsonpatch.apply_patch(copy.deepcopy(made), decide(here, self._snapshot).patch)
        return predicted

    def _created(self, namespace: str, manifest: Json) -> Json | None:
        """None where the API server cannot read it, or finds it invalid, or something forbids it."""
        try:
            return self._client.create(namespace, manifest, dry_run=True)
        except Refused as refused:
            if refused.status not in (400, 403, 422):
                raise
            return None


def bare(stored: Json) -> Json:
    """A Pod that can be created, from one that was."""
    given = ("uid", "resourceVersion", "creationTimestamp", "managedFields", "generation")
    metadata = {key: value for key, value in stored["metadata"].items() if key not in given}
    return {**stored, "metadata": metadata}


def fields(stored: Json) -> Fields:
    """What both may set; quantities as amounts."""
    spec = stored["spec"]
    found: Fields = {
        ("", f"nodeSelector {key}"): value for key, value in (spec.get("nodeSelector") or {}).items()
    }
    for toleration in spec.get("tolerations") or []:
        found["", f"tolerations {json.dumps(toleration, sort_keys=True)}"] = True
    for container in containers(stored):
        name, resources = container["name"], container.get("resources") or {}
        # The API server's defaulting after admission: a limit becomes the request that is missing.
        sides = {"limits": resources.get("limits") or {}}
        sides["requests"] = {**sides["limits"], **(resources.get("requests") or {})}
        for side, amounts in sides.items():
            found |= {(name, f"{side}.{key}"): quantity.read(raw) for key, raw in amounts.items()}
        for entry in container.get("resizePolicy") or []:
            found[name, f"resizePolicy.{entry['resourceName']}"] = entry["restartPolicy"]
    return found


def containers(stored: Json) -> list[Json]:
    return [*stored["spec"]["containers"], *(stored["spec"].get("initContainers") or [])]


def decided(
    neighbour: str, names: set[str], without: Fields, ours: Fields, theirs: Fields, both: Fields
) -> Iterator[tuple[str, str]]:
    """For each field of one Pod with containers of these names that is set: whose value is stored."""
    for key in {*ours, *theirs, *both}:
        before, our, their, stored = (each.get(key) for each in (without, ours, theirs, both))
        setters = {who: value for who, value in (("podtailor", our), (neighbour, their)) if value != before}
        winners = [who for who, value in setters.items() if value == stored]
        field, added = key[1].partition(" ")[0], key[0] not in {"", *names}
        if added:
            field += " of what it adds"
        if len(setters) == len(winners) == 2 or (stored == before and not setters):
            continue
        match [*setters]:
            case [who]:
                other = neighbour if who == "podtailor" else "podtailor"
                yield field, who if winners else f"{who}, changed for {other}"
            case []:
                yield field, "podtailor" if added else "only both together"
            case [one, two]:
                yield (
                    field,
                    f"{winners[0]} over {two if winners[0] == one else one}" if winners else "neither",
                )

"""Owners with their images, and what their Pods request."""

from __future__ import annotations

from collections.abc import Iterable

from webhook.audit.demand import demand
from webhook.cli.common.terminal import warn
from webhook.engine.snapshot import Request, Snapshot
from webhook.images.survey import Owner, Survey
from webhook.workloads.workload import Workload


def surveyed(workloads: Iterable[Workload], snapshot: Snapshot) -> list[Owner]:
    """`snapshot` needs no policies: live Pods have what these have set."""
    survey = Survey()
    for each in workloads:
        if each.problem:
            warn(f"{each.ref} could not be judged: {each.problem}", name="not-judged")
            continue
        subject = snapshot.subject(Request(each.ref.namespace, each.admitted))
        survey.add(each, demand(subject, (), each.overhead).requests.get("cpu", 0))
    return survey.owners()

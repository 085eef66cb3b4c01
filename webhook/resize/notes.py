"""What the user is told about a resize that is not refused. Pure; each rule is a row of `NOTES`."""

from __future__ import annotations

from collections.abc import Iterator

from webhook.model.notice import Notice
from webhook.model.quantity import of_milli
from webhook.resize.facts import Case
from webhook.resize.pod import Field
from webhook.resize.rules import Rule
from webhook.resize.runtimes import sized_at_start

# It lowers no memory limit without a restart.
_FIRST_VERSION = 33


def _stays(case: Case) -> Iterator[Notice]:
    for each in case.changes:
        if each.before is None:
            kind = each.field.side.removesuffix("s")
            yield Notice(
                "stays", f"{each.field.container}: a {each.field.resource} {kind} cannot be removed again"
            )


def _no_way_back(case: Case) -> Iterator[Notice]:
    """What a way back would be refused for."""
    back = {**case.after, **{each.field: each.before for each in case.changes if each.before}}
    for each in case.changes:
        container, side, resource = each.field
        request = back.get(Field(container, "requests", resource))
        if side == "limits" and each.before is None and request and request.milli > each.after.milli:
            yield Notice(
                "no-way-back",
                f"{container}: its {resource} request of {request} cannot be restored, as the limit of "
                f"{each.after} stays",
            )
        is_raised = each.before is not None and each.after.milli > each.before.milli
        in_place = not case.container_of(each).restarts_for("memory")
        is_higher_memory_limit = (side, resource) == ("limits", "memory") and is_raised
        if is_higher_memory_limit and in_place and case.version == _FIRST_VERSION:
            yield Notice(
                "no-way-back", f"{container}: 1.{_FIRST_VERSION} cannot lower its memory limit again"
            )


def _throttles(case: Case) -> Iterator[Notice]:
    measured = case.facts.usage.get(case.pod.name)
    for each in case.changes:
        used = measured and measured.containers.get(each.field.container)
        is_limit = each.field.side == "limits" and each.field.resource == "cpu"
        # A limit of 0 is none.
        if used and is_limit and 0 < each.after.milli * 1000 < used.cpu * case.allowed.margin_milli:
            yield Notice(
                "throttles",
                f"{each.field.container}: a CPU limit of {each.after} will throttle it, "
                f"as it uses {of_milli(used.cpu)}",
            )


def _without_cache(case: Case) -> Iterator[Notice]:
    measured = case.facts.usage.get(case.pod.name)
    if measured and not measured.has_cache and any(each.is_smaller_memory_limit for each in case.changes):
        yield Notice(
            "without-page-cache",
            "its memory is measured without the page cache, which the kubelet counts: it may still refuse",
        )


def _keeps_old_size(case: Case) -> Iterator[Notice]:
    for each in case.changes:
        container = case.container_of(each)
        is_more = each.field.resource == "memory" and each.before and each.after.milli > each.before.milli
        runtime = sized_at_start(container)
        if each.field.side == "limits" and is_more and runtime and not container.restarts_for("memory"):
            yield Notice(
                "sized-at-start",
                f"{container.name}: {runtime} uses more memory only after it has started again",
            )


def _killed_again_and_again(case: Case) -> Iterator[Notice]:
    for container in case.changed_containers():
        status = case.pod.container_status(container.name)
        last = status and status.lastState.terminated
        waiting = status and status.state.waiting
        if last and last.reason == "OOMKilled" and waiting and waiting.reason == "CrashLoopBackOff":
            yield Notice(
                "crash-loop",
                f"{container.name}: it is OOMKilled again and again, and kubelets may keep the old limit of "
                "such a Pod (kubernetes#138760): if this does not help, delete the Pod",
            )


NOTES: tuple[Rule, ...] = (
    _stays,
    _no_way_back,
    _throttles,
    _without_cache,
    _keeps_old_size,
    _killed_again_and_again,
)

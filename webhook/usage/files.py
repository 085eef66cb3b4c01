"""Usage in a file: JSON objects, one namespace each, as JSON lines or laid out.

Amounts are quantities, as in a Pod; times are seconds since 1970. What is written here is read here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import structs

from webhook.documents.conversion import ConversionError, convert
from webhook.documents.files import Document, field_path, read_file
from webhook.documents.problems import InvalidInputError, Problem, ProblemName
from webhook.documents.yaml_tree import Location
from webhook.model.notice import Notice
from webhook.model.quantity import of_milli, parse
from webhook.usage import records
from webhook.usage.measured import (
    ContainerOfPod,
    History,
    Measured,
    NamespaceHistory,
    NamespaceUsage,
    Peak,
    Window,
)
from webhook.workloads.workload import Ref

_NO_USAGE = (
    "this is no usage, which is a JSON object for each namespace, with `namespace`, `window` and `containers`"
)
_LAST_TIME = 253_402_300_799  # of the year 9999
_NO_WINDOW = Window(0.0, 0.0, 1.0)


class FileUsage:
    def __init__(self, path: str) -> None:
        """Read all of it; `-` is standard input. Raises InvalidInputError with all problems."""
        self._path = path
        self._usage: dict[str, NamespaceUsage] = {}
        self._history: dict[str, NamespaceHistory] = {}
        problems: list[Problem] = []
        is_usage = False
        for document in read_file(path, problems.append):
            if document.data is not None:
                is_usage |= isinstance(document.data, dict) and "namespace" in document.data
                problems += self._add(document)
        if problems and not is_usage and problems[0].name is not ProblemName.UNREADABLE_FILE:
            first = problems[0]
            problems = [Problem(ProblemName.INVALID_USAGE, first.place, f"{_NO_USAGE}: {first.message}")]
        if problems:
            raise InvalidInputError(*problems)

    def usage(self, namespace: str) -> NamespaceUsage:
        missing = NamespaceUsage(namespace=namespace, window=_NO_WINDOW, problems=(self._nothing(namespace),))
        return self._usage.get(namespace, missing)

    def history(self, namespace: str) -> NamespaceHistory:
        missing = NamespaceHistory(
            namespace=namespace, window=_NO_WINDOW, problems=(self._nothing(namespace),)
        )
        return self._history.get(namespace, missing)

    def _nothing(self, namespace: str) -> Notice:
        return Notice("no-usage", f"{self._path} has no object for namespace {namespace}")

    def _add(self, document: Document) -> Iterator[Problem]:
        try:
            record = convert(document.data, records.Namespace, _quantity)
        except ConversionError as error:
            yield _problem(document, str(error), error.location)
            return
        yield from self._contradictions(record, document)
        self._usage[record.namespace] = _usage(record)
        self._history[record.namespace] = self._history_of(record)

    def _contradictions(self, record: records.Namespace, document: Document) -> Iterator[Problem]:
        """What no type says."""
        if record.namespace in self._usage:
            yield _problem(document, f"namespace {record.namespace} is there twice", ("namespace",))
        if record.window.end <= record.window.begin:
            yield _problem(document, "the end is not after the begin", ("window", "end"))
            return
        steps = _window(record).steps
        seen: set[ContainerOfPod] = set()
        for index, each in enumerate(record.containers):
            key = ContainerOfPod(each.pod, each.container)
            if key in seen:
                message = f"container {each.container} of {each.pod} is there twice"
                yield _problem(document, message, ("containers", index))
            seen.add(key)
            if each.last < each.first:
                yield _problem(document, "the last is before the first", ("containers", index, "last"))
            for location, at in _times(each):
                if not 0 <= at <= _LAST_TIME:
                    message = f"{at:g} is no time in seconds since 1970"
                    yield _problem(document, message, ("containers", index, *location))
            history = each.history or records.History()
            for name, values in (("cpu", history.cpu), ("memory", history.memory)):
                if values and len(values) != steps:
                    message = f"{len(values)} values for a window of {steps} steps"
                    yield _problem(document, message, ("containers", index, "history", name))

    def _history_of(self, record: records.Namespace) -> NamespaceHistory:
        containers = {
            ContainerOfPod(each.pod, each.container): History(
                cpu=_values(each.history.cpu), memory=_values(each.history.memory)
            )
            for each in record.containers
            if each.history
        }
        problems = tuple(Notice(each.reason, each.detail) for each in record.problems)
        if not containers:
            problems += (Notice("no-usage", f"{self._path} has no history of namespace {record.namespace}"),)
        return NamespaceHistory(
            namespace=record.namespace, window=_window(record), containers=containers, problems=problems
        )


def as_json(usage: NamespaceUsage, history: NamespaceHistory | None = None) -> bytes:
    """One line. `history`: of the same window."""
    histories = history.containers if history else {}
    record = records.Namespace(
        namespace=usage.namespace,
        window=records.Window(begin=usage.window.begin, end=usage.window.end, step=usage.window.step),
        containers=tuple(
            _container(key, measured, histories.get(key))
            for key, measured in sorted(usage.containers.items())
        ),
        owners={
            pod: records.Owner(kind=ref.kind, name=ref.name) for pod, ref in sorted(usage.owners.items())
        },
        problems=tuple(records.Notice(reason=each.reason, detail=each.detail) for each in usage.problems),
        notes=tuple(records.Notice(reason=each.reason, detail=each.detail) for each in usage.notes),
        is_history=usage.is_history,
    )
    return msgspec.json.encode(record, enc_hook=lambda each: of_milli(each.milli).text) + b"\n"


# Those fields of a container that are amounts, and peaks; the file has the others as they are.
_AMOUNTS = ("cpu_quantile", "cpu_limit", "memory_limit")
_PEAKS = ("cpu_peak", "memory_peak")


def _container(key: ContainerOfPod, measured: Measured, history: History | None) -> records.Container:
    written = {
        **structs.asdict(measured),
        **{name: _amount(getattr(measured, name)) for name in _AMOUNTS},
        **{name: _peak(getattr(measured, name)) for name in _PEAKS},
        "history": history and records.History(cpu=_numbers(history.cpu), memory=_numbers(history.memory)),
    }
    return records.Container(pod=key.pod, container=key.container, **written)


def _times(container: records.Container) -> Iterator[tuple[tuple[str, ...], float]]:
    yield ("first",), container.first
    yield ("last",), container.last
    if container.oom_killed_at is not None:
        yield ("oomKilledAt",), container.oom_killed_at
    for name, peak in (("cpuPeak", container.cpu_peak), ("memoryPeak", container.memory_peak)):
        if peak:
            yield (name, "at"), peak.at


def _amount(milli: int | None) -> records.Quantity | None:
    return None if milli is None else records.Quantity(milli)


def _peak(peak: Peak | None) -> records.Peak | None:
    return peak and records.Peak(value=records.Quantity(peak.value), at=peak.at)


def _numbers(values: tuple[float, ...]) -> records.Amounts:
    return tuple(None if math.isnan(each) else each for each in values)


def _values(numbers: records.Amounts) -> tuple[float, ...]:
    return tuple(math.nan if each is None else each for each in numbers)


def _window(record: records.Namespace) -> Window:
    return Window(record.window.begin, record.window.end, record.window.step)


def _usage(record: records.Namespace) -> NamespaceUsage:
    return NamespaceUsage(
        namespace=record.namespace,
        window=_window(record),
        containers={ContainerOfPod(each.pod, each.container): _measured(each) for each in record.containers},
        owners={pod: Ref(owner.kind, record.namespace, owner.name) for pod, owner in record.owners.items()},
        problems=tuple(Notice(each.reason, each.detail) for each in record.problems),
        notes=tuple(Notice(each.reason, each.detail) for each in record.notes),
        is_history=record.is_history,
    )


def _measured(container: records.Container) -> Measured:
    read = {
        **{name: getattr(container, name) for name in Measured.__struct_fields__},
        **{name: _milli(getattr(container, name)) for name in _AMOUNTS},
        **{name: _read_peak(getattr(container, name)) for name in _PEAKS},
    }
    return Measured(**read)


def _milli(amount: records.Quantity | None) -> int | None:
    return amount.milli if amount else None


def _read_peak(peak: records.Peak | None) -> Peak | None:
    return Peak(peak.value.milli, peak.at) if peak else None


def _quantity(wanted: type, text: Any) -> Any:
    """For msgspec. Raises ValueError, which it gives a place."""
    assert wanted is records.Quantity
    found = parse(text) if isinstance(text, str) else None
    if found is None or found.milli < 0:
        raise ValueError(f"Expected a quantity such as `250m` or `1Gi`, got {text!r}")
    return records.Quantity(found.milli)


def _problem(document: Document, message: str, location: Location) -> Problem:
    return Problem(ProblemName.INVALID_USAGE, document.place(location), message, field_path(location))

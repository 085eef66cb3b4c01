"""Validate the fields that podtailor reads, as the API server does, for manifests that can still be fixed.

For all fields see k8s.io/kubernetes `pkg/apis/core/validation/validation.go`. `evaluate` takes any Pod.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from webhook.model import quantity
from webhook.model.patch import Path


def invalid_fields(pod: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """The path of each invalid field, and a message. The fields must have the right types."""
    spec = pod.get("spec") or {}
    if not spec.get("containers"):
        close = difflib.get_close_matches("containers", map(str, spec), n=1, cutoff=0.8)
        if close and close[0] not in ("containers", "initContainers"):
            yield ("spec", close[0]), 'unknown field; did you mean "containers"?'
        else:
            yield ("spec", "containers"), "required"
    yield from _invalid_resources(spec.get("resources"), ("spec", "resources"))
    names = set()
    for field in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(field) or ()):
            at: Path = ("spec", field, index)
            name = container.get("name")
            if not name:
                yield (*at, "name"), "required"
            elif name in names:
                yield (*at, "name"), f'another container is named "{name}"'
            names.add(name)
            yield from _invalid_resources(container.get("resources"), (*at, "resources"))


def _invalid_resources(resources: Mapping[str, Any] | None, at: Path) -> Iterator[tuple[Path, str]]:
    read: dict[str, dict[str, quantity.Quantity]] = {}
    for side in ("limits", "requests"):
        read[side] = {}
        for name, raw in ((resources or {}).get(side) or {}).items():
            amount = quantity.read(raw)
            if amount is None:
                yield (*at, side, name), f'"{raw}" is not a quantity; {_hint(str(raw))}'
            elif amount.milli < 0:
                yield (*at, side, name), f"{amount} is negative: must be 0 or more"
            else:
                read[side][name] = amount
    for name, request in read["requests"].items():
        limit = read["limits"].get(name)
        if limit and request.milli > limit.milli:
            words = f"{request} must be less than or equal to the limit, which is {limit}"
            yield (*at, "requests", name), words


_NUMBER = re.compile(r"([0-9]+)(?:[.,]([0-9]{1,2}))?\s*([A-Za-z]*)", re.ASCII)
_UNITS = {"k": "k", "m": "M", "g": "G", "t": "T", "p": "P", "e": "E"}


def _hint(text: str) -> str:
    match = _NUMBER.fullmatch(text.strip())
    number = match and (f"{match[1]}.{match[2]}" if match[2] else match[1])
    meant = [f"{number}{suffix}" for suffix in _suffixes(match[3])] if match else []
    if not meant:
        return "write a number with or without a unit, as 500m, 2, 512Mi"
    return f"did you mean {' or '.join(meant)}?"


def _suffixes(unit: str) -> list[str]:
    """Units that an unknown one may stand for."""
    if quantity.parse(f"1{unit}"):
        return [unit]
    letter, rest = _UNITS.get(unit[:1].lower(), ""), unit[1:].lower()
    if letter and rest in ("i", "ib"):
        return [f"{letter.upper()}i"]
    if letter and rest in ("", "b"):
        return [letter, f"{letter.upper()}i"]
    return [unit[0]] if unit == len(unit) * unit[:1] and quantity.parse(f"1{unit[0]}") else []

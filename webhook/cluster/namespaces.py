"""Namespaces with what their quotas and limit ranges say; only what has changed is put together again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from webhook.cluster.snapshot_objects import LimitRangeBounds, Quota, with_limit_range, with_quota
from webhook.model.subject import Namespace

T = TypeVar("T")


class Namespaces:
    def __init__(self) -> None:
        self.all: Mapping[str, Namespace] = {}
        """By name. Never changed: another one takes its place."""
        self.built = 0
        """How many have been put together so far."""
        self._bare: dict[str, Namespace] = {}
        self._quotas: dict[str, dict[str, Quota]] = {}
        self._ranges: dict[str, dict[str, LimitRangeBounds]] = {}

    def update(
        self,
        namespaces: Mapping[str, Namespace | None],
        quotas: Mapping[str, Quota | None],
        ranges: Mapping[str, LimitRangeBounds | None],
    ) -> None:
        """Take in what has changed, by `namespace/name`."""
        names = {key.removeprefix("/") for key in namespaces}
        for key, namespace in namespaces.items():
            _file(self._bare, key.removeprefix("/"), namespace)
        names |= _file_all(self._quotas, quotas.items()) | _file_all(self._ranges, ranges.items())
        built = {name: self._build(name) for name in names}
        differing = {name: found for name, found in built.items() if found != self.all.get(name)}
        if differing:
            together = {**self.all, **differing}
            self.all = {name: found for name, found in together.items() if found}

    def _build(self, name: str) -> Namespace | None:
        self.built += 1
        namespace = self._bare.get(name)
        if namespace is None:
            return None
        for quota in self._quotas.get(name, {}).values():
            namespace = with_quota(namespace, quota)
        for found in self._ranges.get(name, {}).values():
            namespace = with_limit_range(namespace, found)
        return namespace


def _file(filed: dict[str, T], key: str, found: T | None) -> None:
    if found is None:
        filed.pop(key, None)
    else:
        filed[key] = found


def _file_all(filed: dict[str, dict[str, T]], changes: Iterable[tuple[str, T | None]]) -> set[str]:
    """The namespaces that these are of."""
    names = set()
    for key, found in changes:
        name = key.partition("/")[0]
        names.add(name)
        inside = filed.setdefault(name, {})
        _file(inside, key, found)
        if not inside:
            del filed[name]
    return names

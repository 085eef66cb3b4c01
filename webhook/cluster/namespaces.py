"""Namespaces with their quotas and LimitRanges; only those that change are built again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from webhook.cluster.snapshot_objects import LimitRangeBounds, Quota, with_limit_range, with_quota
from webhook.model.subject import Namespace

T = TypeVar("T")


class Namespaces:
    def __init__(self) -> None:
        self.all: Mapping[str, Namespace] = {}
        """By name. Replaced on a change, never modified."""
        self.built = 0
        """How many have been built so far."""
        self._without_quotas: dict[str, Namespace] = {}
        self._quotas: dict[str, dict[str, Quota]] = {}
        self._ranges: dict[str, dict[str, LimitRangeBounds]] = {}

    def update(
        self,
        namespaces: Mapping[str, Namespace | None],
        quotas: Mapping[str, Quota | None],
        ranges: Mapping[str, LimitRangeBounds | None],
    ) -> None:
        """Apply changes, by `namespace/name`; None for objects that are gone."""
        names = {key.removeprefix("/") for key in namespaces}
        for key, namespace in namespaces.items():
            _store(self._without_quotas, key.removeprefix("/"), namespace)
        names |= _store_all(self._quotas, quotas.items()) | _store_all(self._ranges, ranges.items())
        built = {name: self._build(name) for name in names}
        changed = {name: namespace for name, namespace in built.items() if namespace != self.all.get(name)}
        if changed:
            everything = dict(self.all)
            for name, namespace in changed.items():
                _store(everything, name, namespace)
            self.all = everything

    def _build(self, name: str) -> Namespace | None:
        self.built += 1
        namespace = self._without_quotas.get(name)
        if namespace is None:
            return None
        for quota in self._quotas.get(name, {}).values():
            namespace = with_quota(namespace, quota)
        for bounds in self._ranges.get(name, {}).values():
            namespace = with_limit_range(namespace, bounds)
        return namespace


def _store(items: dict[str, T], key: str, item: T | None) -> None:
    if item is None:
        items.pop(key, None)
    else:
        items[key] = item


def _store_all(by_namespace: dict[str, dict[str, T]], changes: Iterable[tuple[str, T | None]]) -> set[str]:
    """Returns the namespaces of the changes."""
    names = set()
    for key, item in changes:
        name = key.partition("/")[0]
        names.add(name)
        items = by_namespace.setdefault(name, {})
        _store(items, key, item)
        if not items:
            del by_namespace[name]
    return names

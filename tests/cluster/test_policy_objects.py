"""How much is kept of policy objects: the oldest of a namespace, and no large ones."""

from __future__ import annotations

import json
import tracemalloc

from webhook.cluster.pager import Meta, Object, parse_object
from webhook.cluster.policy_objects import (
    MAX_BYTES,
    MAX_IN_A_NAMESPACE,
    PolicyStore,
    policies_of,
)
from webhook.cluster.policy_status import PolicyStatuses
from webhook.policies import policy_kinds


def test_one_that_is_too_large_is_not_kept() -> None:
    spec = {"match": {"annotations": {"a": "x" * MAX_BYTES}}}
    raw = json.dumps({"metadata": {"name": "a"}, "spec": spec}).encode()
    policy_object = policies_of(policy_kinds.KINDS[0]).read(Object(Meta(name="a"), raw))
    assert policy_object.spec is None
    (policy_status,) = PolicyStatuses().replace_all([policy_object])
    assert (policy_status.policy, policy_status.reason) == (None, "TooLarge")


def _raw(name: str, spec: str = "{}", *, second: int = 0, **metadata: object) -> Object:
    created = f"2026-01-01T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}Z"
    head = {"name": name, "namespace": "shop", "uid": name, "creationTimestamp": created, **metadata}
    return parse_object(json.dumps({"metadata": head, "spec": json.loads(spec)}).encode())


def test_what_is_over_the_limit_costs_its_name_alone() -> None:
    """In whatever order they come; nor do labels and conditions cost more."""
    kind, store = policies_of(policy_kinds.KINDS[1]), PolicyStore()
    spec = json.dumps({"match": {"annotations": {"a": "x" * 31_000}}})
    read = [kind.read(_raw("warm", spec))]
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for second in reversed(range(2_000)):
        labels = {f"l{number}": "x" * 60 for number in range(100)}
        found = kind.read(_raw(f"p{second}", spec, second=second, labels=labels))
        store.put(found.age[1], found)
    retained = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert sum(each.spec is not None for each in store.values()) == MAX_IN_A_NAMESPACE
    assert store["shop/p0"].spec
    assert store["shop/p20"].is_excess
    assert retained < MAX_IN_A_NAMESPACE * 35_000 + 2_000 * 1_500, retained
    assert read[0].metadata.labels is None


def test_next_oldest_has_to_be_read_again_where_one_goes() -> None:
    kind, store = policies_of(policy_kinds.KINDS[1]), PolicyStore()
    for second in range(25):
        store.put(f"shop/p{second}", kind.read(_raw(f"p{second}", second=second)))
    assert store.incomplete() == []
    store.drop("shop/p24")
    assert store.incomplete() == [], "that was none of the oldest"
    store.drop("shop/p3")
    store.drop("shop/p4")
    assert store.incomplete() == ["shop/p20", "shop/p21"]
    store.put("shop/p20", kind.read(_raw("p20", second=20)))
    assert store.incomplete() == ["shop/p21"]
    store.drop("shop/p21")
    assert store.incomplete() == ["shop/p22"]
    store.put("shop/p22", kind.read(_raw("p22", second=22)))
    assert store.incomplete() == []
    assert [key for key, each in store.items() if each.is_excess] == ["shop/p23"]


def test_one_that_is_made_again_is_the_youngest() -> None:
    kind, store = policies_of(policy_kinds.KINDS[1]), PolicyStore()
    for second in range(21):
        store.put(f"shop/p{second}", kind.read(_raw(f"p{second}", second=second)))
    store.put("shop/p0", kind.read(_raw("p0", second=99)))
    assert store["shop/p0"].is_excess
    assert store.incomplete() == ["shop/p20"]

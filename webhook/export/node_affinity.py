"""Require or prefer Nodes by their labels: `webhook.edits.node_affinity` in CEL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct

from webhook.edits.node_affinity import MAX_TERMS, PREFERRED, REQUIRED
from webhook.export.cel import values as cel
from webhook.export.cel.values import Any_, Bool, Int, List, Text
from webhook.export.classify import expressions, required_terms
from webhook.export.node_selector import Claims
from webhook.export.patch import NOTHING, Operation, add, fixed, only
from webhook.export.placement import preference, preferences
from webhook.export.pod import NO_ITEMS, NO_TEXTS, SPEC
from webhook.export.rules import Rules
from webhook.model.names import node_label
from webhook.model.pod import NodeSelectorRequirement, PreferredSchedulingTerm

_REQUIRED, _PREFERRED = REQUIRED[-2], PREFERRED[-1]


class _Proposal(Struct, frozen=True, kw_only=True):
    """One expression for each of some terms, or one preference."""

    position: int
    """Of the policy."""
    asked: Sequence[NodeSelectorRequirement]
    term: PreferredSchedulingTerm | None
    """None if `asked` is one requirement."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Of the Nodes."""
        return tuple(dict.fromkeys(node_label(each.key) for each in self.asked))

    @property
    def is_required(self) -> bool:
        return self.term is None

    @property
    def value(self) -> Any_:
        return Any_(cel.constant(msgspec.to_builtins(self.term or self.asked[0])).code)


def ensure_node_affinity(rules: Rules, selected: Claims) -> List[Operation]:
    proposals = _proposals(rules)
    if not proposals:
        return NOTHING
    written = _written(proposals, rules, selected)
    required, preferred = (
        rules.program.let(name, _added(proposals, written, is_required=is_required))
        for name, is_required in (("requiredAffinity", True), ("preferredAffinity", False))
    )
    return _parents(required, preferred) + _require(required) + _prefer(preferred)


def _proposals(rules: Rules) -> list[_Proposal]:
    made = []
    for position, policy in enumerate(rules.policies):
        wanted = policy.node_affinity
        made += [_Proposal(position=position, asked=[each], term=None) for each in wanted.required]
        for term in wanted.preferred:
            asked = (term.preference and term.preference.matchExpressions) or ()
            made.append(_Proposal(position=position, asked=asked, term=term))
    return made


def _written(proposals: Sequence[_Proposal], rules: Rules, selected: Claims) -> list[Bool]:
    """Whether each is written: what an earlier policy asks of a label, no later one adds to."""
    written: list[Bool] = []
    by_label: dict[str, list[int]] = {}
    for number, one in enumerate(proposals):
        asked_before = sorted({each for label in one.labels for each in by_label.get(label, ())})
        taken = [written[each] for each in asked_before if proposals[each].position < one.position]
        taken += [selected[label] >= 0 for label in one.labels if label in selected]
        is_written = cel.all_of(
            rules.applies(one.position), _is_missing(one), _is_open(one, rules), ~cel.any_of(*taken)
        )
        written.append(rules.program.let(f"writesAffinity{number}", is_written))
        for label in one.labels:
            by_label.setdefault(label, []).append(number)
    return written


def _is_missing(one: _Proposal) -> Bool:
    term = one.term
    if term is not None:
        return ~preferences().exists(lambda other: _is_term(other, term))
    terms = _matching_terms()
    every = terms.all(
        lambda term: expressions(term).exists(lambda other: _is_expression(other, one.asked[0]))
    )
    return terms.is_empty() | ~every


def _is_term(one: Any_, other: PreferredSchedulingTerm) -> Bool:
    """Field by field: the Pod's own terms are of another type than those of an expression."""
    asked = (other.preference and other.preference.matchExpressions) or ()
    existing = preference(one)
    same = [_is_expression(expressions(existing)[index], each) for index, each in enumerate(asked)]
    return cel.all_of(
        one.field("weight", Int) == other.weight,
        existing.maybe("matchFields", default=NO_ITEMS).is_empty(),
        expressions(existing).size() == len(asked),
        *same,
    )


def _is_expression(one: Any_, other: NodeSelectorRequirement) -> Bool:
    values = one.maybe("values", default=NO_TEXTS)
    return cel.all_of(
        one.field("key", Text) == other.key,
        one.field("operator", Text) == other.operator,
        values == cel.texts(other.values or ()),
    )


def _is_open(one: _Proposal, rules: Rules) -> Bool:
    """Nothing that the Pod itself asks of Nodes is against it."""
    place, labels = rules.placement, cel.texts(one.labels)
    asked = place.selected + place.required + place.preferred
    blocked = [place.declared.affinity(_REQUIRED if one.is_required else _PREFERRED)]
    if one.is_required:
        terms = _matching_terms().size()
        blocked.append(_has_required() & ((terms == 0) | (terms > MAX_TERMS)))
    return ~cel.any_of(place.is_fixed, asked.exists(lambda label: label.one_of(labels)), *blocked)


def _has(*names: str) -> Bool:
    """Whether the field is there, and what it is in."""
    return SPEC.reaches("affinity", *names)


def _has_required() -> Bool:
    return _has("nodeAffinity", _REQUIRED)


def _matches_something(term: Any_) -> Bool:
    return ~expressions(term).is_empty() | ~term.maybe("matchFields", default=NO_ITEMS).is_empty()


def _matching_terms() -> List[Any_]:
    """A term without any requirement matches no Node, and stays as it is."""
    return required_terms().filter(_matches_something)


def _added(proposals: Sequence[_Proposal], written: Sequence[Bool], *, is_required: bool) -> List[Any_]:
    added = [
        cel.when(is_written, cel.list_of([one.value], Any_), NO_ITEMS)
        for one, is_written in zip(proposals, written, strict=True)
        if one.is_required is is_required
    ]
    return cel.concatenated(added, Any_)


def _parents(required: List[Any_], preferred: List[Any_]) -> List[Operation]:
    is_needed = ~required.is_empty() | ~preferred.is_empty()
    nothing: Mapping[str, Any_] = {}
    parents = NOTHING
    for path, is_there in (
        (("spec", "affinity"), SPEC.has("affinity")),
        (("spec", "affinity", "nodeAffinity"), _has("nodeAffinity")),
    ):
        made = only(add(fixed(path), cel.map_of(nothing, Any_)))
        parents += cel.when(is_needed & ~is_there, made, NOTHING)
    return parents


def _require(added: List[Any_]) -> List[Operation]:
    """Into every term that can match; a new term would let the Pod onto more Nodes."""
    terms = cel.record(
        {"nodeSelectorTerms": cel.list_of([cel.record({"matchExpressions": added})], cel.mapped(Any_))}
    )
    first = only(add(fixed(REQUIRED[:-1]), terms))
    prefix = cel.text(
        "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms/"
    )

    def append(index: Int, term: Any_) -> List[Operation]:
        path = prefix + index.as_text() + "/matchExpressions"
        appended = added.map(lambda one: add(path + "/-", one))
        listed = cel.when(term.has("matchExpressions"), appended, only(add(path, added)))
        return cel.when(_matches_something(term), listed, NOTHING)

    existing = required_terms().each(append).flatten()
    return cel.when(added.is_empty(), NOTHING, cel.when(_has_required(), existing, first))


def _prefer(added: List[Any_]) -> List[Operation]:
    appended = added.map(lambda one: add(fixed((*PREFERRED, "-")), one))
    listed = only(add(fixed(PREFERRED), added))
    return cel.when(added.is_empty(), NOTHING, cel.when(_has("nodeAffinity", _PREFERRED), appended, listed))

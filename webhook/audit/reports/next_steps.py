"""What to do after an audit, by what it found."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator

from msgspec import Struct

from webhook.audit.costs.costs import Costs
from webhook.audit.findings import Finding
from webhook.audit.reports.scope import Scope
from webhook.audit.summary import Row

MAX_COMMANDS = 2
"""For namespaces one by one; for more there is one command."""


class Step(Struct, frozen=True):
    text: str
    """A whole sentence; `{owners}` stands for the owners that it is about."""
    finding: Finding | None = None
    """Theirs."""
    owners: int = 0
    commands: tuple[str, ...] = ()
    mark: Finding = Finding.PASS
    """The shape of a step that is about no owners."""

    @property
    def parts(self) -> tuple[str, str, str]:
        """The sentence up to the owners, the owners, and the rest."""
        before, owners, after = self.text.partition("{owners}")
        return before, owners and f"{self.owners} owner{'s' if self.owners > 1 else ''}", after

    @property
    def shape(self) -> Finding:
        """How it is marked."""
        return self.finding or self.mark


def next_steps(rows: Iterable[Row], costs: Costs, scope: Scope) -> list[Step]:
    """Most urgent first; never empty."""
    by_finding: dict[Finding, list[Row]] = {finding: [] for finding in Finding}
    for row in rows:
        by_finding[row.finding].append(row)
    if not any(by_finding.values()):
        return [Step("Check what was audited: it holds no Pods and no Pod templates.", mark=Finding.SKIPPED)]
    changed = [row for row in by_finding[Finding.WOULD_CHANGE] if row.verdict.changes]
    steps = [
        *([_ASK_FOR_ROLES] if scope.is_partial else []),
        *_decisions(by_finding),
        *_repairs(by_finding, scope),
        *_sizes(by_finding, scope),
        *_shortages(costs),
        *_changes(changed, scope),
    ]
    return steps or [Step("Nothing to do.")]


_ASK_FOR_ROLES = Step(
    "Ask for the roles that the notes above name: you may not read everything that decides, "
    "so this page may be wrong about policies, modes and what is enforced.",
    mark=Finding.NOT_JUDGED,
)


def _decisions(by_finding: dict[Finding, list[Row]]) -> Iterator[Step]:
    texts = {
        Finding.NOT_JUDGED: "Read why {owners} could not be judged.",
        Finding.VIOLATION: "Change the values of {owners}, or the bounds of the policy that they violate.",
        Finding.CONFLICT: "Decide which policy counts for {owners}: two propose different values.",
    }
    for finding, text in texts.items():
        if by_finding[finding]:
            yield Step(text, finding, len(by_finding[finding]))


def _repairs(by_finding: dict[Finding, list[Row]], scope: Scope) -> Iterator[Step]:
    if rows := by_finding[Finding.SLIPPED_THROUGH]:
        text = "Check that admission works, then repair the Pods of {owners} that it missed."
        commands = (_command("certs", "check", *scope.connection), *_retrofit(rows, scope))
        yield Step(text, Finding.SLIPPED_THROUGH, len(rows), commands)
    if rows := by_finding[Finding.WRONG_ARCH]:
        text = "Keep the Pods of {owners} from Nodes on which their images do not run."
        yield Step(text, Finding.WRONG_ARCH, len(rows))
    if rows := by_finding[Finding.DRIFTED]:
        text = "Check the Pods of {owners} that were resized: unless on purpose, resize them back."
        yield Step(text, Finding.DRIFTED, len(rows), _resize(rows, scope))


def _sizes(by_finding: dict[Finding, list[Row]], scope: Scope) -> Iterator[Step]:
    texts = {
        Finding.UNDERSIZED: "Raise what the Pods of {owners} request: by their usage they need more.",
        Finding.OVERSIZED: "Lower what the Pods of {owners} request: by their usage they need less.",
    }
    named: set[str] = set()
    for finding, text in texts.items():
        if rows := by_finding[finding]:
            commands = tuple(each for each in _recommend(rows, scope) if each not in named)
            named.update(commands)
            yield Step(text, finding, len(rows), commands)


def _shortages(costs: Costs) -> Iterator[Step]:
    for each in costs.capacity:
        nodes = f"Nodes with {each.selector}" if each.selector else "the Nodes"
        if each.shortages:
            missing = " and ".join(each.shortages)
            text = f"Add Nodes or lower requests: {nodes} lack {missing} for what would be added."
            yield Step(text, mark=Finding.SLIPPED_THROUGH)
        elif each.full_nodes:
            text = f"Make room for DaemonSet Pods, which would not fit on {', '.join(each.full_nodes)}."
            yield Step(text, mark=Finding.SLIPPED_THROUGH)


def _changes(rows: list[Row], scope: Scope) -> Iterator[Step]:
    if rows and scope.manifests:
        is_read_again = "-" not in scope.manifests
        commands = (_command("mutate", *scope.manifests, "--diff"),) if is_read_again else ()
        text = "Apply the manifests as they are: admission changes the Pods of {owners}."
        yield Step(text, Finding.WOULD_CHANGE, len(rows), commands)
        return
    if rows and scope.tried:
        text = "Apply the policies that were tried, then new Pods of {owners} change."
        applied = tuple(shlex.join(["kubectl", "apply", "-f", file]) for file in scope.tried if file != "-")
        yield Step(text, Finding.WOULD_CHANGE, len(rows), applied)
        return
    if rows and scope.what_if:
        yield Step(
            "Enforce what is only audited, then new Pods of {owners} change.", Finding.WOULD_CHANGE, len(rows)
        )
        return
    older = [row for row in rows if row.pods and any(item.in_force for item in row.verdict.items)]
    if older:
        text = "Replace the Pods of {owners} that are older than the policies, when it suits."
        yield Step(text, Finding.WOULD_CHANGE, len(older), _retrofit(older, scope))
    if len(older) < len(rows):
        when = "As far as you may read" if scope.is_partial else "Enforce when you are ready"
        text = f"{when}: new Pods of {{owners}} would change."
        yield Step(text, Finding.WOULD_CHANGE, len(rows) - len(older))


def _resize(rows: list[Row], scope: Scope) -> tuple[str, ...]:
    """Each owner by itself: without sizes, `resize` gives its Pods those of a new one."""
    names = [(f"{row.owner.kind.lower()}/{row.owner.name}", row.owner.namespace) for row in rows]
    return tuple(
        _command("resize", name, "-n", namespace, *scope.connection)
        for name, namespace in sorted(names)[:MAX_COMMANDS]
    )


def _recommend(rows: list[Row], scope: Scope) -> tuple[str, ...]:
    """None for manifests that it cannot read again."""
    if scope.manifests:
        is_read_again = {"-", "-k", "--usage=-"}.isdisjoint((*scope.manifests, *scope.usage))
        return (_command("recommend", *scope.manifests, *scope.usage),) if is_read_again else ()
    namespaces = sorted({row.owner.namespace for row in rows})
    parts = [("-A",)] if len(namespaces) > MAX_COMMANDS else [("-n", each) for each in namespaces]
    return tuple(_command("recommend", *part, *scope.usage, *scope.connection) for part in parts)


def _retrofit(rows: list[Row], scope: Scope) -> tuple[str, ...]:
    namespaces = sorted({row.owner.namespace for row in rows})
    if len(namespaces) > MAX_COMMANDS:
        return (_command("retrofit", *scope.connection),)
    return tuple(_command("retrofit", "-n", each, *scope.connection) for each in namespaces)


def _command(*words: str) -> str:
    return shlex.join(["podtailor", *words])

"""What to do after an audit, by what it found."""

from __future__ import annotations

import pytest
from msgspec import structs

from tests.audit.verdicts import WEB, judged, verdict_with
from tests.support.pods import pod, policy
from webhook.audit.costs.capacity import NodeCapacity
from webhook.audit.costs.costs import Costs
from webhook.audit.findings import SIZES, Finding
from webhook.audit.reports.next_steps import Step, next_steps
from webhook.audit.reports.scope import Scope
from webhook.audit.summary import Row
from webhook.workloads.workload import Ref

CLUSTER = Scope(of="prod", connection=("--context=prod",), usage=("--usage=week.json",))
FILES = Scope(of="a b", manifests=("-f", "a b"), usage=("--usage=week.json",))
STDIN = Scope(of="-", manifests=("-f", "-"))
NODES = NodeCapacity(selector="", nodes=1, allocatable={}, requested={}, added={}, full_nodes=())


def _row(finding: Finding, namespace: str = "shop", *, is_live: bool = True) -> Row:
    owner = Ref("Deployment", namespace, "web")
    return Row(owner, verdict_with(finding, "app:requests.cpu"), pods={finding: 1} if is_live else {})


def _texts(steps: list[Step]) -> list[tuple[str, ...]]:
    return [("".join(step.parts), *step.commands) for step in steps]


DEFAULT = Row(WEB, judged(pod(), policy("{resizePolicy: {cpu: NotRequired}}")))
AUDITED = _row(Finding.WOULD_CHANGE)
AUDITED.verdict = structs.replace(
    AUDITED.verdict,
    items=tuple(structs.replace(item, in_force=False) for item in AUDITED.verdict.items),
)


@pytest.mark.parametrize(
    ("rows", "steps"),
    [
        pytest.param([], [("Check what was audited: it holds no Pods and no Pod templates.",)], id="nothing audited"),
        pytest.param([_row(Finding.PASS), _row(Finding.SKIPPED), DEFAULT], [("Nothing to do.",)], id="nothing found"),
        pytest.param([_row(Finding.NOT_JUDGED)], [("Read why 1 owner could not be judged.",)], id="not judged"),
        pytest.param([_row(Finding.VIOLATION)] * 2, [("Change the values of 2 owners, or the bounds of the policy that they violate.",)], id="violations"),
        pytest.param([_row(Finding.CONFLICT)], [("Decide which policy counts for 1 owner: two propose different values.",)], id="a conflict"),
        pytest.param([_row(Finding.SLIPPED_THROUGH)], [("Check that admission works, then repair the Pods of 1 owner that it missed.", "podtailor certs check --context=prod", "podtailor retrofit -n shop --context=prod")], id="slipped through"),
        pytest.param([_row(Finding.DRIFTED, name) for name in "abc"], [("Check the Pods of 3 owners that were resized: unless on purpose, resize them back.", "podtailor resize deployment/web -n a --context=prod", "podtailor resize deployment/web -n b --context=prod")], id="many namespaces"),
        pytest.param([_row(Finding.WRONG_ARCH)], [("Keep the Pods of 1 owner from Nodes on which their images do not run.",)], id="on the wrong Nodes"),
        pytest.param([_row(Finding.UNDERSIZED)], [("Raise what the Pods of 1 owner request: by their usage they need more.", "podtailor recommend -n shop --usage=week.json --context=prod")], id="undersized"),
        pytest.param([_row(Finding.OVERSIZED, name) for name in "abc"], [("Lower what the Pods of 3 owners request: by their usage they need less.", "podtailor recommend -A --usage=week.json --context=prod")], id="oversized"),
        pytest.param([_row(Finding.WOULD_CHANGE)], [("Replace the Pods of 1 owner that are older than the policies, when it suits.", "podtailor retrofit -n shop --context=prod")], id="older Pods"),
        pytest.param([AUDITED], [("Enforce when you are ready: new Pods of 1 owner would change.",)], id="not in force"),
        pytest.param([_row(Finding.DRIFTED, "a; rm -r")], [("Check the Pods of 1 owner that were resized: unless on purpose, resize them back.", "podtailor resize deployment/web -n 'a; rm -r' --context=prod")], id="a hostile name"),
    ],
)  # fmt: skip
def test_next_steps(rows: list[Row], steps: list[tuple[str, ...]]) -> None:
    assert _texts(next_steps(rows, Costs(), CLUSTER)) == steps


def test_a_partial_view_asks_for_roles_and_not_to_enforce() -> None:
    (first, *_), (second, *_) = _texts(
        next_steps([AUDITED], Costs(), structs.replace(CLUSTER, is_partial=True))
    )
    assert first.startswith("Ask for the roles that the notes above name")
    assert second == "As far as you may read: new Pods of 1 owner would change."


def test_a_command_is_named_once() -> None:
    raised, lowered = _texts(
        next_steps([_row(Finding.UNDERSIZED), _row(Finding.OVERSIZED)], Costs(), CLUSTER)
    )
    assert raised[1:] == ("podtailor recommend -n shop --usage=week.json --context=prod",)
    assert lowered[1:] == ()


def test_manifests_that_cannot_be_read_again_have_no_command() -> None:
    commands = [
        next_steps([_row(Finding.OVERSIZED)], Costs(), structs.replace(scope, usage=("--usage=week.json",)))[
            0
        ].commands
        for scope in (FILES, STDIN)
    ]
    assert commands == [("podtailor recommend -f 'a b' --usage=week.json",), ()]


def test_worst_comes_first() -> None:
    rows = [_row(finding) for finding in reversed(Finding)]
    found = [step.finding for step in next_steps(rows, Costs(), CLUSTER)]
    assert found == [
        Finding.NOT_JUDGED,
        Finding.VIOLATION,
        Finding.CONFLICT,
        Finding.SLIPPED_THROUGH,
        Finding.WRONG_ARCH,
        Finding.DRIFTED,
        *SIZES,
        Finding.WOULD_CHANGE,
    ]


def test_what_is_only_tried_is_applied_first() -> None:
    rows = [_row(Finding.WOULD_CHANGE)]
    tried = structs.replace(CLUSTER, tried=("big.yaml",), what_if=True)
    text = "Apply the policies that were tried, then new Pods of 1 owner change."
    assert _texts(next_steps(rows, Costs(), tried)) == [(text, "kubectl apply -f big.yaml")]
    text = "Enforce what is only audited, then new Pods of 1 owner change."
    assert _texts(next_steps(rows, Costs(), structs.replace(CLUSTER, what_if=True))) == [(text,)]


def test_manifests_are_shown_as_admission_changes_them() -> None:
    steps = next_steps([_row(Finding.WOULD_CHANGE, is_live=False)], Costs(), FILES)
    text = "Apply the manifests as they are: admission changes the Pods of 1 owner."
    assert _texts(steps) == [(text, "podtailor mutate -f 'a b' --diff")]
    steps = next_steps([_row(Finding.WOULD_CHANGE, is_live=False)], Costs(), STDIN)
    assert _texts(steps) == [(text,)], "standard input cannot be read again"


@pytest.mark.parametrize(
    ("capacity", "text"),
    [
        (structs.replace(NODES, added={"cpu": 1}), "Add Nodes or lower requests: the Nodes lack cpu for what would be added."),
        (structs.replace(NODES, selector="a=b", added={"memory": 1}), "Add Nodes or lower requests: Nodes with a=b lack memory for what would be added."),
        (structs.replace(NODES, full_nodes=("n1", "n2")), "Make room for DaemonSet Pods, which would not fit on n1, n2."),
    ],
)  # fmt: skip
def test_shortages(capacity: NodeCapacity, text: str) -> None:
    (step,) = next_steps([_row(Finding.PASS)], Costs((capacity,)), CLUSTER)
    assert (step.text, step.shape) == (text, Finding.SLIPPED_THROUGH)

"""The template of an owner beside its resized Pods: what it says, the patch for its manifest, in step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from rich.text import Text

from webhook.cli.common.terminal import print_sentence, warn, write
from webhook.documents import yaml_dump
from webhook.model.notice import Notice
from webhook.resize import template_rules
from webhook.resize.facts import Wanted
from webhook.resize.owners import Owner
from webhook.resize.plan import Plan
from webhook.resize.pod import Field, Pod, Values
from webhook.resize.template import (
    TemplateChange,
    TemplateMode,
    TemplateState,
    manifest_patch,
    policies_that_set,
    template_change,
)
from webhook.resize.template_run import Goal, TemplateRun, read_state, tried

if TYPE_CHECKING:
    from webhook.cluster.client import Api

# Their controllers replace no Pod because of another template.
_RESTART_NOTHING = ("CronJob", "ReplicaSet", "ReplicationController")


class TemplateOptions(Struct, frozen=True, kw_only=True):
    mode: TemplateMode = TemplateMode.PRINT
    is_own: bool = False

    @property
    def flags(self) -> tuple[str, ...]:
        """As they were given, for the command that goes on."""
        if self.mode is TemplateMode.PRINT:
            return ()
        return (f"--template={self.mode}", *([template_rules.OVERRIDE] if self.is_own else []))


class TemplateWork:
    """`plan`, then `run` once the Pods are resized."""

    def __init__(self, api: Api, owner: Owner, options: TemplateOptions) -> None:
        self._api = api
        self._owner = owner
        self._options = options
        self._change = TemplateChange()
        self._pods: tuple[Pod, ...] = ()
        self._refusals: list[Notice] = []
        self.is_done = False
        """Whether template and Pods say the same."""

    @property
    def is_due(self) -> bool:
        """Whether it is to be changed, or an earlier run has to be ended."""
        is_asked = self._options.mode is TemplateMode.IN_STEP
        return is_asked and (bool(self._change.values) or self._owner.is_held)

    @property
    def wanted(self) -> Values:
        """Of the template and of all Pods."""
        return self._change.wanted

    @property
    def is_refused(self) -> bool:
        return bool(self._refusals)

    def plan(self, plan: Plan, wanted: Wanted) -> None:
        """Raises ClusterError."""
        self._change = template_change(self._owner, plan, wanted)
        self._pods = tuple(each.pod for each in plan.pods)
        if self._options.mode is not TemplateMode.IN_STEP:
            return
        if self._change.differing_pods:
            self._refusals = [Notice("pods-differ", "its Pods would get different values: resize them alike")]
        elif self.is_due:
            state = read_state(self._api, self._owner)
            case = template_rules.Case(state=state, values=self._change.values, is_own=self._options.is_own)
            self._refusals = template_rules.refusals(case) or tried(
                self._api, self._owner, state, self.wanted
            )

    def run(
        self, resize: Callable[[Sequence[Pod]], None], report: Callable[[str], object], seconds: float
    ) -> None:
        """Raises NotInStepError."""
        goal = Goal(wanted=self.wanted, is_own=self._options.is_own, seconds=seconds)
        TemplateRun(self._api, self._owner, goal, resize, report).execute()
        self.is_done = True

    @property
    def state(self) -> TemplateState:
        change = self._change
        if self.is_done:
            return TemplateState.IN_STEP
        if self._refusals:
            return TemplateState.REFUSED
        if change.differing_pods:
            return TemplateState.PODS_DIFFER
        if change.is_same:
            return TemplateState.SAME
        is_open = len(change.open_fields) == len(change.values)
        return TemplateState.OPEN if is_open else TemplateState.DIFFERS

    def as_data(self) -> dict[str, Any]:
        if self._owner.ref.kind == "Pod":
            return {}
        refusals = [{"name": each.reason, "message": each.detail} for each in self._refusals]
        differs = [
            {
                "container": field.container,
                "field": f"{field.side}.{field.resource}",
                "pods": pods,
                "template": said,
            }
            for field, pods, said in self._change.others
        ]
        lists = {"differs": differs, "refusals": refusals}
        return {
            "state": self.state,
            "patch": self._patch(),
            **{key: each for key, each in lists.items() if each},
        }

    def _patch(self) -> dict[str, Any]:
        """For its manifest; empty if none is needed, or could be applied."""
        if not self._change.values or self._owner.ref.kind == "Job":
            return {}
        return manifest_patch(self._owner, self._change.values)

    def show_refusals(self) -> None:
        for each in self._refusals:
            print_sentence(Text(f"refused: template: {each.detail} [{each.reason}]", style="red"))

    def show(self, *, has_run: bool, is_of_use: bool) -> None:
        """What it says now; nothing if that was not asked for, or if it is of no use."""
        mode = self._options.mode
        if self._owner.is_held and not self.is_done:
            warn(
                f"{self._owner} replaces no Pods: a run with --template=in-step has not ended",
                name="template-held",
                hint=""
                if mode is TemplateMode.IN_STEP
                else "give it the sizes of its template with --template=in-step: that ends it",
            )
        if not is_of_use or mode is TemplateMode.LEAVE or self._owner.ref.kind == "Pod":
            return
        for line in self._sentences(has_run=has_run):
            print_sentence(Text(f"Template: {line}"))
        if patch := self._patch():
            write(yaml_dump.dump(patch))

    def _sentences(self, *, has_run: bool) -> Iterator[str]:
        owner, change = self._owner, self._change
        restarts = "" if owner.ref.kind in _RESTART_NOTHING else ", and its rollout makes all Pods again"
        if change.differing_pods:
            yield f"the Pods get different values, so {owner} cannot have those of all"
        elif change.wanted and (self.is_done or change.is_same):
            yield f"new Pods of {owner} have these values too"
            yield from self._others()
            if change.values:
                yield f"its manifest needs this patch{restarts and ': the old one makes all Pods again'}"
        elif not change.values:
            return
        elif owner.ref.kind == "Job":
            yield f"{owner} cannot be changed: Pods that it makes again have the old values"
        elif self.is_due and not self.is_refused and not has_run:
            yield f"{owner} gets the same, without a rollout; its manifest needs this patch too"
            yield from self._others()
        else:
            if has_run and self.is_due:
                yield f"{owner} was not changed, because not all Pods have the new values"
            yield from map(self._open, change.open_fields)
            yield f"new Pods of {owner} have the old values; this patch changes that{restarts}"

    def _others(self) -> Iterator[str]:
        for field, pods, template in self._change.others:
            yield f"{field} still differs: Pods {' or '.join(pods)}, template {template}"

    def _open(self, field: Field) -> str:
        policies = ", ".join(policies_that_set(self._pods, field))
        where = f"policy {policies} sets it: change it there" if policies else "a policy can set it"
        return f"{field} is not in it, and {where}, without a rollout (docs/policies.md)"

"""One workload: its plan, the run, and what is printed of both."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import structs
from rich.text import Text

from webhook.cli.common.output import Format, pluralize
from webhook.cli.common.terminal import print_error, print_hint, print_sentence, warn
from webhook.cli.resize import table
from webhook.cli.resize.progress import Waiting
from webhook.cli.resize.template import TemplateOptions, TemplateWork
from webhook.cluster.part import ClusterPart
from webhook.interrupt import INTERRUPTED
from webhook.resize import gather, running_pods, words
from webhook.resize.events import write_events
from webhook.resize.facts import Allowed, Facts, Wanted, sizes_of
from webhook.resize.owners import Owner, pods_of
from webhook.resize.plan import Plan, PodPlan, plan
from webhook.resize.pod import Pod
from webhook.resize.results import Outcome, Result
from webhook.resize.run import Run
from webhook.resize.settings import Settings
from webhook.resize.template_run import NotInStepError

if TYPE_CHECKING:
    from webhook.cluster.client import Api


# The Pod has its new values, and its kubelet has not done it.
_NEW_VALUES_STAY = (Outcome.DEFERRED, Outcome.INFEASIBLE, Outcome.ERROR)


class Resizing:
    """`plan`, then `run`."""

    def __init__(
        self,
        api: Api,
        owner: Owner,
        allowed: Allowed,
        settings: Settings,
        template: TemplateOptions,
        output: Format,
    ) -> None:
        self._api = api
        self._owner = owner
        self._allowed = allowed
        self._settings = settings
        self._is_table = output in (Format.TABLE, Format.WIDE)
        self._wide = output is Format.WIDE
        self._plan = Plan()
        self._facts = Facts()
        self._results: list[Result] = []
        self._options = template
        self._template = TemplateWork(api, owner, template)
        self._has_run = self._is_stuck = self._is_interrupted = False

    @property
    def exit_code(self) -> int:
        if self._is_interrupted:
            return INTERRUPTED
        is_refused = self._plan.is_refused or self._template.is_refused
        is_as_wanted = all(each.is_as_wanted for each in self._results)
        return int(is_refused or self._is_stuck or not is_as_wanted)

    def plan(self, wanted_of: Callable[[Owner, Sequence[Pod]], Wanted]) -> None:
        """Print what would be done. Raises InputError, ClusterError."""
        pods = pods_of(self._api, self._owner)
        asked = wanted_of(self._owner, pods or [self._owner.new_pod])
        part = ClusterPart(self._owner.ref.namespace, [])
        self._facts = gather.gather(self._api, self._owner, pods, part)
        self._plan = running_pods.asked(self._api, plan(pods, asked, self._facts, self._allowed))
        self._template.plan(self._plan, asked)
        for note in part.unreadable or ():
            warn(note, name="incomplete-view")
        if not self._is_table:
            return
        table.show_plan(self._owner, self._plan, self._facts, wide=self._wide)
        self._template.show_refusals()
        if not pods:
            print_sentence(Text(f"{self._owner} has no Pods."))

    def run(self) -> None:
        """Carry out the plan, unless it is refused; Ctrl-C ends it. Raises ClusterError."""
        if self._plan.is_refused or self._template.is_refused:
            if self._is_table:
                print_sentence(Text("Nothing was changed.", style="red"))
            return
        with running_pods.RunningPods(self._api, self._owner.ref.namespace) as pods, Waiting() as waiting:
            run = Run(pods, self._settings, waiting.report)
            try:
                self._results = run.execute(self._plan)
                self._bring_in_step(run, waiting)
            except KeyboardInterrupt:
                self._is_interrupted = True
                self._results = [*run.results.values()]
            except NotInStepError as error:
                self._is_stuck = True
                hint = error.hint or "the same command again goes on"
                print_error(str(error), name=error.name, hint=hint)
        self._has_run = True
        if self._is_table:
            table.show_results(self._plan, self._facts, run.results, wide=self._wide)
        if self._is_interrupted:
            self._show_how_to_go_on()
            return
        write_events(self._api, self._owner, self._results)
        self._show_way_back([each.plan for each in self._results if each.outcome in _NEW_VALUES_STAY])

    def _show_how_to_go_on(self) -> None:
        done = sum(each.outcome.is_as_wanted for each in self._results)
        print_error(f"interrupted: {done} of {pluralize(len(self._plan.due), 'Pod')} are resized")
        go_on = words.commands(self._owner.ref, self._plan, self._allowed, self._options.flags)
        print_hint("\n".join(["to go on:", *(go_on or ["the same command again"])]))
        self._show_way_back(self._plan.due)

    def _show_way_back(self, pods: Collection[PodPlan]) -> None:
        flags = self._options.flags
        back = words.commands_back(self._owner.ref, self._plan, pods, self._allowed, flags)
        if back:
            print_hint("\n".join(["to go back:", *back]))

    def _bring_in_step(self, run: Run, waiting: Waiting) -> None:
        """Only if all Pods have the new values, or get them as soon as their Node has room."""
        if not self._template.is_due or not all(
            each.is_as_wanted or each.outcome is Outcome.DEFERRED for each in self._results
        ):
            return

        def resize_late(pods: Sequence[Pod]) -> None:
            facts = gather.gather(self._api, self._owner, pods, ClusterPart(self._owner.ref.namespace, []))
            sizes = sizes_of(self._template.wanted)
            # While its controller is held, it replaces no Pods, whatever its status says.
            late = plan(pods, sizes, structs.replace(facts, rollout=""), self._allowed)
            late = running_pods.asked(self._api, late)
            self._results += run.execute(late)
            self._plan = structs.replace(self._plan, pods=(*self._plan.pods, *late.pods))

        report = waiting.report_for(str(self._owner))
        self._template.run(resize_late, report, self._settings.timeout)

    def show_template(self) -> None:
        """What it says beside the Pods, with the patch for its manifest: of use once they are resized."""
        if self._is_table and not self._plan.is_refused:
            self._template.show(has_run=self._has_run)

    def as_data(self) -> dict[str, Any]:
        return table.as_data(self._owner, self._plan, self._results, self._template.as_data())

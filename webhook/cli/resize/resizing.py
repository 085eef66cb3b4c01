"""One workload: its plan, the run, and what is printed of both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import structs
from rich.text import Text

from webhook.cli.common.output import Format
from webhook.cli.common.terminal import print_error, print_hint, print_sentence, warn
from webhook.cli.resize import table
from webhook.cli.resize.progress import Waiting
from webhook.cli.resize.template import TemplateOptions, TemplateWork
from webhook.cluster.part import ClusterPart
from webhook.errors import ClusterError
from webhook.interrupt import INTERRUPTED
from webhook.model.notice import Notice
from webhook.resize import gather, running_pods, words
from webhook.resize.events import write_events
from webhook.resize.facts import Facts, Wanted, sizes_of, with_in_use
from webhook.resize.owners import Owner, pods_of
from webhook.resize.plan import Plan, plan, sized
from webhook.resize.pod import Pod
from webhook.resize.results import Outcome, Result, Why, how_far
from webhook.resize.run import Run, untouched
from webhook.resize.template_run import NotInStepError
from webhook.usage.measured import InUse

if TYPE_CHECKING:
    from webhook.cluster.client import Api


# The Pod has its new values, and its kubelet has not done it.
_NEW_VALUES_STAY = (Outcome.DEFERRED, Outcome.INFEASIBLE, Outcome.ERROR)
# There is something left to do that may succeed.
_GOES_ON = {Why.STOPPED, Why.INTERRUPTED, Why.TIMED_OUT, Why.NEW_POD, "api-server", "disruption-budget"}


class Resizing:
    """`plan`, then `run`."""

    def __init__(
        self,
        api: Api,
        owner: Owner,
        given: words.Given,
        template: TemplateOptions,
        output: Format,
        in_use: InUse,
    ) -> None:
        self._api = api
        self._owner = owner
        self._given = given
        self._in_use = in_use
        self._is_table = output in (Format.TABLE, Format.WIDE)
        self._wide = output is Format.WIDE
        self._plan = Plan()
        self._facts = Facts()
        self._asked: Wanted = {}
        self._results: list[Result] = []
        self._template = TemplateWork(api, owner, template)
        self._has_run = self._is_stuck = self._is_interrupted = False

    @property
    def exit_code(self) -> int:
        if self._is_interrupted:
            return INTERRUPTED
        is_refused = self._plan.is_refused or self._plan.is_incomplete or self._template.is_refused
        # Another Pod comes for one that is gone, but not if it was asked for by its name.
        is_gone = self._owner.ref.kind == "Pod" and any(
            each.outcome is Outcome.GONE for each in self._results
        )
        is_as_wanted = not is_gone and all(each.is_as_wanted for each in self._results)
        return int(is_refused or self._is_stuck or not is_as_wanted)

    def plan(self, wanted_of: Callable[[Owner, Sequence[Pod]], tuple[Wanted, tuple[Notice, ...]]]) -> None:
        """Print what would be done. Raises InputError, ClusterError."""
        pods = pods_of(self._api, self._owner)
        self._asked, notes = wanted_of(self._owner, pods or [self._owner.new_pod])
        part = ClusterPart(self._owner.ref.namespace, [])
        self._facts = with_in_use(gather.gather(self._api, self._owner, pods, part), self._in_use)
        planned = plan(pods, self._asked, self._facts, self._given.allowed)
        planned = structs.replace(planned, warnings=(*planned.warnings, *notes))
        self._plan = running_pods.asked(self._api, planned)
        self._template.plan(self._plan, self._asked)
        for note in part.unreadable or ():
            warn(note, name="incomplete-view")
        if not self._is_table:
            return
        table.show_plan(self._owner, self._plan, self._facts, wide=self._wide)
        self._template.show_refusals()
        if not pods:
            print_sentence(Text(f"{self._owner} has no Pods."))

    def run(self) -> None:
        """Carry out the plan, unless it is refused; Ctrl-C ends it. Raises ClusterError if none was begun."""
        if self._plan.is_refused or self._template.is_refused:
            message = "nothing was changed, as the plan is refused"
            self._results = [untouched(self._plan, each, message) for each in self._plan.pods]
            if self._is_table:
                print_sentence(Text("Nothing was changed.", style="red"))
            return
        with running_pods.RunningPods(self._api, self._owner.ref.namespace) as pods, Waiting() as waiting:
            run = Run(pods, self._given.settings, waiting.report)
            try:
                self._results = run.execute(self._plan)
                self._bring_in_step(run, waiting)
                self._add_new_pods(run)
            except KeyboardInterrupt:
                self._is_interrupted = True
                run.interrupted()
                self._results = [*run.results.values()]
            except (NotInStepError, ClusterError) as error:  # what is known of the Pods is shown all the same
                self._is_stuck = True
                print_error(str(error), name=error.name, hint=error.hint)
        self._has_run = True
        if self._is_table:
            table.show_results(self._plan, self._facts, run.results, wide=self._wide)
        if self._is_interrupted:
            print_error(f"interrupted: {how_far(self._results, len(self._plan.due))}")
        self._show_what_is_next()
        if not self._is_interrupted:
            self._write_events()

    def _write_events(self) -> None:
        try:
            why = write_events(self._api, self._owner, self._results)
        except KeyboardInterrupt:
            self._is_interrupted = True
            why = "interrupted"
        if why:
            warn(f"not all Events about it were written: {why}", name="events-missing")

    def _add_new_pods(self, run: Run) -> None:
        """Pods that were made meanwhile have the size of the template, which is not what was asked for."""
        if self._template.is_done:
            return
        # Sizes that are relative are added once: to what the template of a new Pod says.
        wanted = sizes_of(self._template.wanted) or self._asked
        known = {each.pod.uid for each in self._plan.pods}
        new = [sized(pod, wanted) for pod in pods_of(self._api, self._owner) if pod.uid not in known]
        lacking = tuple(each for each in new if each.changes)
        self._plan = structs.replace(self._plan, pods=(*self._plan.pods, *lacking))
        message = "it was made while the others were resized, and has the size of the template"
        for each in lacking:
            made = Result(plan=each, outcome=Outcome.UNCHANGED, reason=Why.NEW_POD, message=message)
            run.results[each.pod.uid] = made
            self._results.append(made)

    def _show_what_is_next(self) -> None:
        """With absolute sizes: the same command again would add `+20%` once more."""
        gone = {each.plan.pod.uid for each in self._results if each.outcome is Outcome.GONE}
        pods = tuple(each for each in self._plan.pods if each.pod.uid not in gone)
        plan = structs.replace(self._plan, pods=pods)
        reasons = {each.reason for each in self._results}
        goes_on = self._is_interrupted or self._is_stuck or reasons & _GOES_ON
        if goes_on and Why.HARM not in reasons:  # these values do harm
            print_hint("\n".join(["to go on:", *words.commands(self._owner.ref, plan, self._given)]))
        stopped = any(not each.is_as_wanted for each in self._results)
        stay = [
            each.plan
            for each in self._results
            if each.plan.changes
            and (each.outcome in _NEW_VALUES_STAY or (stopped and each.outcome.is_resized))
        ]
        changed = plan.due if self._is_interrupted else stay
        back = words.commands_back(self._owner.ref, plan, changed, self._given)
        if back:
            print_hint("\n".join(["to go back:", *back]))

    def _bring_in_step(self, run: Run, waiting: Waiting) -> None:
        """Only if all Pods have the new values, or get them as soon as their Node has room."""
        if not self._template.is_due or not all(
            each.is_as_wanted or each.outcome is Outcome.DEFERRED for each in self._results
        ):
            return

        def resize_late(pods: Sequence[Pod]) -> None:
            part = ClusterPart(self._owner.ref.namespace, [])
            facts = with_in_use(gather.gather(self._api, self._owner, pods, part), self._in_use)
            sizes = sizes_of(self._template.wanted)
            # While its controller is held, it replaces no Pods, whatever its status says.
            late = plan(pods, sizes, structs.replace(facts, rollout=""), self._given.allowed)
            late = running_pods.asked(self._api, late)
            self._results += run.execute(late)
            self._plan = structs.replace(self._plan, pods=(*self._plan.pods, *late.pods))

        report = waiting.report_for(str(self._owner))
        self._template.run(resize_late, report, self._given.settings.timeout)

    def show_template(self) -> None:
        """What it says beside the Pods, with the patch for its manifest: of use once they are resized."""
        if self._is_table and not self._plan.is_refused:
            # After a run in which no Pod got the new values, the template is not to get them either.
            is_of_use = not self._results or any(map(_has_new_values, self._results))
            self._template.show(has_run=self._has_run, is_of_use=is_of_use)

    def as_data(self) -> dict[str, Any]:
        return table.as_data(self._owner, self._plan, self._results, self._template.as_data())


def _has_new_values(result: Result) -> bool:
    """Also if it had them before."""
    had = result.outcome is Outcome.UNCHANGED and not result.plan.changes
    return had or result.outcome.is_resized or result.outcome in _NEW_VALUES_STAY

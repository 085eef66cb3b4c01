"""One workload: its plan, the run, and what is printed of both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import typer
from rich.text import Text

from webhook.cli.common.output import Format, pluralize
from webhook.cli.common.terminal import print_hint, print_sentence, warn
from webhook.cli.resize import table
from webhook.cli.resize.progress import Waiting
from webhook.cluster.part import ClusterPart
from webhook.interrupt import INTERRUPTED
from webhook.resize import gather, running_pods, words
from webhook.resize.events import write_events
from webhook.resize.facts import Allowed, Facts, Wanted
from webhook.resize.owners import Owner, pods_of
from webhook.resize.plan import Plan, plan
from webhook.resize.pod import Pod
from webhook.resize.results import Outcome, Result
from webhook.resize.run import Run
from webhook.resize.settings import Settings

if TYPE_CHECKING:
    from webhook.cluster.client import Api


# The Pod has its new values, and its kubelet has not done it.
_NEW_VALUES_STAY = (Outcome.DEFERRED, Outcome.INFEASIBLE, Outcome.ERROR)


class Resizing:
    """`plan`, then `run`."""

    def __init__(self, api: Api, owner: Owner, allowed: Allowed, settings: Settings, output: Format) -> None:
        self._api = api
        self._owner = owner
        self._allowed = allowed
        self._settings = settings
        self._is_table = output in (Format.TABLE, Format.WIDE)
        self._wide = output is Format.WIDE
        self._plan = Plan()
        self._facts = Facts()
        self._results: list[Result] = []

    @property
    def is_as_wanted(self) -> bool:
        return not self._plan.is_refused and all(each.is_as_wanted for each in self._results)

    def plan(self, wanted_of: Callable[[Owner, Sequence[Pod]], Wanted]) -> None:
        """Print what would be done. Raises InputError, ClusterError."""
        pods = pods_of(self._api, self._owner)
        asked = wanted_of(self._owner, pods) if pods else {}
        part = ClusterPart(self._owner.ref.namespace, [])
        self._facts = gather.gather(self._api, self._owner, pods, part)
        self._plan = running_pods.asked(self._api, plan(pods, asked, self._facts, self._allowed))
        for note in part.unreadable or ():
            warn(note, name="incomplete-view")
        if not self._is_table:
            return
        table.show_plan(self._owner, self._plan, self._facts, wide=self._wide)
        if not pods:
            print_sentence(Text(f"{self._owner} has no Pods."))

    def run(self) -> None:
        """Carry out the plan, unless a Pod is refused. Raises ClusterError, and typer.Exit after Ctrl-C."""
        if self._plan.is_refused:
            if self._is_table:
                print_sentence(Text("Nothing was changed.", style="red"))
            return
        with running_pods.RunningPods(self._api, self._owner.ref.namespace) as pods, Waiting() as waiting:
            run = Run(pods, self._settings, waiting.report)
            try:
                self._results = run.execute(self._plan)
            except KeyboardInterrupt:
                self._interrupted(run)
        write_events(self._api, self._owner, self._results)
        if self._is_table:
            table.show_results(self._plan, self._facts, run.results, wide=self._wide)
        left = [each.plan for each in self._results if each.outcome in _NEW_VALUES_STAY]
        if left:
            print_hint("\n".join(["to go back:", *words.commands(self._owner.ref, left, back=True)]))

    def _interrupted(self, run: Run) -> None:
        done = sum(each.outcome.is_as_wanted for each in run.results.values())
        pods = pluralize(len(self._plan.due), "Pod")
        table.show_results(self._plan, self._facts, run.results, wide=self._wide)
        print_sentence(Text(f"interrupted: {done} of {pods} are resized", style="red"))
        print_hint("\n".join(["to go on:", *words.commands(self._owner.ref, self._plan.pods)]))
        print_hint("\n".join(["to go back:", *words.commands(self._owner.ref, self._plan.pods, back=True)]))
        raise typer.Exit(INTERRUPTED)

    def as_data(self) -> dict[str, Any]:
        return table.as_data(self._owner, self._plan, self._results, {})

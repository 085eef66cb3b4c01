"""The resizes of `podtailor retrofit`: what became of each, and what is left to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from rich.text import Text

from webhook.cli.common.terminal import console
from webhook.cli.resize.progress import Waiting
from webhook.errors import ClusterError
from webhook.resize.results import Outcome, Result
from webhook.resize.settings import Settings
from webhook.resize.words import Given
from webhook.retrofit import resize
from webhook.retrofit.resize import Planned

if TYPE_CHECKING:
    from webhook.cluster.client import Api

# The Pod may have its new values, and its kubelet has not done it.
_NEW_VALUES_STAY = (Outcome.DEFERRED, Outcome.INFEASIBLE, Outcome.ERROR)


class Resizes:
    """`run`, which goes on after what is refused, until Ctrl-C."""

    def __init__(self, api: Api, settings: Settings, given: Given) -> None:
        self.not_done: list[ClusterError] = []
        self.is_interrupted = False
        self._api = api
        self._settings = settings
        self._given = given

    def run(self, planned: Iterable[Planned], *, dry_run: bool) -> None:
        for each in planned:
            for left in each.left_to_user:
                self.not_done.append(ClusterError(str(left), name=left.name, hint="\n".join(left.hints)))
            if dry_run:
                for pod in each.plan.due:
                    console().print(Text(f"{pod.pod.title}: would be resized"))
                continue
            self._resize(each)
            if self.is_interrupted:
                return

    def _resize(self, each: Planned) -> None:
        try:
            with Waiting() as waiting:
                results, self.is_interrupted = resize.resize(
                    self._api, each.plan, self._settings, waiting.report
                )
        except ClusterError as error:
            self.not_done.append(ClusterError(f"{each.owner}: {error}", name=error.name, hint=error.hint))
            return
        for result in results:
            if result.plan.refusals or result.plan.left_out or each.plan.refusals:
                continue  # which is said of its plan
            if result.is_as_wanted:
                console().print(Text(f"{result.plan.pod.title}: {result.outcome}"))
            else:
                text = f"{result.plan.pod.title}: {result.outcome}: {result.message}"
                hint = "\n".join(self._way_back(result))
                self.not_done.append(ClusterError(text, name=result.reason, hint=hint))

    def _way_back(self, result: Result) -> Iterator[str]:
        commands = resize.commands_back(result.plan, self._given)
        if result.outcome in _NEW_VALUES_STAY and commands:
            yield "to go back:"
            yield from commands

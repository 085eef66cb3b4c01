"""Print the audit: JSON object by object, every other format at the end."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime
from typing import Literal

import msgspec

from webhook.audit.costs.costs import Costs
from webhook.audit.findings import Finding, Verdict
from webhook.audit.reports import openreports
from webhook.audit.reports.records import record_of, row_of
from webhook.audit.reports.scope import Scope
from webhook.audit.summary import Auditor, summary_json
from webhook.checks.result import Level, Result
from webhook.cli.audit import table
from webhook.cli.audit.usage import Sizes
from webhook.cli.common.output import Format, print_data
from webhook.cli.common.problems import Problems
from webhook.cli.common.terminal import warn, write
from webhook.documents import yaml_dump
from webhook.workloads.workload import Workload

AuditFormat = Literal[
    Format.TABLE,
    Format.WIDE,
    Format.JSON,
    Format.YAML,
    Format.HTML,
    Format.MARKDOWN,
    Format.SARIF,
    Format.JUNIT,
    Format.GITHUB,
    Format.OPENREPORTS,
    Format.PROMETHEUS,
]

_WITH_NOTES = (Format.TABLE, Format.WIDE, Format.JSON, Format.YAML, Format.HTML)

_INTERRUPTED = Result(
    rule=Finding.NOT_JUDGED,
    level=Level.ERROR,
    message="the audit was interrupted: this covers only what it had read",
    judged=False,
)


class Reporter:
    def __init__(
        self,
        output: AuditFormat,
        scope: Scope,
        problems: Problems,
        fails: Collection[Finding] = (),
        *,
        with_diff: bool,
    ) -> None:
        """`problems`: of its files. `fails`: the findings of `--fail-on`."""
        self._output = output
        self.scope = scope
        self._problems = problems
        self._fails = fails
        self._prints_diff = with_diff
        self.with_diff = with_diff or output in (Format.HTML, Format.MARKDOWN)
        self.prints_each = output is Format.JSON
        self.interrupted = False

    def judge_all(
        self,
        auditor: Auditor,
        workloads: Iterator[Workload],
        on_verdict: Callable[[Workload, Verdict], object] | None = None,
    ) -> None:
        """Judges until the end or Ctrl-C, after which `finish` reports what was judged."""
        try:
            for each in workloads:
                verdict = auditor.judge(each)
                if verdict.problem:
                    warn(f"{each.ref} could not be judged: {verdict.problem}", name=Finding.NOT_JUDGED)
                if on_verdict:
                    on_verdict(each, verdict)
                if self.prints_each:
                    write(f"{msgspec.json.encode(record_of(each, verdict), enc_hook=str).decode()}\n")
        except KeyboardInterrupt:
            self.interrupted = True

    def finish(self, auditor: Auditor, costs: Costs, sizes: Sizes, notes: Sequence[str] = ()) -> None:
        summary = auditor.summary
        notes = [*self._problems.notes, *notes, *sizes.notes]
        for note in sizes.notes if self._output not in _WITH_NOTES else ():
            warn(note, name="unsure-usage")
        totals = summary_json(summary, costs, notes, self._problems.found, interrupted=self.interrupted)
        match self._output:
            case Format.JSON:
                write(f"{msgspec.json.encode({'summary': totals}, enc_hook=str).decode()}\n")
            case Format.YAML:
                document = {"summary": totals, "owners": [row_of(row) for row in summary.rows]}
                print_data(document, Format.YAML)
            case Format.HTML:
                from webhook.audit.reports import html

                now = datetime.now(UTC)
                write(html.page(auditor, costs, totals, self.scope, at=now, usage=sizes.report))
            case Format.OPENREPORTS:
                for report in openreports.reports(summary, datetime.now(UTC)):
                    write(f"---\n{yaml_dump.dump(report)}")
            case Format.MARKDOWN | Format.SARIF | Format.JUNIT | Format.GITHUB:
                from webhook.audit.reports.checks import results
                from webhook.audit.reports.headline import headline_of
                from webhook.cli.common.checks import print_results, results_of

                found = [*results_of(self._problems.found), *results(summary.rows, self._fails)]
                print_results(
                    [*([_INTERRUPTED] if self.interrupted else []), *found],
                    self._output,
                    title="podtailor audit",
                    headline=headline_of(summary),
                )
            case Format.PROMETHEUS:
                from webhook.audit.reports import prometheus

                write(prometheus.exposition(summary))
            case Format.TABLE | Format.WIDE if summary.objects or not self._problems.found:
                wide = self._output is Format.WIDE
                table.show(summary, costs, totals, with_diff=self._prints_diff, wide=wide)

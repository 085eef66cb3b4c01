"""Print results in the formats that pipelines read, with files named from the root of the repository."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Literal

from webhook import __version__
from webhook.checks.result import Level, Result, relative_to
from webhook.cli.common.output import OUTPUT, Format
from webhook.cli.common.terminal import write
from webhook.documents.problems import Problem, ProblemName
from webhook.model.place import Place
from webhook.model.policy import Policy

CheckFormat = Literal[Format.SARIF, Format.JUNIT, Format.GITHUB, Format.MARKDOWN]
CheckOutput = Annotated[
    Literal[
        Format.TABLE, Format.JSON, Format.YAML, Format.MARKDOWN, Format.SARIF, Format.JUNIT, Format.GITHUB
    ],
    OUTPUT,
]
_UNREAD = (
    ProblemName.UNREADABLE_FILE,
    ProblemName.NO_MANIFESTS,
    ProblemName.NOT_RENDERED,
    ProblemName.RENDERING_FAILED,
    ProblemName.INVALID_YAML,
)


def print_results(results: Iterable[Result], output: CheckFormat, *, title: str, headline: str = "") -> None:
    """`title`: the command; `headline`: what was found, as a sentence."""
    folder = Path.cwd()
    located = relative_to(results, _repository(folder), folder)
    match output:
        case Format.SARIF:
            from webhook.checks import sarif

            write(sarif.write(located, version=__version__))
        case Format.JUNIT:
            from webhook.checks import junit

            write(junit.write(located, name=title))
        case Format.GITHUB:
            from webhook.checks import github

            write(github.write(located))
        case Format.MARKDOWN:
            from webhook.checks import markdown

            write(markdown.write(located, title=title, headline=headline))


def _repository(folder: Path) -> Path:
    """The innermost Git repository that holds the folder; the folder itself if there is none."""
    return next((each for each in (folder, *folder.parents) if (each / ".git").exists()), folder)


def results_of(problems: Iterable[Problem]) -> Iterator[Result]:
    for each in problems:
        yield Result(
            rule=each.name,
            level=Level.ERROR,
            message=": ".join(filter(None, (each.field, each.message))),
            place=each.place,
            judged=each.name not in _UNREAD,
        )


def passed(policy: Policy) -> Result:
    file, line, column = policy.source.rsplit(":", 2)
    place = Place(file, int(line), int(column))
    return Result(rule="pass", level=Level.PASSED, place=place, object=policy.key)

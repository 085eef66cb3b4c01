"""Name what must be rendered before it is a manifest, and the command line that renders it."""

from __future__ import annotations

import re
from pathlib import Path

from msgspec import structs

from webhook.documents.problems import Problem, ProblemName
from webhook.model.place import Place

KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_CHART = "Chart.yaml"
_TEMPLATES = "templates"
# A value or a line that begins with an action of Go's text/template, which YAML cannot.
_ACTION = re.compile(r"^\s*(- +)?([\w./-]+: +)?\{\{", re.MULTILINE)


def unrendered(folder: Path, command: str) -> Problem | None:
    """What to run instead of reading the folder of a chart or of a kustomization."""
    chart = _chart_of(folder)
    if chart:
        message = "this is a Helm chart: render it first"
        return _not_rendered(Place(str(folder)), message, _render(chart, command))
    if any((folder / name).is_file() for name in KUSTOMIZATIONS):
        message = "this is a kustomization: render it instead of reading its files"
        return _not_rendered(Place(str(folder)), message, f"{command} -k {folder}")
    return None


def chart_template(path: str, text: str, command: str) -> Problem | None:
    """The problem of a file in the templates of a chart that uses values; None for other files."""
    at = text.find("{{")
    folder = Path(path).parent
    if at < 0 or _TEMPLATES not in folder.parts or not (chart := _chart_of(folder)):
        return None
    place = Place(path, text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))
    return _not_rendered(place, _TEMPLATE, _render(chart, command))


def template_problem(place: Place, text: str) -> Problem | None:
    """The problem of a text that is not YAML, if that is because it is a template."""
    return _not_rendered(place, _TEMPLATE) if _ACTION.search(text) else None


def with_command(problem: Problem, command: str) -> Problem:
    """With the command line that renders a template of an unknown chart."""
    if problem.name is ProblemName.NOT_RENDERED and not problem.hint:
        return structs.replace(problem, hint=_render("CHART", command))
    return problem


_TEMPLATE = "this is a template of Helm or the like: render it first"


def _not_rendered(place: Place, message: str, hint: str = "") -> Problem:
    return Problem(ProblemName.NOT_RENDERED, place, message, hint=hint)


def _chart_of(folder: Path) -> Path | None:
    """The chart of a folder: the folder itself, or the one above its `templates`."""
    charts = [folder, *(each.parent for each in (folder, *folder.parents) if each.name == _TEMPLATES)]
    return next((each for each in charts if (each / _CHART).is_file()), None)


def _render(chart: Path | str, command: str) -> str:
    return f"helm template {chart} | {command} -f -" if command else f"helm template {chart}"

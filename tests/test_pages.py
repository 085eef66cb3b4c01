"""Tables of the docs that say what the code does: complete, and true in every row."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.controlplane.build import VERSIONS
from tests.e2e.matrix import page as versions_page
from tests.e2e.matrix.probes import TOPICS
from tests.support.pages import PAGES
from webhook.engine.metadata_warnings import KNOWN
from webhook.model import names
from webhook.model.globs import glob
from webhook.model.images import image_glob, repository
from webhook.policies.shipped import preset_names, preset_text

INDEX = Path("docs/README.md")
LABELS = Path("docs/labels.md")
POLICIES = Path("docs/policies.md")
# Names of this form that are no labels of an object: of Nodes and their taints, of a Secret's type, and of the
# controller that Events name.
_OTHERS = {
    names.ARCH,
    names.OS,
    "beta.kubernetes.io/arch",
    "beta.kubernetes.io/os",
    "node.kubernetes.io/memory-pressure",
    "kubernetes.io/tls",
    "podtailor.dev/webhook",
    "podtailor.dev/cli",
    # Of exported policies.
    "app.kubernetes.io/managed-by",
    "app.kubernetes.io/part-of",
    "podtailor.dev/export-hash",
    "podtailor.dev/export-options",
    "podtailor.dev/exported-policies",
    "podtailor.dev/version",
}
# Not of Pods or namespaces, so no review sees it.
_OF_OWNERS = {("podtailor.dev/resize", "StatefulSet or DaemonSet annotation")}


def _rows(page: Path, header: str) -> Iterator[list[str]]:
    """Cells of every table with this first cell in its header."""
    for table in re.findall(
        rf"^\| {re.escape(header)} \|.*\n\|[-|]+\n((?:\|.*\n)+)", page.read_text(), re.MULTILINE
    ):
        for line in table.splitlines():
            yield [cell.strip() for cell in line.strip("|").split("|")]


def _quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_labels_and_annotations_are_all_in_the_table() -> None:
    rows = {(key, row[1]) for row in _rows(LABELS, "key") for key in _quoted(row[0])}
    known = {(key, place) for place, keys in KNOWN.items() for key in keys}
    assert {row for row in rows if row[0].startswith(names.PREFIX)} == known | _OF_OWNERS
    assert _keys_in_the_code() - {key for key, _ in rows} == set(), "add a row to docs/labels.md"


def _keys_in_the_code() -> set[str]:
    """Texts of the form of a qualified name, but for API versions and resources of devices."""
    return {
        node.value
        for file in sorted(Path("webhook").rglob("*.py"))
        if file.name != "accelerators.py"
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if re.fullmatch(r"([a-z0-9-]+\.)+[a-z]+/(?!v\d)[A-Za-z0-9._-]+", node.value)
    } - _OTHERS


def test_keys_that_the_table_names_are_in_the_code() -> None:
    texts = "\n".join(
        file.read_text()
        for folder in ("webhook", "manifests", "charts/podtailor/templates")
        for file in sorted(Path(folder).rglob("*.*"))
        if file.suffix in {".py", ".yaml"}
    )
    keys = [key for row in _rows(LABELS, "key") for key in _quoted(row[0])]
    assert keys
    assert [key for key in keys if key not in texts] == []


def test_presets_of_the_table_go_by_label() -> None:
    (row,) = (row for row in _rows(LABELS, "key") if _quoted(row[0]) == [names.PRESET])
    assert set(_quoted(row[2])) == {name for name in preset_names() if names.PRESET in preset_text(name)}


def _examples(header: str) -> list[tuple[str, str, bool]]:
    return [
        (pattern, name, expected)
        for row in _rows(POLICIES, header)
        for pattern in _quoted(row[0])
        for cell, expected in ((row[1], True), (row[2], False))
        for name in _quoted(cell)
    ]


@pytest.mark.parametrize(("pattern", "image", "expected"), _examples("image pattern"))
def test_image_patterns_match_as_the_page_says(pattern: str, image: str, *, expected: bool) -> None:
    assert image_glob(pattern).matches(repository(image)) is expected


@pytest.mark.parametrize(("pattern", "name", "expected"), _examples("name pattern"))
def test_name_patterns_match_as_the_page_says(pattern: str, name: str, *, expected: bool) -> None:
    assert glob(pattern).matches(name) is expected


def test_index_lists_every_page() -> None:
    linked = set(re.findall(r"\]\(([\w-]+\.md)", INDEX.read_text()))
    assert linked == {page.name for page in Path("docs").glob("*.md")} - {INDEX.name}


def test_anchors_of_links_are_headings() -> None:
    broken = [
        f"{page}: {target}#{anchor}"
        for page in PAGES
        for target, anchor in re.findall(r"\]\(([\w./-]*)#([^)]+)\)", page.read_text())
        if anchor not in _anchors(page.parent / target if target else page)
    ]
    assert broken == []


def _anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_page_of_versions_shows_what_was_observed() -> None:
    assert versions_page.PAGE.read_text() == versions_page.text(), "run make generate"


def test_each_version_of_the_page_was_asked_everything() -> None:
    runs = versions_page.observations()
    assert {*runs} <= {*VERSIONS}
    assert VERSIONS[-1] in runs
    probes = {topic: {probe.what for probe in asked} for topic, asked in TOPICS.items()}
    for run in runs.values():
        assert {topic: {*seen} for topic, seen in run["observed"].items()} == probes, "run make matrix"
        assert not any(failed for _, failed in run["tests"].values())


def test_versions_differ_in_pods_with_pod_level_resources_alone() -> None:
    """As the page says; and that all were given the same Pods."""
    runs = [run["pods"] for run in versions_page.observations().values()]
    assert len({tuple(sorted(pods[versions_page.SIZED_BY_CONTAINER].items())) for pods in runs}) == 1
    sized = [pods[versions_page.SIZED_AS_A_WHOLE] for pods in runs]
    numbers = {sum(n for outcome, n in of.items() if not versions_page.is_class(outcome)) for of in sized}
    assert len(numbers) == 1


def test_each_difference_between_versions_is_explained() -> None:
    """And nothing else, for what has become the same needs no reason."""
    runs = versions_page.observations()
    differ = {probe.what for topic in TOPICS for probe in versions_page.differing(topic, runs)}
    assert {probe.what for asked in TOPICS.values() for probe in asked if probe.why} == differ

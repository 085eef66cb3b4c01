"""One version: of the package, the chart, the image that manifests name, and the newest release in the changelog."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from webhook import __version__


def test_chart_has_the_version_of_the_package() -> None:
    chart = yaml.safe_load(Path("charts/podtailor/Chart.yaml").read_text())
    assert chart["version"] == chart["appVersion"] == __version__


def test_manifests_and_docs_name_the_image_of_this_version() -> None:
    pages = (Path("manifests/base/kustomization.yaml"), *Path("docs").glob("*.md"))
    tags = {str(page): re.findall(r"(?:newTag: |podtailor:)(\d[^\s}]+)", page.read_text()) for page in pages}
    assert tags["manifests/base/kustomization.yaml"] == [__version__]
    assert {tag for found in tags.values() for tag in found} == {__version__}


def test_pipelines_of_docs_use_this_version() -> None:
    text = Path("docs/ci.md").read_text()
    used = re.findall(r"podtailor@v([\d.]+)|podtailor==([\d.]+)|rev: v([\d.]+)", text)
    assert {version for versions in used for version in versions} == {__version__, ""}


def test_newest_release_in_the_changelog_is_this_version() -> None:
    releases = re.findall(r"(?m)^## (\d\S*) — (\d{4}-\d\d-\d\d)$", Path("CHANGELOG.md").read_text())
    assert releases[0][0] == __version__
    assert releases == sorted(releases, key=lambda release: release[1], reverse=True)

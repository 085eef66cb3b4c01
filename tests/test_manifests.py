"""What holds for every object that is shipped, read as files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.chart import CHART, owned_definitions, values_schema
from webhook.documents.files import read_file


def _pod_specs(data: Any) -> Iterator[dict[str, Any]]:
    """Of every template, however deep: what has containers."""
    if isinstance(data, dict):
        if isinstance(data.get("containers"), list):
            yield data
        for value in data.values():
            yield from _pod_specs(value)
    elif isinstance(data, list):
        for value in data:
            yield from _pod_specs(value)


def test_no_pod_of_ours_takes_variables_from_services() -> None:
    """`PODTAILOR_PORT` is a setting, and what Kubernetes sets for a Service named podtailor."""
    links = {
        f"{file}: {document.data['kind']}": spec.get("enableServiceLinks")
        for file in sorted(Path("manifests").rglob("*.yaml"))
        if file.name != "kustomization.yaml" and "crds" not in file.parts
        for document in read_file(str(file))
        for spec in _pod_specs(document.data)
    }
    assert len(links) >= 2
    assert set(links.values()) == {False}, links


def test_what_the_chart_has_of_the_code_is_generated() -> None:
    for name, definition in owned_definitions().items():
        assert read_file(str(CHART / "crds" / name))[0].data == definition, "run make generate"
    assert json.loads((CHART / "values.schema.json").read_text()) == values_schema(), "run make generate"

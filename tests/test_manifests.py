"""What holds for every object that is shipped, read as files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
